"""Every object that belongs to a run, by what it is: what a clean-up deletes, and what an export takes along."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from spark_etl.storage import StoredObject, relative_to, storage_for
from spark_etl.store import index, layout
from spark_etl.store.document import damaged_run
from spark_etl.store.manifest import is_manifest
from spark_etl.store.run import StoredRun


@dataclass
class RunContents:
    """Every object of a run, by what it is; the marks lie outside of its folder.

    The archive of its code is not among them, as other runs may have the same: see `StoredRun.code_archive`.

    Attributes:
        documents: run.json and what it read.
        log: What it said.
        heartbeat: That it is alive.
        publish_decision: What it has decided to publish.
        checkpoints: Feature → manifest and files.
        failure_reports: Why features failed.
        failure_inputs: `<feature>.<source>` → what a feature that failed had read of a source.
        sources: What the sources of an imported run had read, and the list of it.
        unfinished: What lies in a feature's folder without a manifest.
        marks: In the index of ended runs.
        other: What no version of this store has written.
    """

    documents: list[StoredObject] = field(default_factory=list)
    log: list[StoredObject] = field(default_factory=list)
    heartbeat: list[StoredObject] = field(default_factory=list)
    publish_decision: list[StoredObject] = field(default_factory=list)
    checkpoints: dict[str, list[StoredObject]] = field(default_factory=dict)
    failure_reports: list[StoredObject] = field(default_factory=list)
    failure_inputs: dict[str, list[StoredObject]] = field(default_factory=dict)
    sources: list[StoredObject] = field(default_factory=list)
    unfinished: dict[str, list[StoredObject]] = field(default_factory=dict)
    marks: list[StoredObject] = field(default_factory=list)
    other: list[StoredObject] = field(default_factory=list)

    def all(self) -> Iterator[StoredObject]:
        """Yields every object once."""
        for part in vars(self).values():
            for objects in part.values() if isinstance(part, dict) else [part]:
                yield from objects


def contents_of(run: StoredRun) -> RunContents:
    """Returns every object that belongs to a run, by what it is."""
    found = RunContents(marks=index.marks_of(run.root, run.settings))
    folders: dict[str, list[StoredObject]] = {}
    for item in storage_for(run.root, run.settings).walk(run.root):
        folder, _, name = relative_to(item.path, run.root).rpartition("/")
        if "//" in item.path.removeprefix(run.root):  # a key of S3 that is in no folder
            found.other.append(item)
        elif name == layout.FAILURE_FILE and "/" not in folder:
            found.failure_reports.append(item)
        elif folder:
            folders.setdefault(folder.partition("/")[0], []).append(item)
        else:
            _file_list(found, name).append(item)
    features = (run.document() or damaged_run(run.root, "")).features
    found.sources += folders.pop(layout.SOURCES_FOLDER, [])
    for name, objects in folders.items():
        _folder_lists(found, name, objects, features)[name] = objects
    return found


def _file_list(found: RunContents, name: str) -> list[StoredObject]:
    lists = {
        layout.RUN_FILE: found.documents,
        layout.INPUTS_FILE: found.documents,
        layout.SOURCES_FILE: found.sources,
        layout.LOG_FILE: found.log,
        layout.HEARTBEAT_FILE: found.heartbeat,
        layout.DECISION_FILE: found.publish_decision,
    }
    return lists.get(name, found.other)


def _folder_lists(
    found: RunContents, name: str, objects: list[StoredObject], features: Mapping[str, object]
) -> dict[str, list[StoredObject]]:
    if not any(is_manifest(item.path) for item in objects):
        return found.unfinished
    return found.failure_inputs if name not in features and "." in name else found.checkpoints
