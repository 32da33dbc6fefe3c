"""A snapshot → its folder in the store.

1. A snapshot of one file appears when that file does: S3 shows an object whole or not at all.
2. Where one lies that was written by this module, the new file takes its name, and so its place, at once.
3. Any other is deleted first, and the new file then copied by the store from beside it. A reader may find no snapshot
   for that moment, and never rows of both. A signal waits until it is over.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence

from spark_etl.errors import ArgumentError, SparkEtlError
from spark_etl.runner.signals import defer_signals
from spark_etl.schemas.footers import read_footer
from spark_etl.schemas.types import FileSchema, describe_type
from spark_etl.snapshots.convert import FILE, Snapshot
from spark_etl.snapshots.options import SnapshotPlace
from spark_etl.storage import S3Settings, is_hidden, join, name_of, relative_to, storage_for
from spark_etl.store import PUBLISH_LOCK
from spark_etl.transfer.upload import put_file
from spark_etl.units import format_count

MOST_SHOWN = 3


def check_place(place: SnapshotPlace, settings: S3Settings | None, *, overwrite: bool) -> list[str]:
    """Returns the objects that a snapshot replaces; asked before its files are read.

    Args:
        place: Where it is to lie.
        settings: How to reach S3; from the environment if not given.
        overwrite: Whether it may replace another one.

    Raises:
        ArgumentError: There is one of that day already, or a run publishes there, or an object is in the way.
    """
    store = storage_for(place.root, settings)
    for folder in (place.folder, place.root, place.base):
        if "/" in folder.split("://", 1)[1] and folder != place.base and store.find(folder):
            raise ArgumentError(f"{folder} is an object: nothing can lie below it", hint="give another place")
        if store.find(join(folder, PUBLISH_LOCK)):
            raise ArgumentError(
                f"a run is publishing to {folder} at this moment", hint="./sandbox runs list --status running"
            )
    existing = [item.path for item in store.walk(place.folder)]
    if existing and not overwrite:
        raise ArgumentError(
            f"there is a snapshot of {place.schema_id} for {place.day} already: {place.folder}/ "
            f"({format_count(len(existing), 'object')})",
            hint="give another --date, or --overwrite",
        )
    return existing


def publish_snapshot(
    snapshot: Snapshot,
    place: SnapshotPlace,
    existing: Sequence[str],
    settings: S3Settings | None,
    on_bytes: Callable[[int], None],
) -> str:
    """Writes a snapshot, and returns the path of its file.

    Args:
        snapshot: What is written.
        place: Where it lies then.
        existing: What it replaces.
        settings: How to reach S3; from the environment if not given.
        on_bytes: Is called with the bytes that are sent.

    Raises:
        StorageError: The store does not take it; then what was there is still there.
    """
    path = join(place.folder, FILE)
    if not set(existing) - {path}:
        put_file(snapshot.file, path, settings, on_bytes)
        return path
    store = storage_for(path, settings)
    beside = join(place.root, f"_{place.day}-{secrets.token_hex(6)}", FILE)
    put_file(snapshot.file, beside, settings, on_bytes)
    with defer_signals():
        store.delete(existing)
        store.copy(beside, path)
        store.delete([beside])
    return path


def drift_note(snapshot: Snapshot, place: SnapshotPlace, settings: S3Settings | None) -> str | None:
    """Returns in what a snapshot differs from the newest one of other days; None if in nothing.

    A run may read both. What lies there and can't be read is no matter of this snapshot.
    """
    store, prefix = storage_for(place.root, settings), f"{place.date_col}="
    days = [name for name in store.folders(place.root) if name.startswith(prefix)]
    others = [name for name in days if name != name_of(place.folder)]
    if not others:
        return None
    folder = join(place.root, others[-1])
    files = (item.path for item in store.walk(folder) if not is_hidden(relative_to(item.path, folder).split("/")[0]))
    try:
        path = next((path for path in files if path.endswith(".parquet")), None)
        other = read_footer(path, settings).columns if path else {}
    except SparkEtlError:
        return None
    differing = _differences(snapshot.columns, other) if other else []
    if not differing:
        return None
    more = f" and {len(differing) - MOST_SHOWN} more" if len(differing) > MOST_SHOWN else ""
    return (
        f"{others[-1]} has other columns: {'; '.join(differing[:MOST_SHOWN])}{more}. "
        'A run over both days needs the same columns, or schema="union" in its source'
    )


def _differences(new: FileSchema, old: FileSchema) -> list[str]:
    return [
        f"`{name}` is {describe_type(old.get(name))} there and {describe_type(new.get(name))} here"
        for name in {**new, **old}
        if new.get(name) != old.get(name)
    ]
