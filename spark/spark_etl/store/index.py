"""The index of ended runs: empty objects whose keys tell what a list of runs shows, so that none has to be opened.

    <scratch>/<team>/<pipeline>/_runs/<YYYY-MM>/<run id>~<status>~<start>~<end>~<seconds>~<failed feature>/ended

The summary is the name of a folder, as a store lists folders without the size, time and ETag that each object has.
The index only saves time. What runs there are is told by their folders, and a run without a mark, with one that says
nothing to this version, or with two, is told by its run.json. A mark whose run was deleted is never looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from typing import Any
from urllib.parse import quote, unquote

from spark_etl.errors import SparkEtlError
from spark_etl.storage import S3Settings, join, storage_for
from spark_etl.store.layout import RunPaths, is_run_id

INDEX_FOLDER = "_runs"
MARK_FILE = "ended"
THREADS = 8
LAST = "~"
ENDS = ("succeeded", "failed", "interrupted")
LONGEST_NAME = 240  # a file's name has 255 bytes at most


@dataclass(frozen=True)
class Summary:
    """What a list shows of a run that has ended.

    Attributes:
        status: How it ended.
        start_date: First day it is about.
        end_date: Last day it is about.
        seconds: How long it took.
        failed_at: The feature it failed at; empty if none.
    """

    status: str
    start_date: str
    end_date: str
    seconds: float | None
    failed_at: str


def mark_ended(paths: RunPaths, content: Mapping[str, Any]) -> None:
    """Writes the mark of a run; where that can't be done, the run is told by its run.json as before.

    Args:
        paths: The run's.
        content: Its run.json, after the run has ended.
    """
    name = _name(paths.run_id, content)
    if name is None:
        return
    path = join(_month_folder(paths), name, MARK_FILE)
    with suppress(SparkEtlError, OSError):
        storage_for(path).write(path, b"")


def summaries(
    pipeline: str, settings: S3Settings | None = None, *, after: str = "", before: str = ""
) -> dict[str, Summary]:
    """Returns what is known of the runs of a pipeline's folder, by run id.

    Args:
        pipeline: `<scratch>/<team>/<pipeline>`.
        settings: How to reach S3; from the environment if not given.
        after: Only of runs whose ids sort after that: a day at least; empty for all.
        before: Only of runs whose ids sort before that; empty for all.
    """
    folder = join(pipeline, INDEX_FOLDER)
    store = storage_for(folder, settings)
    first, last = _month(after), _month(before) if before else LAST
    months = [join(folder, month) for month in store.folders(folder) if first <= month <= last]
    found: dict[str, Summary | None] = {}
    with ThreadPoolExecutor(THREADS) as pool:
        names = pool.map(lambda month: store.folders(month, after=after, before=before), months)
        for name in chain.from_iterable(names):
            run_id, _, rest = name.partition("~")
            found[run_id] = None if run_id in found else _parsed(run_id, rest)
    return {run_id: summary for run_id, summary in found.items() if summary is not None}


def _month_folder(paths: RunPaths) -> str:
    pipeline = paths.root.rsplit("/", 1)[0]
    return join(pipeline, INDEX_FOLDER, _month(paths.run_id))


def _month(run_id: str) -> str:
    return f"{run_id[:4]}-{run_id[4:6]}" if run_id else ""


def _name(run_id: str, content: Mapping[str, Any]) -> str | None:
    """Returns the name of a run's mark; None when it has not ended, or has more to tell than a name can hold."""
    if content.get("status") not in ENDS:
        return None
    failed_at = (content.get("error") or {}).get("feature") or ""
    values = [content["status"], content["start_date"], content["end_date"], content.get("seconds"), failed_at]
    name = "~".join([run_id, *("" if value is None else _quoted(str(value)) for value in values)])
    return name if len(name) <= LONGEST_NAME else None


def _quoted(text: str) -> str:
    return quote(text, safe=":").replace("~", "%7E")


def _parsed(run_id: str, rest: str) -> Summary | None:
    parts = [unquote(part) for part in rest.split("~")]
    if not is_run_id(run_id) or len(parts) != 5 or parts[0] not in ENDS:
        return None
    status, start, end, seconds, failed_at = parts
    try:
        return Summary(status, start, end, float(seconds) if seconds else None, failed_at)
    except ValueError:
        return None
