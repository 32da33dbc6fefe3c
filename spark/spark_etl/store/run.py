"""One run in the store: everything that belongs to it, read and written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from spark_etl import bounded_json
from spark_etl.errors import DamagedError, SparkEtlError
from spark_etl.storage import S3Settings, Storage, join, name_of, relative_to, storage_for
from spark_etl.store import index, layout
from spark_etl.store.code import LARGEST as LARGEST_CODE
from spark_etl.store.code import Archive, read_code, write_code
from spark_etl.store.document import DAMAGED, LARGEST, RunDocument, damaged_run, dump_run, parse_run
from spark_etl.store.heartbeat import Beat, dump_beat, is_recent, parse_beat
from spark_etl.store.inputs import RunInputs, dump_inputs, parse_inputs
from spark_etl.store.log import MOST_LOG
from spark_etl.store.manifest import LARGEST as LARGEST_MANIFEST
from spark_etl.store.manifest import Manifest, dump_manifest, manifest_path
from spark_etl.store.publish_decision import PublishDecision, decision_for, write_decisions
from spark_etl.store.records import CodeRecord
from spark_etl.store.sources import LARGEST as LARGEST_SOURCES
from spark_etl.store.sources import ImportedSource, parse_sources
from spark_etl.store.stop_requests import read_stop, write_stop

LARGEST_BEAT = 4096


@dataclass(frozen=True)
class StoredRun:
    """One run's folder.

    Args:
        root: `<scratch>/<team>/<pipeline>/<run id>`, normalised.
        settings: How to reach S3; from the environment if not given.
    """

    root: str
    settings: S3Settings | None = field(default=None, repr=False)

    @classmethod
    def at(cls, scratch: str, team: str, pipeline: str, run_id: str, settings: S3Settings | None = None) -> StoredRun:
        """Returns the run of that id below a normalised scratch path."""
        return cls(join(scratch, team, pipeline, run_id), settings)

    @classmethod
    def of_checkpoint(cls, folder: str, settings: S3Settings | None = None) -> tuple[StoredRun | None, str]:
        """Returns the run that a checkpoint's folder lies in, None if it lies in none, and the folder's name."""
        root, _, name = folder.rpartition("/")
        return (cls(root, settings) if layout.is_run_id(name_of(root)) else None), name

    @property
    def run_id(self) -> str:
        """The run's id."""
        return name_of(self.root)

    @property
    def team(self) -> str:
        """Whose folder it lies in."""
        return self.root.split("/")[-3]

    @property
    def pipeline(self) -> str:
        """The pipeline's folder that it lies in."""
        return self.root.split("/")[-2]

    @property
    def scratch(self) -> str:
        """The scratch path that it lies below."""
        return self.root.rsplit("/", 3)[0]

    @property
    def _store(self) -> Storage:
        return storage_for(self.root, self.settings)

    def _path(self, *names: str) -> str:
        return join(self.root, *names)

    def store_answers(self) -> bool:
        """Returns within seconds whether the store answers at all."""
        return self._store.answers()

    # The run itself.

    @property
    def document_path(self) -> str:
        """Path of run.json."""
        return self._path(layout.RUN_FILE)

    def new_document(self, **known: Any) -> RunDocument:
        """Returns the document of a run that begins; see `RunDocument` for what may be known of it."""
        return RunDocument(self.run_id, self.root, self.team, self.pipeline, **known)

    def exists(self) -> bool:
        """Returns whether there is a run.json."""
        return self._store.find(self.document_path) is not None

    def document(self, *, largest: int = LARGEST) -> RunDocument | None:
        """Returns what the run is, None if there is no run.json; a damaged or larger one has the status `damaged`."""
        path = self.document_path
        try:
            content = self._store.read(path, most=largest + 1)
            return None if content is None else parse_run(content, path, largest=largest)
        except DamagedError as error:
            return damaged_run(self.root, error.message)
        except (IsADirectoryError, NotADirectoryError, PermissionError) as error:
            return damaged_run(self.root, f"{path} can't be read: {error.strerror}")

    def write_document(self, document: RunDocument) -> None:
        """Writes run.json."""
        self._store.write(self.document_path, dump_run(document))

    def create_document(self, document: RunDocument) -> bool:
        """Writes run.json if there is none; of several that try at once, one gets True."""
        return self._store.create(self.document_path, dump_run(document))

    def mark_ended(self, document: RunDocument) -> None:
        """Writes the run's mark into the index; where that can't be done, lists read its run.json as before."""
        path = index.mark_path(self.root, document)
        if path is not None:
            with suppress(SparkEtlError, OSError):
                self._store.write(path, b"")

    def replace_mark(self, document: RunDocument) -> None:
        """Writes the run's mark in place of those that it has."""
        self._store.delete([item.path for item in index.marks_of(self.root, self.settings)])
        self.mark_ended(document)

    def repair_mark(self, document: RunDocument) -> None:
        """Writes the mark of a run that has ended without one, as far as this process has the right to."""
        index.repair(self.root, document, self.settings)

    # That it is alive.

    def beat(self, every: float) -> None:
        """Writes that the run is alive at this moment, and after how many seconds it says so again."""
        self._store.write(self._path(layout.HEARTBEAT_FILE), dump_beat(every))

    def is_alive(self, now: datetime | None = None) -> bool | None:
        """Returns whether a run that has not ended is alive: its last beat is no older than three of them.

        Args:
            now: The moment to compare with; this one if not given. 30 s are allowed for clocks that differ.

        Returns:
            None when that is not known, as the run has never said so.
        """
        beat = self._last_beat()
        return None if beat is None else is_recent(beat, now)

    def _last_beat(self) -> Beat | None:
        path = self._path(layout.HEARTBEAT_FILE)
        try:
            known = bounded_json.read(self._store.read, path, largest=LARGEST_BEAT)
        except DamagedError:
            return None
        return parse_beat(known or {})

    def is_at_work(self) -> bool:
        """Returns whether the run has neither ended nor died."""
        document = self.document()
        if document is not None and document.status == DAMAGED:  # only its heartbeat can tell
            return self.is_alive() is True
        return document is not None and document.status == "running" and self.is_alive() is not False

    # That it is to stop.

    def request_stop(self, by: str) -> None:
        """Asks whoever runs it to stop it, as Ctrl-C does; it records who has asked."""
        write_stop(self.root, by, self.settings)

    def stop_requested_by(self) -> str | None:
        """Returns who has asked the run to stop; None if nobody has."""
        return read_stop(self.root, self.settings)

    # What it kept.

    def checkpoint_path(self, feature: str) -> str:
        """Returns the folder of a feature's checkpoint, or of what one that failed had read."""
        return self._path(feature)

    def manifest_path(self, feature: str) -> str:
        """Returns where a checkpoint's manifest lies."""
        return manifest_path(self.checkpoint_path(feature))

    def write_manifest(self, feature: str, manifest: Manifest) -> None:
        """Makes a checkpoint of the files that lie in a feature's folder."""
        self._store.write(self.manifest_path(feature), dump_manifest(manifest))

    def inputs(self, *, largest: int = LARGEST_MANIFEST) -> RunInputs | None:
        """Returns what the features read and depend on, None where that was not recorded.

        Raises:
            DamagedError: It can't be read, or is larger, in bytes.
        """
        path = self._path(layout.INPUTS_FILE)
        content = self._store.read(path, most=largest + 1)
        return None if content is None else parse_inputs(content, path, largest=largest)

    def write_inputs(self, inputs: RunInputs) -> None:
        """Records what the features read and depend on."""
        self._store.write(self._path(layout.INPUTS_FILE), dump_inputs(inputs))

    def imported_sources(self) -> tuple[ImportedSource, ...]:
        """Returns the objects of sources that came with an imported run; none of any other run.

        Raises:
            DamagedError: The list of them can't be read.
        """
        path = self._path(layout.SOURCES_FILE)
        content = self._store.read(path, most=LARGEST_SOURCES + 1)
        return () if content is None else parse_sources(content, path)

    def write_code(self, archive: Archive) -> CodeRecord:
        """Keeps the code of the run, once for all runs of the pipeline that have the same; returns what is known of it.

        Raises:
            StorageError: The store does not answer, or refuses.
        """
        return write_code(self.root.rpartition("/")[0], archive, self.settings)

    def code_archive(self, sha256: str, *, largest: int = LARGEST_CODE) -> bytes:
        """Returns the archive of that hash.

        Args:
            sha256: The hash.
            largest: In bytes.

        Raises:
            CodeNotKeptError: It is not there any more.
            DamagedError: It is another one, or larger than a run's code may be.
        """
        return read_code(self.root.rpartition("/")[0], sha256, self.settings, largest=largest)

    # What it said.

    def failure_report(self, feature: str, *, largest: int = bounded_json.LARGEST) -> dict[str, Any]:
        """Returns what was found out about a feature that failed; empty if nothing was, or it can't be read."""
        path = self._path(feature, layout.FAILURE_FILE)
        try:
            return bounded_json.read(self._store.read, path, largest=largest, in_objects=8 * largest) or {}
        except DamagedError:
            return {}

    def write_failure_report(self, feature: str, report: Mapping[str, Any]) -> str:
        """Keeps what was found out about a feature that failed; returns where, below the run's folder."""
        path = self._path(feature, layout.FAILURE_FILE)
        self._store.write(path, json.dumps(report, indent=1, default=str).encode())
        return relative_to(path, self.root)

    def absolute(self, folder: str) -> str:
        """Returns a folder that a report names: below the run's, or in full when it is another run's."""
        return folder if "://" in folder else self._path(folder)

    def log(self) -> str:
        """Returns what the run said; empty if that was not kept."""
        content = self._store.read(self._path(layout.LOG_FILE), most=2 * MOST_LOG) or b""
        return content.decode(errors="replace")

    def write_log(self, content: bytes) -> None:
        """Keeps what the run has said until now."""
        self._store.write(self._path(layout.LOG_FILE), content)

    # What it publishes.

    def write_publish_decision(self, decisions: Mapping[str, PublishDecision]) -> None:
        """Notes for each path that all is written and what is to be done: one object for all of them.

        From this moment on whoever comes after a crash ends the work; before it, they throw it away.
        """
        write_decisions(self.root, decisions, self.settings)

    def publish_decision(self, path: str) -> PublishDecision | None:
        """Returns what is to be done at a path; None when the run has not come so far.

        Raises:
            DamagedError: It is no decision about files of that path.
        """
        return decision_for(self.root, path, self.settings)
