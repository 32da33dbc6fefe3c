"""One container of the Spark image beside a stack's store, in which every contestant runs, one after the other."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docker.models.containers import Container

from sandbox_cli.stack.engine.archive import archive
from sandbox_cli.stack.images import certificates
from tests.support.engine import Containers, client

HERE = Path(__file__).parent
INSIDE = "/tmp/bench"  # noqa: S108 - inside the container
PEERS = "/tmp/peers"  # noqa: S108
ENTRYPOINT = "/opt/sandbox/entrypoint"
MEMORY = "7g"
SPARK_UID, SPARK_GID = 10001, 100  # the account of the Spark image
# Kedro reports each run to its makers unless this is set; Metaflow wants a name for its user.
QUIET = {"DO_NOT_TRACK": "1", "USERNAME": "bench", "METAFLOW_DATASTORE_SYSROOT_LOCAL": "/tmp/metaflow"}  # noqa: S108
PIP = ["python", "-m", "pip", "install", "--no-cache-dir", "--no-input", "--quiet", "--no-deps", "--require-hashes"]


class ContestantError(Exception):
    """Raised when a contestant did not do what it had to: with the end of its output."""


@dataclass(frozen=True)
class ProcessResult:
    """A process that has ended.

    Attributes:
        seconds: From its start to its end, or to the line that was waited for.
        code: Its exit code.
        peak: The most bytes of memory that it and its descendants had at one moment.
        out: The end of its stdout.
        err: The end of its stderr.
    """

    seconds: float
    code: int
    peak: int
    out: str
    err: str


@dataclass(frozen=True)
class Lab:
    """The container; every process in it gets the shop's modules, and a settings folder.

    Attributes:
        container: Where they run.
        data: What the shop's sources lie below.
        scratch: What each contestant has a folder below.
    """

    container: Container
    data: str = "s3a://published/bench"
    scratch: str = "s3a://scratch/bench"

    def run(
        self,
        *command: str,
        settings: str = "shipped",
        until: str = "",
        fails: bool = False,
        peers: bool = False,
        folder: str = "/tmp",  # noqa: S108
        **more: str,
    ) -> ProcessResult:
        """Runs a command as a process of its own and returns how it went.

        Args:
            command: What to run.
            settings: Folder of Spark settings: `shipped`, `plain` or `cluster`.
            until: The time is taken when a line of its stdout begins so.
            fails: It has to fail.
            peers: The peers' packages are on its module path.
            folder: Working directory.
            more: More of the environment.

        Raises:
            ContestantError: It failed, or it should have failed.
        """
        path = [f"{INSIDE}/shop", *([PEERS] if peers else [])]
        environment = {
            "SPARK_CONF_DIR": "/opt/spark/conf" if settings == "cluster" else f"{INSIDE}/conf/{settings}",
            "PYTHONPATH": ":".join(path),
            "BENCH_DATA": self.data,
            "SANDBOX_SCRATCH": f"{self.scratch}/ours",
            **QUIET,
            **more,
        }
        launch = ["python", f"{INSIDE}/launch.py", *(["--until", until] if until else []), *command]
        printed = self._exec([ENTRYPOINT, "runner", *launch], environment, folder)
        result = ProcessResult(**json.loads(printed.splitlines()[-1]))
        if (result.code != 0) is not fails:
            how = "did not fail" if fails else f"ended with {result.code}"
            raise ContestantError(f"`{' '.join(command[:4])} …` {how}:\n{result.out[-1500:]}\n{result.err[-2500:]}")
        return result

    def put(self, files: Mapping[str, bytes]) -> None:
        """Writes files, by their path below the folder of the bench."""
        below = {f"bench/{name}": content for name, content in files.items()}
        packed = archive(below, mode=0o644, uid=SPARK_UID, gid=SPARK_GID, folders=True)
        self.container.put_archive("/tmp", packed)  # noqa: S108

    def remove(self, *prefixes: str) -> None:
        """Deletes what lies below the paths in the store; what has been measured only takes room."""
        self._exec([ENTRYPOINT, "runner", "python", f"{INSIDE}/remove.py", *prefixes], {}, "/tmp")  # noqa: S108

    def install_peers(self) -> None:
        """Installs the peers of peers.lock, for this container only."""
        bundle = certificates.bundle()
        environment = {"HOME": "/tmp", **certificates.proxies()}  # noqa: S108
        if bundle:
            self.put({"ca.pem": bundle.encode()})
            environment["PIP_CERT"] = f"{INSIDE}/ca.pem"
        self.put({"peers.lock": (HERE / "peers.lock").read_bytes()})
        self._exec([*PIP, "--target", PEERS, "-r", f"{INSIDE}/peers.lock"], environment, "/tmp")  # noqa: S108

    def prepare(self) -> None:
        """Puts the contestants into the container and makes the folders of settings."""
        files = (path for path in (HERE / "inside").rglob("*") if path.is_file() and "__pycache__" not in path.parts)
        self.put({path.relative_to(HERE / "inside").as_posix(): path.read_bytes() for path in files})
        self._exec(["python", f"{INSIDE}/settings.py", f"{INSIDE}/conf"], {}, "/tmp")  # noqa: S108

    def _exec(self, command: Sequence[str], environment: Mapping[str, str], folder: str) -> str:
        done: Any = self.container.exec_run(list(command), environment=dict(environment), workdir=folder, demux=True)
        out, err = (part.decode(errors="replace") if part else "" for part in done.output)
        if done.exit_code:
            raise ContestantError(
                f"`{' '.join(command[:4])} …` ended with {done.exit_code}:\n{out[-1500:]}{err[-2500:]}"
            )
        return out


@contextmanager
def beside(stack: str) -> Iterator[Lab]:
    """Gives a lab beside a stack that is up: its image, its network, the runner's identity in its store."""
    container = client().containers.create(
        Containers(stack).one("spark-master").image.id,
        ["runner", "sleep", "infinity"],
        network=f"{stack}_data",
        volumes=[f"{stack}_secrets-runner:/run/secrets:ro"],
        environment={
            "AWS_ENDPOINT_URL_S3": "http://minio:9000",
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "runner",
            "HOME": "/tmp",  # noqa: S108
        },
        labels={"sandbox.stack": stack},
        cap_drop=["ALL"],
        security_opt=["no-new-privileges:true"],
        mem_limit=MEMORY,
    )
    # The data network ends at the stack, and the peers come from a package index.
    client().networks.get(f"{stack}_edge").connect(container)
    try:
        container.start()
        lab = Lab(container)
        lab.prepare()
        yield lab
    finally:
        container.remove(force=True, v=True)
