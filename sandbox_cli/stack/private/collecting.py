"""What comes out of a private store: replays, as another stack's. Whatever else lies there is lost.

The code of the run has written it, so nothing of it is believed: a replay that is kept is marked as imported, too, and
its code is trusted no more than the run's.
"""

from __future__ import annotations

from collections.abc import Collection
from itertools import islice

from spark_etl.errors import SparkEtlError
from spark_etl.machine import process_user
from spark_etl.reading import Run
from spark_etl.storage import StoredObject, join, storage_for
from spark_etl.store import REPLAY, ReplayRecord, RunDocument, RunStore, StoredRun, code_path, is_run_id, now
from spark_etl.units import format_bytes, format_count

from sandbox_cli.console import Console
from sandbox_cli.stack.private.copying import copy_object
from sandbox_cli.stack.private.loading import RUNNER
from sandbox_cli.stack.private.store import PrivateStore
from sandbox_cli.stack.session import Session

MOST_RUNS = 16
MOST_OBJECTS, MOST_BYTES = 20_000, 20 << 30


def runs_beside(store: PrivateStore, origin: Run) -> frozenset[str]:
    """Returns the folders of runs beside a run: at first, those whose checkpoints its sources had read."""
    pipeline = origin.path.rpartition("/")[0]
    names = storage_for(pipeline, store.settings).folders(pipeline)
    return frozenset(join(pipeline, name) for name in names if is_run_id(name) and name != origin.id)


def collect(
    console: Console, session: Session, store: PrivateStore, origin: Run, before: Collection[str] = ()
) -> list[str]:
    """Copies the replays of a run from a private store to the stack's; returns their folders.

    Args:
        console: Says what was not kept, and why.
        session: The stack.
        store: The private store.
        origin: The run.
        before: Folders of runs that were there before its code ran.
    """
    kept = []
    for root in sorted(runs_beside(store, origin).difference(before))[:MOST_RUNS]:
        made = StoredRun(root, store.settings)
        document, why = made.document(), ""
        if document is None or document.kind != REPLAY or document.replay is None:
            why = "it is no replay"
        elif StoredRun(made.root, origin.stored.settings).exists():
            why = "there is a run of that id already"
        else:
            why = _keep(session, store, origin, made, document)
        if why:
            console.warn(f"{made.root}, which the code of run {origin.name} has written, is not kept: {why}")
        else:
            kept.append(made.root)
    return kept


def _keep(session: Session, store: PrivateStore, origin: Run, made: StoredRun, document: RunDocument) -> str:
    """Copies a replay, its document last; returns why it was not."""
    apart = {made.document_path, *_of_a_running_run(store, made)}
    objects = list(islice(storage_for(made.root, store.settings).walk(made.root), MOST_OBJECTS + 1))
    size = sum(item.size for item in objects)
    if len(objects) > MOST_OBJECTS or size > MOST_BYTES:
        most = f"{format_count(MOST_OBJECTS, 'object')}, {format_bytes(MOST_BYTES)}"
        return f"it has more than is kept of a replay ({most})"
    _copy_objects(session, store, [item for item in objects if item.path not in apart])
    kept = StoredRun(made.root, origin.stored.settings)
    _copy_code(made, kept, document)
    marked = _as_imported(document, kept, origin)
    kept.write_document(marked)
    kept.mark_ended(marked)
    return ""


def _of_a_running_run(store: PrivateStore, made: StoredRun) -> set[str]:
    """Returns what a run that goes on would have, or one that publishes: a replay that is kept does neither."""
    found = RunStore(made.scratch, store.settings).contents(made)
    return {item.path for item in [*found.heartbeat, *found.publish_decision]}


def _copy_objects(session: Session, store: PrivateStore, objects: list[StoredObject]) -> None:
    source, target = store.client, session.store.client(RUNNER)
    for item in objects:
        copy_object(source, item.path, target, item.path)


def _copy_code(made: StoredRun, kept: StoredRun, document: RunDocument) -> None:
    """Copies the code that a replay says it was computed by, if it is what its name says and is not there."""
    sha256 = document.code.sha256 if document.code else None
    if not sha256:
        return
    path = code_path(kept.root.rpartition("/")[0], sha256)
    storage = storage_for(path, kept.settings)
    if storage.find(path) is None:
        try:
            content = made.code_archive(sha256)
        except SparkEtlError:  # then the replay has kept none
            return
        storage.write(path, content)


def _as_imported(document: RunDocument, kept: StoredRun, origin: Run) -> RunDocument:
    """Returns a document that says where the replay lies and of what it is, whatever it has said itself."""
    said = document.replay or ReplayRecord("", "", "")
    document.path, document.team, document.pipeline = kept.root, kept.team, kept.pipeline
    document.kind = REPLAY
    document.status = "interrupted" if document.status == "running" else document.status
    document.adopted, document.outputs = {}, []
    for feature in document.features.values():
        if feature.reused_from not in {None, origin.path}:
            feature.reused_from = None
    document.replay = ReplayRecord(origin.name, origin.path, said.feature, said.code, said.verdict)
    unknown = {"from": origin.path, "bundle": "0" * 64, "at": now(), "by": process_user()}
    document.imported = {**(origin.document.imported or unknown), "kind": REPLAY}
    return document
