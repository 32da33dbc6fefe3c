"""What lies in the store: a folder's entries, and all objects that a path names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from spark_etl.errors import ArgumentError
from spark_etl.names import listing, nearest
from spark_etl.printable import printable
from spark_etl.storage import Entry, S3Settings, StoredObject, join, name_of, storage_for
from spark_etl.storage.paths import split_s3
from spark_etl.transfer.destination import Destination

MOST_ENTRIES = 1_000


@dataclass(frozen=True)
class Found:
    """The objects that a path names.

    Attributes:
        path: The path.
        is_folder: Whether it is a folder, and no object.
        objects: Itself, or all below it.
    """

    path: str
    is_folder: bool
    objects: Sequence[StoredObject]

    @property
    def bytes(self) -> int:
        """Bytes of all objects."""
        return sum(item.size for item in self.objects)


@dataclass(frozen=True)
class Listing:
    """What lies directly below a folder.

    Attributes:
        folder: The folder.
        entries: Its folders and objects, or some of very many.
        is_cut: Whether there are more.
    """

    folder: str
    entries: Sequence[Entry]
    is_cut: bool = False


def find(place: Destination, settings: S3Settings | None, *, most: int | None = None) -> Found:
    """Returns what a path names.

    Args:
        place: The path.
        settings: How to reach S3; from the environment if not given.
        most: Of a folder, look at no more than so many objects.

    Raises:
        ArgumentError: Nothing lies there; what lies beside it is named.
    """
    store = storage_for(place.path, settings)
    single = None if place.is_folder else store.find(place.path)
    if single is not None:
        return Found(place.path, False, [single])
    objects = list(islice(store.walk(place.path), most))
    if not objects:
        raise nothing_at(place, settings)
    return Found(place.path, True, objects)


def list_folder(place: Destination, settings: S3Settings | None, *, may_be_empty: bool = False) -> Listing:
    """Returns the entries of a folder; of an object, its folder with this one entry.

    Args:
        place: The folder.
        settings: How to reach S3; from the environment if not given.
        may_be_empty: Whether it is there also without anything in it, as a bucket is.

    Raises:
        ArgumentError: Nothing lies there.
    """
    store = storage_for(place.path, settings)
    entries = [entry for entry in islice(store.entries(place.path), MOST_ENTRIES + 2) if entry.name]
    if entries:
        return Listing(place.path, entries[:MOST_ENTRIES], len(entries) > MOST_ENTRIES)
    if not place.is_folder and (single := store.find(place.path)):
        entry = Entry(name_of(single.path), False, single.size, single.modified)
        return Listing(place.path.rpartition("/")[0], [entry])
    if place.is_bucket or may_be_empty:
        return Listing(place.path, [])
    raise nothing_at(place, settings)


def nothing_at(place: Destination, settings: S3Settings | None) -> ArgumentError:
    """Returns the error for a path that names nothing, with what lies in the nearest folder above it."""
    store, folder, missing = storage_for(place.path, settings), place.path, ""
    names: list[str] = []
    while not names and split_s3(folder)[1]:
        folder, _, missing = folder.rpartition("/")
        names = store.names(folder)
    like = nearest(missing, names)
    meant = f"did you mean `{printable(join(folder, like), one_line=True)}`? " if like else ""
    known = listing(printable(name, one_line=True) for name in names)
    return ArgumentError(f"nothing lies at {place.path}", hint=f"{meant}in {folder}/ there are: {known}")
