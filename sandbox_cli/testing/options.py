"""The settings of pytest's ini, as options of `sandbox up`."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import dataclass

from sandbox_cli.errors import UsageError
from sandbox_cli.settings import EXTRAS, PARTS
from sandbox_cli.stack.variables import MOST_WORKERS

SERVICES, WORKERS, SAMPLE, UP, ARTIFACTS = (
    f"sandbox_{name}" for name in ("services", "workers", "sample", "up_options", "artifacts")
)


@dataclass(frozen=True)
class StackOptions:
    """How a test session's stack is to be.

    Attributes:
        services: Which services it has beside a store and Spark, of `EXTRAS` and `PARTS`.
        workers: Spark workers.
        sample: Whether the sample's data is published, and its pipeline run.
        more: Further options of `sandbox up`.
    """

    services: tuple[str, ...] = ()
    workers: int = 1
    sample: bool = False
    more: tuple[str, ...] = ()

    def to_arguments(self, ports: Sequence[int]) -> list[str]:
        """Returns the options of `sandbox up`.

        Args:
            ports: Of the hub and of the S3 API.
        """
        hub, s3 = ports
        left_out = [name for name in EXTRAS + PARTS if name not in self.services]
        words = ["--workers", str(self.workers), "--hub-port", str(hub), "--s3-port", str(s3), "--no-smoke-test"]
        words += ["--without", ",".join(left_out)] if left_out else []
        return [*words, *([] if self.sample else ["--no-sample"]), *self.more]


def stack_options(*, services: Sequence[str], workers: str, sample: bool, more: Sequence[str]) -> StackOptions:
    """Returns the options that the texts of pytest's ini mean.

    Raises:
        UsageError: There is no such service, or the number of workers is none.
    """
    known = EXTRAS + PARTS
    for name in services:
        if name not in known:
            raise UsageError(f"{SERVICES} has an unknown service `{name}`. Known: {', '.join(known)}.")
    if not workers.isdecimal() or not 0 < int(workers) <= MOST_WORKERS:
        raise UsageError(f"{WORKERS} is {workers!r}, but must be a number from 1 to {MOST_WORKERS}.")
    wanted = dict.fromkeys([*services, *(["hub"] if "connect" in services else [])])  # the hub makes its keys to S3
    return StackOptions(tuple(wanted), int(workers), sample, tuple(more))


def free_ports(count: int) -> list[int]:
    """Returns ports of 127.0.0.1 that nothing listens on, all different."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    try:
        return [int(each.getsockname()[1]) for each in sockets]
    finally:
        for each in sockets:
            each.close()
