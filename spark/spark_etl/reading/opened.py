"""Opens a checkpoint of a run, with what has to be known of it besides its rows."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from spark_etl.errors import CheckpointError
from spark_etl.reading.changes import changed_modules
from spark_etl.reading.checkpoint import Checkpoint
from spark_etl.reading.commands import remake_command
from spark_etl.storage import name_of
from spark_etl.store import Manifest, RunDocument, StoredRun, manifest_at


def open_checkpoint(
    stored: StoredRun, document: RunDocument, status: str, folder: str, *, look_for_changes: bool = True
) -> Checkpoint | None:
    """Returns the checkpoint of a folder; None where no manifest lies.

    Args:
        stored: The run.
        document: What it is.
        status: Its status, as a reader finds it.
        folder: The checkpoint's; of another run, if that was reused.
        look_for_changes: Whether to look at the project's code, which takes time.

    Raises:
        CheckpointError: The manifest can't be read; what makes the checkpoint again is said.
    """
    try:
        manifest = manifest_at(folder, stored.settings)
    except CheckpointError as error:
        again = f"{remake_command(document, name_of(folder), True)} makes it again"
        raise CheckpointError(error.message, hint=error.hint or again) from error
    if manifest is None:
        return None
    return Checkpoint(
        folder,
        manifest,
        stored.settings,
        changed=changed_modules(manifest, document) if look_for_changes else (),
        notes=list(_notes(manifest, stored.run_id, status)),
        remake=partial(remake_command, document, manifest.feature),
        opened_by=stored.run_id,
    )


def _notes(manifest: Manifest, run_id: str, status: str) -> Iterator[str]:
    if manifest.run_id != run_id:
        yield f"reused by run {run_id}"
    if manifest.after_failure:
        yield "computed once more, after what reads it had failed"
    if status in {"running", "died"}:
        yield "its run is still running" if status == "running" else "its run died"
