"""The members of a bundle of a run that somebody else's code has written: byte by byte, for the checks of an import."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice

from spark_etl.errors import DamagedError
from spark_etl.storage import StoredObject, join, relative_to, storage_for
from spark_etl.store import layout
from spark_etl.store.bundle.content import CODE, RUN
from spark_etl.store.bundle.format import MOST_MEMBERS
from spark_etl.store.bundle.part import Part
from spark_etl.store.bundle.read import LARGEST_DOCUMENTS
from spark_etl.store.document import RunDocument, dump_run
from spark_etl.store.manifest import manifest_at
from spark_etl.store.run import StoredRun

IN_A_RUN = (layout.LOG_FILE, layout.INPUTS_FILE)
IN_A_FOLDER = (layout.MANIFEST_FILE, layout.FAILURE_FILE)


def parts_as_written(run: StoredRun, document: RunDocument, code: bytes | None) -> list[Part]:
    """Returns the members of a bundle of a run, as they lie there; whatever else lies there is left out.

    Of a folder with a manifest, the files are taken that it names. Nothing is repaired: `read_bundle` finds what does
    not fit. Only run.json is the document that is given.

    Args:
        run: The run.
        document: What it is.
        code: The archive of its code; None where there is none.

    Raises:
        DamagedError: It has too many objects, or too large documents.
        CheckpointError: A manifest can't be read.
    """
    there = _objects(run)
    documents = [name for name in there if _is_document(name, document)]
    total = sum(there[name].size for name in documents)
    if total > LARGEST_DOCUMENTS:
        most = LARGEST_DOCUMENTS >> 20
        raise DamagedError(f"{run.root} has {total >> 20:,} MB of documents; {most} are the most")
    names = [*_rows(run, documents, there), *documents]
    parts = [Part.of_object(join(RUN, name), there[name].path, there[name].size, run.settings) for name in names]
    if code is not None and document.code and document.code.sha256:
        parts.append(Part.of_bytes(join(CODE, f"{document.code.sha256}.zip"), code))
    return [*parts, Part.of_text(join(RUN, layout.RUN_FILE), dump_run(document))]


def _objects(run: StoredRun) -> dict[str, StoredObject]:
    """Returns path below the run's folder → object."""
    walked = list(islice(storage_for(run.root, run.settings).walk(run.root), MOST_MEMBERS + 1))
    if len(walked) > MOST_MEMBERS:
        raise DamagedError(f"{run.root} has more than {MOST_MEMBERS:,} objects, which are the most")
    return {relative_to(item.path, run.root): item for item in walked}


def _is_document(name: str, document: RunDocument) -> bool:
    """Returns whether an object is a document of the run; a manifest is one of rows that the run says it has."""
    folder, _, file = name.rpartition("/")
    if not folder:
        return name in IN_A_RUN
    known = document.features.get(folder)
    is_left = known is not None and (known.bytes is None or bool(known.reused_from))
    return file in IN_A_FOLDER and "/" not in folder and not (is_left and file == layout.MANIFEST_FILE)


def _rows(run: StoredRun, documents: list[str], there: Mapping[str, StoredObject]) -> Iterator[str]:
    for name in documents:
        folder, _, file = name.rpartition("/")
        manifest = manifest_at(run.checkpoint_path(folder), run.settings) if file == layout.MANIFEST_FILE else None
        files = [join(folder, each.name) for each in manifest.files] if manifest else []
        yield from (each for each in dict.fromkeys(files) if each in there and each not in documents)
