"""Files → objects. Each object appears whole; when one fails, or at Ctrl-C, those that this call has made go again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from spark_etl.errors import ArgumentError, StorageError
from spark_etl.printable import printable
from spark_etl.storage import S3Settings, Storage, join, name_of, storage_for
from spark_etl.storage.base import CHUNK
from spark_etl.transfer.destination import Destination, check_key
from spark_etl.transfer.local_files import LocalFile, LocalFiles
from spark_etl.units import format_count

OnBytes = Callable[[str, int, int], None]
MOST_SHOWN = 3


@dataclass(frozen=True)
class Upload:
    """Files, each with its object.

    Attributes:
        pairs: File → path of its object, in the order of the names.
        existing: Objects that are written anew.
    """

    pairs: Sequence[tuple[LocalFile, str]]
    existing: Sequence[str] = field(default=())

    @property
    def bytes(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file, _ in self.pairs)


def plan_upload(found: LocalFiles, place: Destination, settings: S3Settings | None, *, overwrite: bool) -> Upload:
    """Returns which object each file becomes; nothing is written yet.

    A file goes to the very path, or into it if that is a folder; the files of a folder go below the path.

    Args:
        found: The files.
        place: Where to.
        settings: How to reach S3; from the environment if not given.
        overwrite: Whether objects that are there are written anew.

    Raises:
        ArgumentError: Something lies there already.
    """
    store = storage_for(place.path, settings)
    if found.is_folder:
        pairs = [(file, join(place.path, file.name)) for file in found.files]
    else:
        file = found.files[0]
        into = place.is_folder or any(True for _ in store.entries(place.path))
        pairs = [(file, join(place.path, file.name) if into else place.path)]
    for _, path in pairs:
        check_key(path.split("://", 1)[1].partition("/")[2])
    existing = _existing(found, place, pairs, store)
    if existing and not overwrite:
        raise ArgumentError(
            f"{_listed(existing)} there already: nothing was written",
            hint="give another place, or --overwrite",
        )
    return Upload(pairs, existing)


def _existing(
    found: LocalFiles, place: Destination, pairs: Sequence[tuple[LocalFile, str]], store: Storage
) -> list[str]:
    """Returns the objects of an upload that are there.

    Raises:
        ArgumentError: A folder is to be where an object is.
    """
    if not found.is_folder:
        path = pairs[0][1]
        return [path] if store.find(path) else []
    if not place.is_bucket and store.find(place.path):
        raise ArgumentError(f"{place.path} is an object: no folder can be put there", hint="give another place")
    there = {item.path for item in store.walk(place.path)}
    return [path for _, path in pairs if path in there]


def _listed(paths: Sequence[str]) -> str:
    shown = ", ".join(printable(path, one_line=True) for path in paths[:MOST_SHOWN])
    more = f" and {format_count(len(paths) - MOST_SHOWN, 'more object')}" if len(paths) > MOST_SHOWN else ""
    return f"{shown}{more} {'is' if len(paths) == 1 else 'are'}"


def put_files(upload: Upload, settings: S3Settings | None, on_bytes: OnBytes | None = None) -> None:
    """Writes the objects.

    Args:
        upload: Which.
        settings: How to reach S3; from the environment if not given.
        on_bytes: Is called with a name, and how many bytes of how many are sent.

    Raises:
        ArgumentError: A file has changed since it was looked at.
        StorageError: The store does not take them.
    """
    sent, total, begun = 0, upload.bytes, list[str]()
    try:
        for file, path in upload.pairs:
            begun.append(path)
            put_file(file, path, settings, _counted(file.name, sent, total, on_bytes))
            sent += file.size
    except BaseException:
        undo(begun, upload.existing, settings)
        raise


def _counted(name: str, before: int, total: int, on_bytes: OnBytes | None) -> Callable[[int], None]:
    def count(done: int) -> None:
        if on_bytes:
            on_bytes(name, before + done, total)

    return count


def put_file(file: LocalFile, path: str, settings: S3Settings | None, on_bytes: Callable[[int], None]) -> None:
    """Writes one object; on any end but the good one, the store keeps none of its parts.

    Args:
        file: What is sent.
        path: The object.
        settings: How to reach S3; from the environment if not given.
        on_bytes: Is called with the bytes of it that are sent.

    Raises:
        ArgumentError: It has changed since it was looked at.
        StorageError: The store does not take it.
    """
    store = storage_for(path, settings)
    try:
        store.write_chunks(path, _chunks(file.path, on_bytes), file.size)
    except BaseException as error:
        abort(store, path)
        if isinstance(error, StorageError) and (problem := changed(file)):
            raise problem from error
        raise
    if problem := changed(file):
        store.delete([path])
        raise problem


def _chunks(path: Path, on_bytes: Callable[[int], None]) -> Iterator[bytes]:
    done = 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk
            done += len(chunk)
            on_bytes(done)


def changed(file: LocalFile) -> ArgumentError | None:
    """Returns the error for a file that has another size than when it was looked at; None for any other."""
    try:
        size = file.path.stat().st_size
    except OSError as error:
        return ArgumentError(f"{printable(str(file.path))} is gone: {error.strerror}", hint="put it again")
    if size == file.size:
        return None
    return ArgumentError(
        f"{printable(str(file.path))} was written to meanwhile: {file.size:,} bytes before, {size:,} now",
        hint="put it again when who writes it has ended",
    )


def abort(store: Storage, path: str) -> None:
    """Ends what has begun to be written at a path, such as the parts of a large object."""
    for begun in list(store.uploads(path.rpartition("/")[0])):
        if begun.path == path:
            store.abort(begun)


def undo(paths: Sequence[str], existing: Sequence[str], settings: S3Settings | None) -> None:
    """Deletes the objects that a call has made, not those that were there before it."""
    made = [path for path in paths if path not in set(existing)]
    for path in made:
        storage_for(path, settings).delete([path])


def describe_upload(upload: Upload) -> str:
    """Returns what is written, as a line."""
    if len(upload.pairs) == 1:
        return upload.pairs[0][1]
    folder = upload.pairs[0][1].removesuffix(upload.pairs[0][0].name).rstrip("/")
    return f"{format_count(len(upload.pairs), 'object')} below {folder or name_of(upload.pairs[0][1])}/"
