"""What the fixture `sandbox` gives: the stack of a test session."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from spark_etl.config import load_config
from spark_etl.reading import Run, Runs
from spark_etl.runner.options import config_file

from sandbox_cli.errors import PipelineError, UsageError
from sandbox_cli.stack import services, variables
from sandbox_cli.stack.hub import accounts
from sandbox_cli.testing.command import Command, Completed
from sandbox_cli.testing.forward import forwarded
from sandbox_cli.testing.user import StackUser, user_of

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from minio import Minio
    from sandbox_cli.stack.hub_api import Hub
    from sandbox_cli.testing.compose import SandboxCompose

TEAM = "pytest"
CONNECT_PORT = 15002


class FailedRunError(PipelineError):
    """Raised when a pipeline failed.

    Attributes:
        run: It, as far as it has come, with what it failed at.
    """

    def __init__(self, run: Run, said: str) -> None:
        super().__init__(f"run {run.name} of {run.team}/{run.pipeline} {run.status}:\n{said}")
        self.run = run


@dataclass
class SandboxStack:
    """The stack of a test session.

    Attributes:
        command: The `sandbox` command, for this stack.
        compose: The stack as testcontainers shows it: hosts, ports, logs, exec.
        folder: What relative paths are relative to.
        made: The runs that were made by `run`, the last one last.
    """

    command: Command
    compose: SandboxCompose
    folder: Path
    made: list[Run] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The stack's name."""
        return self.command.stack

    @property
    def runs(self) -> Runs:
        """All runs of the stack."""
        return self.compose.session.runs

    @cached_property
    def s3(self) -> Minio:
        """A client of the store that may read and write the buckets `published`, `scratch` and `events`."""
        return self.compose.session.store.client("runner")

    @property
    def s3_endpoint(self) -> str:
        """The store's URL."""
        return f"http://{self.compose.session.store.endpoint}"

    @cached_property
    def hub(self) -> Hub:
        """The hub: its `url`, and `request` for its API, as an admin.

        Raises:
            UsageError: This stack was started without one.
        """
        self._need("hub")
        return self.compose.session.hub

    def run(
        self,
        config: str | Path,
        *,
        start_date: object,
        end_date: object | None = None,
        checkpoint: Sequence[str] | str | None = None,
        team: str = TEAM,
        options: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        check: bool = True,
    ) -> Run:
        """Returns the run of a pipeline on the stack's cluster.

        Args:
            config: The feature config, or the folder of one.
            start_date: First day.
            end_date: Last day, included; the first if not given.
            checkpoint: The features to keep; all of them if not given.
            team: Whose run it is.
            options: Further options of the runner: `["--sample", "0.1"]`.
            environment: What `${NAME}` in the config is replaced from, beside this process's environment.
            check: Whether a run that fails is an error; else it is returned.

        Raises:
            FailedRunError: The run failed; the error has it.
            SandboxError: It could not begin: a wrong config, an unknown feature, a stack that is down.
        """
        path = self.folder / config
        names = _features(path, checkpoint, environment or {})
        dates = ["--start-date", str(start_date), "--end-date", str(start_date if end_date is None else end_date)]
        kept = ["--checkpoint", *names] if names else []
        command = Command(
            self.command.words,
            self.command.stack,
            self.command.state_home,
            {**self.command.variables, **(environment or {})},
        )
        argv = ["run", str(path), "--team-name", team, *dates, *kept, *options, "--json"]
        done = command.run(*argv, cwd=self.folder)
        run = self._run_of(done)
        if run is None:
            raise done.error()
        self.made.append(run)
        if check and done.code:
            raise FailedRunError(run, "\n".join(done.err.strip().splitlines()[-20:]))
        return run

    def _run_of(self, done: Completed) -> Run | None:
        """Returns the run that a command has made; None if it was refused."""
        try:
            path = json.loads(done.out.strip().splitlines()[-1])["path"]
        except (IndexError, ValueError, KeyError, TypeError):
            return None
        return self.runs[path] if path else None

    @contextmanager
    def spark(self) -> Iterator[SparkSession]:
        """Gives a session of the stack's Spark Connect server while the block runs: it reads and writes its S3.

        Its executors are the stack's. A Python function needs the same Python here as they have: 3.13.

        Raises:
            UsageError: This stack was started without Spark Connect.
        """
        from spark_etl.testing.session import remote_session  # noqa: PLC0415 - a store alone needs no pyspark

        self._need("spark-connect")
        session = self.compose.session
        argv = self.compose.compose_command_property
        token = session.secrets["spark_connect_token"]
        with (
            forwarded(argv, session.compose.environment(), "spark-connect", CONNECT_PORT) as port,
            remote_session(f"sc://127.0.0.1:{port}", token) as spark,
        ):
            yield spark

    def user(self, name: str) -> StackUser:
        """Returns an account of the hub, made if it is not there: its password, and keys to S3 with its rights.

        Raises:
            UsageError: This stack was started without a hub, or the name can't be one.
        """
        self._need("hub")
        session = self.compose.session
        if name not in accounts.remembered(session.settings):
            self.command("users", "add", name, "--generate")
        password = str(accounts.remembered(session.settings)[name]["password"])
        return user_of(name, password, session.store.endpoint, session.secrets["s3_identity_key"])

    def _need(self, service: str) -> None:
        left_out = services.PARTS[service]
        if left_out in variables.left_out(self.compose.settings):
            raise UsageError(
                f"The stack of this test session has no {service}.",
                hint=f"add `{left_out}` to `sandbox_services` in pytest's ini",
            )


def _features(config: Path, checkpoint: Sequence[str] | str | None, variables: Mapping[str, str]) -> list[str]:
    if checkpoint is None:
        return list(load_config(config_file(config), {**os.environ, **variables}).features)
    return checkpoint.replace(",", " ").split() if isinstance(checkpoint, str) else list(checkpoint)
