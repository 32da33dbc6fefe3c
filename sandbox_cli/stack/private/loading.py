"""What goes into a private store: the run where it lies, its code, and what its sources had read where that lay."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from spark_etl.debugging.trust import trust_path
from spark_etl.reading import Run
from spark_etl.storage import StoredObject, is_s3, join, split_s3, storage_for
from spark_etl.store import (
    FeatureInputs,
    ImportedSource,
    ObjectRecord,
    RunInputs,
    SourceRecord,
    StoredRun,
    code_path,
)

from sandbox_cli.errors import UsageError
from sandbox_cli.stack.private.copying import copy_object
from sandbox_cli.stack.private.store import PrivateStore
from sandbox_cli.stack.session import Session

if TYPE_CHECKING:
    from minio import Minio

RUNNER = "runner"
BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


@dataclass(frozen=True)
class Loaded:
    """What a private store was given.

    Attributes:
        objects: How many.
        bytes: What they come to.
        elsewhere: What sources had read that came with the run, and has no place in a store: files of another machine.
    """

    objects: int
    bytes: int
    elsewhere: tuple[str, ...]


def load(session: Session, store: PrivateStore, run: Run) -> Loaded:
    """Copies a run and what its sources had read into a private store, each to the path that the run knows.

    The run lies there where it lies here, so that its replay has the same path, too. Its record of what it had read
    gets the ETags that the objects have there: they are those of the bundle, whose content was checked by its hash.

    Raises:
        UsageError: A source has read an object of a bucket that no store can have, or would take the place of the run.
        DamagedError: The list of what came with the run can't be read.
    """
    sources = run.stored.imported_sources()
    kept = [source for source in sources if is_s3(source.original_path)]
    own = list(_own_objects(run, {join(run.path, source.path) for source in sources}))
    copies = [(item.path, item.path) for item in own]
    copies += [(join(run.path, source.path), source.original_path) for source in kept]
    _refuse_own(run, kept)
    buckets = sorted({_bucket(to) for _, to in copies})
    store.make_buckets(buckets)
    etags = _copy_all(session.store.client(RUNNER), store.client, copies)
    _record_etags(StoredRun(run.path, store.settings), kept, etags)
    store.allow(run.path, buckets)
    size = sum(item.size for item in own) + sum(source.bytes for source in kept)
    return Loaded(
        len(copies), size, tuple(source.original_path for source in sources if not is_s3(source.original_path))
    )


def _own_objects(run: Run, apart: set[str]) -> Iterator[StoredObject]:
    """Yields the objects of a run, its code, and the record that it is trusted."""
    storage = storage_for(run.path, run.stored.settings)
    yield from (item for item in storage.walk(run.path) if item.path not in apart)
    code, scratch = run.document.code, run.stored.scratch
    sha256 = code.sha256 if code else None
    beside = [trust_path(run, scratch), *([code_path(run.path.rpartition("/")[0], sha256)] if sha256 else [])]
    for path in beside:
        if found := storage.find(path):
            yield found


def _refuse_own(run: Run, sources: Iterable[ImportedSource]) -> None:
    """Refuses an object that would take the place of what was trusted: the run, its code, or the record of that."""
    pipeline, scratch = run.path.rpartition("/")[0], run.stored.scratch
    places = [f"{run.path}/x", code_path(pipeline, "x"), trust_path(run, scratch)]
    folders = tuple(f"{'/'.join(split_s3(place)).rpartition('/')[0]}/" for place in places)
    for source in sources:
        if "/".join(split_s3(source.original_path)).startswith(folders):
            raise UsageError(
                f"{source.original_path!r:.200}: the run says that a source had read this, which is a part of the run.",
                hint=f"nothing was executed; the bundle that it came in is not what it seems: {run.name}",
            )


def _bucket(path: str) -> str:
    name, _ = split_s3(path)
    if not BUCKET.fullmatch(name):
        raise UsageError(f"{path!r:.200}: no store has a bucket of that name.", hint="the bundle names it as a source")
    return name


def _copy_all(source: Minio, target: Minio, copies: list[tuple[str, str]]) -> dict[str, str]:
    """Returns target → its ETag."""
    return {to: copy_object(source, path, target, to) for path, to in copies}


def _record_etags(run: StoredRun, sources: list[ImportedSource], etags: Mapping[str, str]) -> None:
    """Writes what the run had read as it is in the private store, where that is the version which came with it.

    A part of the rows has another size, too; that it is one, the verdict says.
    """
    inputs = run.inputs()
    if inputs is None:
        return
    came = {source.original_path: source for source in sources}

    def here(item: ObjectRecord) -> ObjectRecord:
        source = came.get(item.path)
        if source is None or source.etag != item.etag:
            return item
        return ObjectRecord(item.path, source.bytes, item.etag and etags[item.path])

    def moved(read: SourceRecord | str) -> SourceRecord | str:
        return read if isinstance(read, str) else replace(read, objects=tuple(map(here, read.objects)))

    features = {
        alias: FeatureInputs({name: moved(read) for name, read in known.sources.items()}, known.cache_key)
        for alias, known in inputs.features.items()
    }
    run.write_inputs(RunInputs(features))
