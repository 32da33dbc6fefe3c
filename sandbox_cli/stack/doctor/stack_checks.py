"""Checks of the stack itself: services, then the way from a user's server to an executor and to S3."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from spark_etl.usernames import SMOKE_TEST_USER

from sandbox_cli.settings import Settings
from sandbox_cli.stack import services
from sandbox_cli.stack.doctor import smoke_test
from sandbox_cli.stack.doctor.check import CheckFailed
from sandbox_cli.stack.hub import user_servers
from sandbox_cli.stack.hub.kernel import Kernel, kernel
from sandbox_cli.stack.session import Session

SPARK_SESSION = """
import json as _json
from spark_etl import spark as _spark
_session = _spark()
print(_json.dumps({"version": _session.version}))
"""
S3_WRITE = """
import json as _json, os as _os, uuid as _uuid
import pyarrow as _pa, pyarrow.parquet as _pq
from pyarrow.fs import S3FileSystem as _S3
_s3 = _S3(endpoint_override=_os.environ["AWS_ENDPOINT_URL_S3"], region=_os.environ["AWS_REGION"])
_user = _os.environ["USER"]
_path = f"scratch/users/{_user}/doctor-{_uuid.uuid4().hex}.parquet"
_pq.write_table(_pa.table({"n": [1, 2, 3]}), _path, filesystem=_s3)
print(_json.dumps({"path": _path}))
"""
S3_READ = """
_rows = _pq.read_table(_path, filesystem=_s3).num_rows
_s3.delete_file(_path)
print(_json.dumps({"rows": _rows}))
"""


def service(all_containers: list[services.StackContainer], name: str) -> str:
    """One service: it exists, runs, and is healthy."""
    containers = [container for container in all_containers if container.service == name]
    if not containers or all(container.state in {"exited", "created"} for container in containers):
        raise CheckFailed(f"{name} is stopped", "sandbox up", state="stopped")
    if problems := services.unready(containers, [name]):
        raise CheckFailed(f"{name} is {problems[name]}", f"sandbox logs {name}")
    return f"{len(containers)} healthy" if len(containers) > 1 else "healthy"


@dataclass
class CheckContext:
    """Checks that build on each other, from the hub to S3, with what they have started."""

    session: Session
    settings: Settings
    _opened: ExitStack = field(default_factory=ExitStack)
    _kernel: Kernel | None = None

    def spawn(self) -> str:
        """The hub starts a server."""
        self.session.hub.ensure_user(SMOKE_TEST_USER)
        self._opened.callback(user_servers.end, self.session, SMOKE_TEST_USER)
        self.session.hub.start_server(SMOKE_TEST_USER)
        return f"server of `{SMOKE_TEST_USER}` is ready"

    def start_kernel(self) -> str:
        """The server starts a kernel, and it computes."""
        self._kernel = self._opened.enter_context(kernel(self.session.hub, SMOKE_TEST_USER))
        self._run("print('{\"ok\": 1}')", 30)
        return "it computes"

    def spark_session(self) -> str:
        """The kernel gets a Spark session."""
        return f"Spark {self._run(SPARK_SESSION, 90)['version']} through Connect"

    def executor(self) -> str:
        """An executor of the cluster runs Python."""
        return f"{', '.join(self._run(smoke_test.LIST_EXECUTORS, 120)['executors'])} answered"

    def s3_write(self) -> str:
        """The user's server writes below its user's own prefix."""
        return str(self._run(S3_WRITE, 60)["path"])

    def s3_read(self) -> str:
        """And reads it back."""
        return f"{self._run(S3_READ, 60)['rows']} rows read back"

    def close(self) -> None:
        """Stops what was started."""
        self._opened.close()

    def _run(self, code: str, seconds: float) -> dict[str, Any]:
        assert self._kernel is not None  # noqa: S101 - checks are ordered by what they need
        return smoke_test.parse_last_line(self._kernel.run(code, seconds=seconds))
