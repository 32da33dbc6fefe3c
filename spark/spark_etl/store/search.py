"""Finds the folders of runs, newest first: ids sort by time, so a store is asked for spans of time, not for all."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from spark_etl.reading.run import Run, load_run
from spark_etl.storage import S3Settings, join, name_of, storage_for
from spark_etl.store.index import Summary, summaries
from spark_etl.store.layout import RunPaths, is_run_id

THREADS = 16
SPAN_DAYS = (1, 4, 16, 64, 256)
LAST = "~"  # sorts after every sign of an id
MAY_END_AN_ID = re.compile(r"[0-9a-f]{1,6}|.*-[0-9a-f]{6}")

Span = tuple[str, str]
Found = tuple[str, Summary | None]


def newest_spans(since: str = "", now: datetime | None = None) -> Iterator[Span]:
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


def newest_first(pipelines: Sequence[str], spans: Iterable[Span], settings: S3Settings | None) -> Iterator[Run]:
    """Yields the runs of pipelines, newest first; of what nobody asks for, nothing is read.

    Args:
        pipelines: Their folders.
        spans: Spans of ids, newest first.
        settings: How to reach S3; from the environment if not given.
    """
    for span in spans:
        found = _found_in(pipelines, span, settings)
        for start in range(0, len(found), THREADS):
            yield from loaded(found[start : start + THREADS], settings)


def loaded(found: Sequence[Found], settings: S3Settings | None) -> list[Run]:
    """Returns the runs of folders: with their summary, or with their run.json; none where that is missing."""
    if all(summary for _, summary in found):
        return [Run(RunPaths(folder), None, settings, summary) for folder, summary in found]

    def one(given: Found) -> Run | None:
        paths, summary = RunPaths(given[0]), given[1]
        return Run(paths, None, settings, summary) if summary else load_run(paths, settings)

    with ThreadPoolExecutor(THREADS) as pool:
        return [run for run in pool.map(one, found) if run is not None]


def _found_in(pipelines: Sequence[str], span: Span, settings: S3Settings | None) -> list[Found]:
    """Returns the folders of runs in a span with what the index says of them, newest first."""
    after, before = span

    def folders(pipeline: str) -> list[str]:
        return storage_for(pipeline, settings).folders(pipeline, after=after, before=before)

    def marks(pipeline: str) -> dict[str, Summary]:
        return summaries(pipeline, settings, after=after, before=before)

    with ThreadPoolExecutor(THREADS) as pool:
        names, known = pool.map(folders, pipelines), pool.map(marks, pipelines)
        found = [
            (join(pipeline, name), index.get(name))
            for pipeline, inside, index in zip(pipelines, names, known, strict=True)
            for name in inside
            if is_run_id(name)
        ]
    return sorted(found, key=lambda one: name_of(one[0]), reverse=True)


def folders_called(pipelines: Sequence[str], part: str, settings: S3Settings | None) -> list[str]:
    """Returns the folders of the runs whose ids begin or end so.

    For a beginning the store is asked for that span alone; an end may belong to any run, so that all names are listed.
    """
    after, before = ("", "") if MAY_END_AN_ID.fullmatch(part) else (part, part + LAST)

    def matching(pipeline: str) -> list[str]:
        names = storage_for(pipeline, settings).folders(pipeline, after=after, before=before)
        ids = (name for name in names if is_run_id(name))
        return [join(pipeline, name) for name in ids if name.startswith(part) or name.endswith(part)]

    with ThreadPoolExecutor(THREADS) as pool:
        return [folder for inside in pool.map(matching, pipelines) for folder in inside]
