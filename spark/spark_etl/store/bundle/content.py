"""What of a run goes into a bundle, and under which names."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from spark_etl.storage import join, storage_for
from spark_etl.store import layout
from spark_etl.store.bundle.part import Digests, Part
from spark_etl.store.document import RunDocument, dump_run
from spark_etl.store.manifest import Manifest, dump_manifest
from spark_etl.store.run import StoredRun
from spark_etl.store.sources import ImportedSource, dump_sources, source_path

RUN, CODE = "run", "code"
DOCUMENTS = (layout.LOG_FILE, layout.INPUTS_FILE, layout.HEARTBEAT_FILE)
UNKNOWN = "0" * 64


@dataclass(frozen=True)
class FrameFile:
    """A file of a frame that goes along.

    Attributes:
        name: As the manifest names it.
        path: Where it is read.
    """

    name: str
    path: str


@dataclass(frozen=True)
class Frame:
    """A checkpoint, or what a feature that failed had read, that goes along.

    Attributes:
        folder: Its folder below the run's, there and here.
        manifest: What it is; of a sample, what the sample is.
        files: Its files.
    """

    folder: str
    manifest: Manifest
    files: tuple[FrameFile, ...]


@dataclass(frozen=True)
class SourceFile:
    """An object of a source that goes along.

    Attributes:
        original_path: As `_inputs.json` names it.
        path: Where it is read.
        bytes: Its size.
        etag: What it had when it was read; None where that is not known.
    """

    original_path: str
    path: str
    bytes: int
    etag: str | None


@dataclass(frozen=True)
class BundleContent:
    """What of a run goes along.

    Attributes:
        run: The run.
        document: What it is.
        frames: The frames.
        reports: Feature → why it failed.
        sources: What its sources had read.
        code: The archive of its code; None where there is none.
    """

    run: StoredRun
    document: RunDocument
    frames: tuple[Frame, ...] = ()
    reports: Mapping[str, Mapping[str, Any]] | None = None
    sources: tuple[SourceFile, ...] = ()
    code: bytes | None = None


def frame_member(folder: str, name: str) -> str:
    """Returns the member that a file of a frame is."""
    return join(RUN, folder, name)


def bundle_parts(content: BundleContent) -> list[Part]:
    """Returns the members of a bundle, but for bundle.json, in order: rows first, run.json last."""
    return [*_frames(content), *_sources(content), *_documents(content)]


def own_document(content: BundleContent) -> RunDocument:
    """Returns the document in which every checkpoint that goes along is the run's own, and there are no others."""
    document = copy.deepcopy(content.document)
    kept = {frame.folder: frame.manifest.bytes for frame in content.frames}
    for alias, feature in document.features.items():
        feature.reused_from = None
        known = feature.bytes if feature.bytes is not None else kept.get(alias)
        feature.bytes = known if alias in kept else None
    document.adopted = {}
    document.path, document.pipeline = content.run.root, content.run.pipeline
    return document


def _frames(content: BundleContent) -> Iterator[Part]:
    settings = content.run.settings
    for frame in content.frames:
        sizes = {file.name: file.bytes for file in frame.manifest.files}
        for file in frame.files:
            name = frame_member(frame.folder, file.name)
            yield Part.of_object(name, file.path, sizes[file.name], settings)


def _sources(content: BundleContent) -> Iterator[Part]:
    members = {}
    for source in content.sources:
        path = source_path(source.original_path)
        members[join(RUN, path)] = ImportedSource(source.original_path, path, source.bytes, UNKNOWN, source.etag)
        yield Part.of_object(join(RUN, path), source.path, source.bytes, content.run.settings)
    if not members:
        return

    def listed(digests: Digests) -> list[bytes]:
        return [dump_sources(replace(source, sha256=digests[name]) for name, source in members.items())]

    yield Part(join(RUN, layout.SOURCES_FILE), len(dump_sources(members.values())), listed, is_text=True)


def _documents(content: BundleContent) -> Iterator[Part]:
    for frame in content.frames:
        own = replace(frame.manifest, feature=frame.folder, run_id=content.run.run_id, data_folder=None)
        yield Part.of_text(join(RUN, frame.folder, layout.MANIFEST_FILE), dump_manifest(own))
    for feature, report in (content.reports or {}).items():
        name = join(RUN, feature, layout.FAILURE_FILE)
        yield Part.of_text(name, json.dumps(report, indent=1, default=str).encode())
    store = storage_for(content.run.root, content.run.settings)
    for name in DOCUMENTS:
        found = store.read(join(content.run.root, name))
        if found is not None:
            yield Part.of_text(join(RUN, name), found)
    document = own_document(content)
    if content.code is not None and document.code and document.code.sha256:
        yield Part.of_bytes(join(CODE, f"{document.code.sha256}.zip"), content.code)
    yield Part.of_text(join(RUN, layout.RUN_FILE), dump_run(document))
