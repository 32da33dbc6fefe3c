"""Finds the folders of runs, newest first: ids sort by time, so a store is asked for spans of time, not for all.

An id has the second in which its run started. Runs of one second are in the order of the moments that their documents
have, and those of one moment in that of their ids.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import groupby, islice

from spark_etl.errors import StorageError
from spark_etl.storage import S3Settings, Storage, join, name_of, storage_for
from spark_etl.store.index import Summary, remembered, summaries, summary_of
from spark_etl.store.layout import USERS, is_run_id
from spark_etl.store.run import StoredRun

THREADS = 16
SPAN_DAYS = (1, 4, 16, 64, 256)
LAST = "~"  # sorts after every sign of an id
LARGEST_LISTED = 4 << 20  # of a document that is read for a list; a larger one counts as started in its id's second
MOST_FOLDERS, MOST_ENTRIES = 50, 5_000  # of a user's, who may make any number of them
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
        found = _in_order(_found_in(pipelines, span, settings))
        while batch := list(islice(found, THREADS)):
            yield batch


def _in_order(found: Sequence[Found]) -> Iterator[Found]:
    """Yields runs that are sorted by their ids, those of one second by the moments they started at, newest first."""
    for _, group in groupby(found, key=lambda one: _second(one[0])):
        runs = list(group)
        if len(runs) > 1:
            with ThreadPoolExecutor(THREADS) as pool:
                started = list(pool.map(_with_start, runs))
            runs = [one for _, one in sorted(started, key=lambda known: (known[0], known[1][0].run_id), reverse=True)]
        yield from runs


def _second(run: StoredRun) -> str:
    return run.run_id.partition("-")[0]


def _with_start(one: Found) -> tuple[datetime, Found]:
    """Returns the moment a run started at; what was read of one without a mark is not read again."""
    run, summary = one
    started = summary.started if summary else ""
    if not started and (document := run.document(largest=LARGEST_LISTED)) is not None:
        started = document.started or ""
        if summary is None:
            summary = summary_of(document)
            run.repair_mark(document)
    try:
        moment = datetime.fromisoformat(started)
    except ValueError:
        moment = _moment_of(run)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC), (run, summary)


def _moment_of(run: StoredRun) -> datetime:
    """Returns the second that an id has; the earliest moment for one that is none, such as `20249999T999999Z-…`."""
    try:
        return datetime.strptime(_second(run), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)


def _found_in(pipelines: Sequence[str], span: IdRange, settings: S3Settings | None) -> list[Found]:
    """Returns the runs in a span with what the index says of them, newest first."""
    after, before = span

    def folders(pipeline: str) -> list[str]:
        return storage_for(pipeline, settings).folders(pipeline, after=after, before=before)

    each = max(1, THREADS // max(len(pipelines), 1))  # all of them together have no more threads than one alone

    def marks(pipeline: str) -> dict[str, Summary]:
        return summaries(pipeline, settings, after=after, before=before, threads=each)

    with ThreadPoolExecutor(THREADS) as pool:
        names, known = pool.map(folders, pipelines), pool.map(marks, pipelines)
        found = [
            (StoredRun(join(pipeline, name), settings), index.get(name) or remembered(join(pipeline, name), settings))
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


def users_pipelines(
    scratch: str,
    settings: S3Settings | None,
    users: Sequence[str] | None,
    team: str | None,
    pipeline: str | None,
    *,
    strict: bool = False,
) -> list[str]:
    """Returns the folders of pipelines below users' own prefixes: `users/ada/billing`, `users/ada/team/billing`.

    Args:
        scratch: The scratch path, normalised.
        settings: How to reach S3; from the environment if not given.
        users: Whose; None for everybody's.
        team: Only of this team, which the user may be themselves.
        pipeline: Only those of this name.
        strict: Whether a folder that can't be listed is an error, and none is passed over.

    Raises:
        StorageError: A folder can't be listed, where that is one.
    """
    store = storage_for(scratch, settings)
    names = store.folders(join(scratch, USERS)) if users is None else users
    owned = [join(scratch, USERS, name) for name in names if not name.startswith("_")]
    with ThreadPoolExecutor(THREADS) as pool:
        found = pool.map(lambda folder: (_all_below if strict else _below_user)(store, folder), owned)
        return [
            folder
            for folders in found
            for folder in folders
            if (not pipeline or name_of(folder) == pipeline) and (not team or folder.split("/")[-2] == team)
        ]


def _below_user(store: Storage, owned: str) -> list[str]:
    try:
        upper = [join(owned, name) for name in _some_folders(store, owned)[:MOST_FOLDERS]]
        return [path for folder in upper for path in _pipelines_at(folder, _some_folders(store, folder))][:MOST_FOLDERS]
    except StorageError:  # what one user has made there hides nobody else's runs
        return []


def _all_below(store: Storage, owned: str) -> list[str]:
    upper = [join(owned, name) for name in store.folders(owned)]
    return [path for folder in upper for path in _pipelines_at(folder, store.folders(folder))]


def _some_folders(store: Storage, folder: str) -> list[str]:
    """Returns the folders among the first entries; without the marker of the folder itself, which has no name."""
    return [entry.name for entry in islice(store.entries(folder), MOST_ENTRIES) if entry.is_folder and entry.name]


def _pipelines_at(folder: str, inside: Sequence[str]) -> list[str]:
    """Returns the folder itself if runs lie in it, else those below, each of which may be a pipeline's."""
    if any(map(is_run_id, inside)):
        return [folder]
    return [join(folder, name) for name in inside if name[:1].isalnum() and "=" not in name]


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
