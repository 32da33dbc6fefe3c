"""What belongs to no run, or to none any more.

Nothing that is younger than a day is a leftover, as a run may be about to make it whole or to name it, but for marks,
requests to stop, and trust: they are written when the run is there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from spark_etl import bounded_json
from spark_etl.errors import DamagedError, StorageError
from spark_etl.storage import S3Settings, Upload, join, name_of, relative_to, storage_for
from spark_etl.store import layout
from spark_etl.store.document import DAMAGED
from spark_etl.store.gc.documents import Documents
from spark_etl.store.gc.plan import Leftover
from spark_etl.store.gc.survey import PipelineFacts, RunFacts, latest
from spark_etl.store.run import StoredRun
from spark_etl.store.stop_requests import STOP_USER

GRACE = timedelta(days=1)
LARGEST_TRUST = 16 << 20


def is_settled(moment: datetime | None, now: datetime) -> bool:
    """Returns whether what was written at a moment is old enough to be a leftover."""
    return moment is None or now - moment >= GRACE


def half_written(runs: Sequence[RunFacts], now: datetime, settings: S3Settings | None) -> list[RunFacts]:
    """Returns the folders that have a run's id and no run.json, in which nobody is at work."""
    old = [run for run in runs if run.etag is None and is_settled(latest(run.started, run.newest), now)]
    return [run for run in old if StoredRun(run.root, settings).is_alive() is not True]


def of_folder(run: RunFacts) -> Leftover:
    """Returns what is left of a run as one leftover."""
    return Leftover("half-written run", run.root, run.root, run.bytes, run.objects)


def unfinished(run: RunFacts, now: datetime) -> Iterator[Leftover]:
    """Yields the folders of features in a run that has ended, which have files and no manifest."""
    if run.etag is None or run.is_at_work or run.status == DAMAGED:
        return
    for name, folder in run.folders.items():
        if not folder.has_manifest and name[0] not in "._" and is_settled(folder.newest, now):
            yield Leftover("unfinished checkpoint", join(run.root, name), run.root, folder.bytes, folder.objects)


def marks(pipeline: PipelineFacts) -> Iterator[Leftover]:
    """Yields the marks of runs that are not there."""
    for run_id, found in pipeline.marks.items():
        if run_id not in pipeline.runs or pipeline.runs[run_id].etag is None:
            root = join(pipeline.folder, run_id)
            yield from (Leftover("mark", item.path, root, item.size) for item in found)


def uploads(found: Sequence[Upload], scratch: str, at_work: Collection[str], now: datetime) -> Iterator[Leftover]:
    """Yields what was never written to its end, but for what a run at work may still be writing.

    Args:
        found: The uploads below the scratch path.
        scratch: That path.
        at_work: The folders of runs that have not ended.
        now: This moment.
    """
    for upload in found:
        root = run_of(upload, scratch)
        if is_settled(upload.started, now) and root not in at_work:
            started = upload.started.isoformat()
            yield Leftover(
                "unfinished upload", upload.path, root, upload.size or 0, upload_id=upload.upload_id, started=started
            )


def run_of(upload: Upload, scratch: str) -> str:
    """Returns the folder of the run that an upload is of; empty if it is of none."""
    parts = relative_to(upload.path, scratch).split("/")
    depth = next((number for number, part in enumerate(parts[:-1]) if layout.is_run_id(part)), None)
    return "" if depth is None else join(scratch, *parts[: depth + 1])


def code(
    pipeline: PipelineFacts, staying: Sequence[RunFacts], documents: Documents, now: datetime
) -> Iterator[Leftover]:
    """Yields the archives that no run names which stays: the newest runs are asked first, until all are named.

    Args:
        pipeline: Whose.
        staying: Its runs that stay.
        documents: What has been read.
        now: This moment.
    """
    left = {name_of(item.path).removesuffix(".zip"): item for item in pipeline.code if is_settled(item.modified, now)}
    runs = sorted((run for run in staying if run.etag is not None), key=lambda run: run.run_id, reverse=True)
    step = 1
    while left and runs:
        for known in documents.of(runs[:step]).values():
            left.pop(known.code, None)
            if known.status == DAMAGED:
                return  # it may name any of them
        runs, step = runs[step:], step * 4
    yield from (Leftover("code", item.path, bytes=item.size) for item in left.values())


def stop_requests(scratch: str, at_work: Collection[str], settings: S3Settings | None) -> Iterator[Leftover]:
    """Yields the requests to stop of runs that have ended, or are not there.

    Args:
        scratch: The scratch path.
        at_work: The folders of runs that have not ended.
        settings: How to reach S3; from the environment if not given.
    """
    folder = join(scratch, layout.USERS, STOP_USER)
    for item in storage_for(folder, settings).walk(folder):
        root = join(scratch, relative_to(item.path, folder).removesuffix(".json"))
        if item.path.endswith(".json") and layout.is_run_id(name_of(root)) and root not in at_work:
            yield Leftover("stop request", item.path, root, item.size)


def trust_records(scratch: str, staying: Mapping[str, object], settings: S3Settings | None) -> Iterator[Leftover]:
    """Yields what says that the code of a run may be executed, where that run is gone, or goes.

    Args:
        scratch: The scratch path.
        staying: The runs that stay, by folder.
        settings: How to reach S3; from the environment if not given.
    """
    folder = join(scratch, layout.TRUST_FOLDER)
    store = storage_for(folder, settings)
    for item in store.walk(folder):
        try:
            root = (bounded_json.read(store.read, item.path, largest=LARGEST_TRUST) or {}).get("run")
        except DamagedError:
            continue
        if isinstance(root, str) and root.startswith(f"{scratch}/") and root not in staying:
            yield Leftover("trust record", item.path, root, item.size)


def moment(text: str) -> datetime:
    """Returns a moment of a plan."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def refused(what: str, error: StorageError) -> str:
    """Returns the note of what could not be looked at."""
    return f"{what} can't be listed: {error.message}"
