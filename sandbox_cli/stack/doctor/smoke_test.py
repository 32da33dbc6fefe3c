"""The smoke test of the stack: a server is spawned, its kernel reads a checkpoint, an executor answers."""

from __future__ import annotations

import json
import time
from typing import Any

from spark_etl.units import format_duration
from spark_etl.usernames import SMOKE_TEST_USER

from sandbox_cli.console import Stage
from sandbox_cli.errors import StackError
from sandbox_cli.stack import services, state
from sandbox_cli.stack.engine import answers
from sandbox_cli.stack.hub import user_servers
from sandbox_cli.stack.hub.kernel import Kernel, kernel
from sandbox_cli.stack.session import Session

FILE = "smoke-test.json"
READ_CHECKPOINT = """
import json as _json
from spark_etl import runs as _runs
_run = next(run for run in _runs.list(status="succeeded", limit=None, own=False) if run.checkpoints)
_name = sorted(_run.checkpoints)[0]
_frame = _run[_name].head(5)
print(_json.dumps({"run": _run.id, "checkpoint": _name, "rows": int(_run[_name].rows), "head": len(_frame)}))
"""
LIST_EXECUTORS = """
import json as _json
from spark_etl import spark as _spark
_session = _spark()
from pyspark.sql.functions import udf as _udf
def _host(_):
    import socket
    return socket.gethostname()
_rows = _session.range(4).select(_udf(_host, "string")("id").alias("host")).collect()
print(_json.dumps({"executors": sorted({row.host for row in _rows})}))
"""


def parse_last_line(output: str) -> dict[str, Any]:
    """Returns the JSON of the last line that a cell printed.

    Raises:
        StackError: There is none.
    """
    lines = output.strip().splitlines()
    try:
        return dict(json.loads(lines[-1]))
    except (IndexError, ValueError):
        raise StackError(f"A cell printed no result: {output[-300:]!r}", hint="sandbox doctor") from None


def stack_start(session: Session) -> str:
    """Returns what distinguishes this start of the stack from any other: its containers and when they began."""
    containers = services.containers(session.engine, session.settings)
    ids = [container.id for container in containers if container.service in services.SERVICES]
    found = (answers.container(session.engine, each) for each in ids)
    return json.dumps(sorted((each.id, each.attrs["State"]["StartedAt"]) for each in found if each is not None))


def passed_at(session: Session) -> float | None:
    """Returns when this very start of the stack passed (seconds since the epoch), None if it has not yet."""
    last = state.read(session.settings.state_dir / FILE, _check, anew="tests again")
    return float(last["at"]) if last.get("stack_start") == stack_start(session) else None


def _check(content: dict[str, Any]) -> str:
    at, start = content.get("at"), content.get("stack_start")
    if content and (not isinstance(at, (int, float)) or isinstance(at, bool)):
        return state.wrong_kind("at", at, "a number")
    return state.wrong_kind("stack_start", start, "a text") if content and not isinstance(start, str) else ""


def run_smoke_test(session: Session, stage: Stage, *, with_checkpoint: bool) -> dict[str, Any]:
    """Does what a user does, as the service user, and returns what was seen.

    Raises:
        StackError: A step of it failed.
    """
    stage.update(f"starting a server for `{SMOKE_TEST_USER}`")
    started = time.monotonic()
    session.hub.start_server(SMOKE_TEST_USER)
    result: dict[str, Any] = {"spawn_seconds": round(time.monotonic() - started, 1)}
    try:
        stage.update("starting a kernel in it")
        with kernel(session.hub, SMOKE_TEST_USER) as running:
            result |= _run_cells(running, stage, with_checkpoint=with_checkpoint)
    finally:
        user_servers.end(session, SMOKE_TEST_USER)
    state.write(session.settings.state_dir / FILE, {"stack_start": stack_start(session), "at": time.time()})
    return result


def _run_cells(running: Kernel, stage: Stage, *, with_checkpoint: bool) -> dict[str, Any]:
    result: dict[str, Any] = {}
    if with_checkpoint:
        stage.update("reading a checkpoint in the kernel")
        result |= parse_last_line(running.run(READ_CHECKPOINT, seconds=60))
    stage.update("running a task on an executor through Spark Connect")
    return result | parse_last_line(running.run(LIST_EXECUTORS, seconds=120))


def format_result(result: dict[str, Any]) -> str:
    """Returns the result as a line."""
    read = f"{result['checkpoint']}: {result['rows']:,} rows read; " if "checkpoint" in result else ""
    spawn = format_duration(result["spawn_seconds"])
    return f"server in {spawn}; {read}executor {', '.join(result['executors'])} answered"
