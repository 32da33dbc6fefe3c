"""Finds the folders of runs, newest first: ids sort by time, so a store is asked for spans of time, not for all."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from spark_etl.storage import S3Settings, join, storage_for
from spark_etl.store.index import Summary, summaries
from spark_etl.store.layout import is_run_id
from spark_etl.store.run import StoredRun

THREADS = 16
SPAN_DAYS = (1, 4, 16, 64, 256)
LAST = "~"  # sorts after every sign of an id
MAY_END_AN_ID = re.compile(r"[0-9a-f]{1,6}|.*-[0-9a-f]{6}")

IdRange = tuple[str, str]
Found = tuple[StoredRun, Summary | None]


def newest_spans(since: str = "", now: datetime | None = None) -> Iterator[IdRange]:
    """Yields spans of ids, the newest first and each longer than the one before, down to `since`.

    The first has no end, as clocks differ; the last reaches back as far as there are runs.
    """
    before = ""
    for days in SPAN_DAYS:
        after = f"{(now or datetime.now(UTC)) - timedelta(days=days):%Y%m%dT%H%M%SZ}"
        if after <= since:
            break
        yield after, before
        before = after
    yield since, before


def newest_first(
    pipelines: Sequence[str], spans: Iterable[IdRange], settings: S3Settings | None
) -> Iterator[list[Found]]:
    """Yields the runs of pipelines, newest first, some at a time; a span that nobody asks for is not listed.

    Args:
        pipelines: Their folders.
        spans: Spans of ids, newest first.
        settings: How to reach S3; from the environment if not given.
    """
    for span in spans:
        found = _found_in(pipelines, span, settings)
        for start in range(0, len(found), THREADS):
            yield found[start : start + THREADS]


def _found_in(pipelines: Sequence[str], span: IdRange, settings: S3Settings | None) -> list[Found]:
    """Returns the runs in a span with what the index says of them, newest first."""
    after, before = span

    def folders(pipeline: str) -> list[str]:
        return storage_for(pipeline, settings).folders(pipeline, after=after, before=before)

    def marks(pipeline: str) -> dict[str, Summary]:
        return summaries(pipeline, settings, after=after, before=before)

    with ThreadPoolExecutor(THREADS) as pool:
        names, known = pool.map(folders, pipelines), pool.map(marks, pipelines)
        found = [
            (StoredRun(join(pipeline, name), settings), index.get(name))
            for pipeline, inside, index in zip(pipelines, names, known, strict=True)
            for name in inside
            if is_run_id(name)
        ]
    return sorted(found, key=lambda one: one[0].run_id, reverse=True)


def runs_called(pipelines: Sequence[str], part: str, settings: S3Settings | None) -> list[StoredRun]:
    """Returns the runs whose ids are, begin or end so.

    For a beginning the store is asked for that span alone; an end may belong to any run, so that all names are listed.
    """
    if is_run_id(part):
        return [StoredRun(join(folder, part), settings) for folder in pipelines]
    after, before = ("", "") if MAY_END_AN_ID.fullmatch(part) else (part, part + LAST)

    def matching(pipeline: str) -> list[str]:
        names = storage_for(pipeline, settings).folders(pipeline, after=after, before=before)
        ids = (name for name in names if is_run_id(name))
        return [join(pipeline, name) for name in ids if name.startswith(part) or name.endswith(part)]

    with ThreadPoolExecutor(THREADS) as pool:
        return [StoredRun(root, settings) for inside in pool.map(matching, pipelines) for root in inside]


def earlier_runs(run: StoredRun) -> Iterator[StoredRun]:
    """Yields the runs of the same pipeline before this one, newest first."""
    folder = run.root.rpartition("/")[0]
    names = storage_for(folder, run.settings).folders(folder, before=run.run_id)
    for name in sorted(filter(is_run_id, names), reverse=True):
        yield StoredRun(join(folder, name), run.settings)


def pipeline_folders(
    scratch: str, settings: S3Settings | None, teams: Sequence[str], pipeline: str | None
) -> list[str]:
    """Returns the folders of pipelines below some teams' folders.

    Args:
        scratch: The scratch path, normalised.
        settings: How to reach S3; from the environment if not given.
        teams: Their names.
        pipeline: Only this one; it need not be there.
    """
    folders = [join(scratch, name) for name in teams]
    if pipeline:
        return [join(folder, pipeline) for folder in folders]
    store = storage_for(scratch, settings)
    with ThreadPoolExecutor(THREADS) as pool:
        inside = list(pool.map(store.folders, folders))
    return [join(folder, name) for folder, names in zip(folders, inside, strict=True) for name in names]
