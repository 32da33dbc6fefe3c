"""Whether a leftover is still one, at the moment before it is deleted."""

from __future__ import annotations

from datetime import datetime

from spark_etl.storage import S3Settings, join, name_of, storage_for
from spark_etl.store import layout
from spark_etl.store.gc.leftovers import is_settled
from spark_etl.store.gc.plan import Leftover
from spark_etl.store.gc.survey import latest
from spark_etl.store.gc.watch import Watch
from spark_etl.store.run import StoredRun

RUN_IS_BACK = "its run is there again"


def what_keeps(item: Leftover, watch: Watch, now: datetime, settings: S3Settings | None) -> str:
    """Returns why a leftover is none any more; empty if it still is one.

    Args:
        item: Of a plan.
        watch: What has begun since the plan was made.
        now: This moment.
        settings: How to reach S3; from the environment if not given.
    """
    run = StoredRun(item.run, settings)
    if item.kind == "half-written run":
        return _half_written(run, watch, now)
    if item.kind == "unfinished checkpoint":
        return _unfinished(item, run, now)
    if item.kind == "code":
        return _code(item, watch, now, settings)
    if item.kind in {"mark", "trust record"}:
        return RUN_IS_BACK if run.exists() else ""
    at_work = bool(item.run) and run.is_at_work()
    return "its run is at work" if at_work else ""


def _half_written(run: StoredRun, watch: Watch, now: datetime) -> str:
    if run.exists():
        return RUN_IS_BACK
    if run.is_alive():
        return "another run is writing to it"
    if not _is_settled(run.root, now, run.settings):
        return "somebody has written to it"
    return watch.keeps(run.run_id)


def _unfinished(item: Leftover, run: StoredRun, now: datetime) -> str:
    if run.is_at_work():
        return "its run is at work"
    if storage_for(item.path, run.settings).find(join(item.path, layout.MANIFEST_FILE)) is not None:
        return "it is a checkpoint now"
    return "" if _is_settled(item.path, now, run.settings) else "somebody has written to it"


def _code(item: Leftover, watch: Watch, now: datetime, settings: S3Settings | None) -> str:
    found = storage_for(item.path, settings).find(item.path)
    if found is not None and not is_settled(found.modified, now):
        return "a run has just written it anew"
    return "a new run names it" if watch.names_code(name_of(item.path).removesuffix(".zip")) else ""


def _is_settled(folder: str, now: datetime, settings: S3Settings | None) -> bool:
    newest = None
    for item in storage_for(folder, settings).walk(folder):
        newest = latest(newest, item.modified)
    return is_settled(newest, now)
