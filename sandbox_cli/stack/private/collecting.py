"""What comes out of a private store: replays, as another stack's. Whatever else lies there is lost.

The code of the run has written it, so nothing of it is believed. Each replay is checked as a bundle that somebody sends
is, and marked as imported, too: its code is trusted no more than the run's.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from spark_etl.bundles.returned import keep_returned
from spark_etl.errors import ReadError, SparkEtlError
from spark_etl.machine import process_user
from spark_etl.reading import Run
from spark_etl.storage import join, storage_for
from spark_etl.store import DAMAGED, REPLAY, ReplayRecord, RunDocument, StoredRun, is_run_id, now, parts_as_written
from spark_etl.units import format_bytes

from sandbox_cli.console import Console, Stage
from sandbox_cli.errors import SandboxError
from sandbox_cli.stack.private import room
from sandbox_cli.stack.private.store import PrivateStore
from sandbox_cli.stack.session import Session

MOST_RUNS = 16


@dataclass
class Collected:
    """What came out of a private store.

    Attributes:
        kept: The folders of the replays that are runs of the stack now.
        refused: Why others are not, a sentence each.
        bytes: What those come to that were kept.
    """

    kept: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    bytes: int = 0


def runs_beside(store: PrivateStore, origin: Run) -> frozenset[str]:
    """Returns the folders of runs beside a run: at first, those whose checkpoints its sources had read."""
    pipeline = origin.path.rpartition("/")[0]
    names = storage_for(pipeline, store.settings).folders(pipeline)
    return frozenset(join(pipeline, name) for name in names if is_run_id(name) and name != origin.id)


def collect(
    console: Console, session: Session, store: PrivateStore, origin: Run, folder: Path, *, before: Collection[str] = ()
) -> Collected:
    """Copies the replays of a run from a private store to the stack's, those that are whole and within the bounds.

    Args:
        console: Shows progress.
        session: The stack.
        store: The private store, whose driver has ended.
        origin: The run.
        folder: Takes a file for each of them meanwhile.
        before: Folders of runs that were there before its code ran.
    """
    made = sorted(runs_beside(store, origin).difference(before))
    found = Collected()
    if not made:
        return found
    with console.stage("keep") as stage:
        for root in made[:MOST_RUNS]:
            try:
                _keep(session, StoredRun(root, store.settings), origin, folder, found=found, stage=stage)
            except (SparkEtlError, SandboxError) as error:
                found.refused.append(_refusal(root, origin, error.message))
        for root in made[MOST_RUNS:]:
            found.refused.append(_refusal(root, origin, f"one replay makes {MOST_RUNS} runs at most"))
        stage.result = f"{len(found.kept)} of {len(made)} replays, {format_bytes(found.bytes)}"
    return found


def _refusal(root: str, origin: Run, why: str) -> str:
    return f"{root}, which the code of run {origin.name} has written, is not kept: {why}"


def _keep(session: Session, made: StoredRun, origin: Run, folder: Path, *, found: Collected, stage: Stage) -> None:
    """Makes a run of the stack of a replay, and adds it to what was found.

    Raises:
        SandboxError: It is no replay, is there already, or is too large.
        SparkEtlError: It is not whole; see `keep_returned`.
    """
    document = made.document()
    kept = StoredRun(made.root, origin.stored.settings)
    if document is not None and document.status == DAMAGED:
        raise SandboxError(document.error.message or "" if document.error else "its document can't be read")
    if document is None or document.kind != REPLAY or document.replay is None:
        raise SandboxError("it is no replay")
    if kept.exists():
        raise SandboxError("there is a run of that id already")
    beside = [origin.path, *found.kept]
    document, code = _as_imported(document, made, origin, beside), _code(made, document)
    parts = parts_as_written(made, document, code)
    size = sum(part.size for part in parts)
    most = room.most_bytes()
    if found.bytes + size > most:
        raise SandboxError(
            f"it has {format_bytes(size)}, with what was kept before it more than the {format_bytes(most)} that a "
            f"replay of imported code may bring; {room.VARIABLE} says how many GB that are"
        )
    room.refuse_full(session, size)
    stage.update(f"{made.run_id}, {format_bytes(size)}")
    keep_returned(parts, document, kept, folder, beside=beside, missing=["code"] if code is None else [])
    found.kept.append(made.root)
    found.bytes += size


def _code(made: StoredRun, document: RunDocument) -> bytes | None:
    """Returns the code that a replay says it was computed by, if it is what its name says."""
    sha256 = document.code.sha256 if document.code else None
    try:
        return made.code_archive(sha256) if sha256 else None
    except ReadError:  # then the replay has kept none
        return None


def _as_imported(document: RunDocument, made: StoredRun, origin: Run, beside: Collection[str]) -> RunDocument:
    """Returns a document that says where the replay lies and of what it is, whatever it has said itself."""
    said = document.replay or ReplayRecord("", "", "")
    document.path, document.team, document.pipeline = made.root, made.team, made.pipeline
    document.status = "interrupted" if document.status == "running" else document.status
    document.adopted, document.outputs = {}, []
    for feature in document.features.values():
        if feature.reused_from and feature.reused_from not in beside:
            feature.reused_from = feature.bytes = None
    document.replay = ReplayRecord(origin.name, origin.path, said.feature, said.code, said.verdict)
    unknown = {"from": origin.path, "bundle": "0" * 64, "at": now(), "by": process_user()}
    document.imported = {**(origin.document.imported or unknown), "kind": REPLAY}
    return document
