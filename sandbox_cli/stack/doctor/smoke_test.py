"""The proof that the stack works: a server is spawned, its kernel reads a checkpoint, an executor answers."""

from __future__ import annotations

import json
import time
from typing import Any

from sandbox_cli.console import Stage
from sandbox_cli.errors import StackError
from sandbox_cli.stack import services, state
from sandbox_cli.stack.hub import user_servers
from sandbox_cli.stack.hub.accounts import SERVICE_USER
from sandbox_cli.stack.hub.kernel import Kernel, kernel
from sandbox_cli.stack.session import Session

FILE = "proven.json"
READ_CHECKPOINT = """
import json as _json
from spark_etl import runs as _runs
_run = next(run for run in _runs.list(status="succeeded", limit=None) if run.checkpoints)
_name = sorted(_run.checkpoints)[0]
_frame = _run[_name].head(5)
print(_json.dumps({"run": _run.id, "checkpoint": _name, "rows": int(_run[_name].rows), "head": len(_frame)}))
"""
ASK_EXECUTOR = """
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


def last_line(printed: str) -> dict[str, Any]:
    """Returns the JSON of the last line a cell printed.

    Raises:
        StackError: There is none.
    """
    lines = printed.strip().splitlines()
    try:
        return dict(json.loads(lines[-1]))
    except (IndexError, ValueError):
        raise StackError(f"A cell printed no answer: {printed[-300:]!r}", hint="sandbox doctor") from None


def standing(session: Session) -> str:
    """Returns what tells this start of the stack from any other: its containers and when they began."""
    found = services.parts(session.engine, session.settings)
    mine = [part for part in found if part.service in services.SERVICES]
    inspected = (session.engine.client.api.inspect_container(part.id)["State"]["StartedAt"] for part in mine)
    return json.dumps(sorted(zip((part.id for part in mine), inspected, strict=True)))


def still_holds(session: Session) -> float | None:
    """Returns when this very start of the stack was proven (seconds since the epoch), None if it wasn't."""
    note = state.read(session.settings.state_dir / FILE)
    return float(note["at"]) if note.get("standing") == standing(session) else None


def prove(session: Session, stage: Stage, *, with_checkpoint: bool) -> dict[str, Any]:
    """Goes the way a user goes, as the service user, and returns what was seen.

    Raises:
        StackError: Some step of it failed.
    """
    seen: dict[str, Any] = {}
    stage.update(f"starting a server for `{SERVICE_USER}`")
    began = time.monotonic()
    session.hub.start_server(SERVICE_USER)
    seen["spawn_seconds"] = round(time.monotonic() - began, 1)
    try:
        stage.update("starting a kernel in it")
        with kernel(session.hub, SERVICE_USER) as running:
            seen |= _walk(running, stage, with_checkpoint=with_checkpoint)
    finally:
        user_servers.end(session, SERVICE_USER)
    state.write(session.settings.state_dir / FILE, {"standing": standing(session), "at": time.time()})
    return seen


def _walk(running: Kernel, stage: Stage, *, with_checkpoint: bool) -> dict[str, Any]:
    seen: dict[str, Any] = {}
    if with_checkpoint:
        stage.update("reading a checkpoint in the kernel")
        seen |= last_line(running.run(READ_CHECKPOINT, seconds=60))
    stage.update("asking an executor through Spark Connect")
    return seen | last_line(running.run(ASK_EXECUTOR, seconds=120))


def told(seen: dict[str, Any]) -> str:
    """Returns the proof as a line."""
    read = f"{seen['checkpoint']}: {seen['rows']:,} rows read; " if "checkpoint" in seen else ""
    return f"server in {seen['spawn_seconds']}s; {read}executor {', '.join(seen['executors'])} answered"
