"""The document of a run while it goes on: written when it starts, after each feature, and when it ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from spark_etl.errors import FeatureError
from spark_etl.store.document import RunDocument, Status
from spark_etl.store.log import RunLog
from spark_etl.store.records import ErrorRecord, FeatureRecord, OutputRecord, State
from spark_etl.store.run import StoredRun
from spark_etl.trace import Trace

ENDS: dict[str, State] = {"running": "failed", "pending": "skipped", "staged": "skipped"}


def now() -> str:
    """Returns this moment in UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class RunWriter:
    """A run that goes on: its document, changed and stored from any thread.

    A change that took time is stored at once; a feature that is only built, which takes none, with the next one.

    Args:
        run: Where it lies.
        document: What is known before anything happens; see `StoredRun.new_document`.
    """

    def __init__(self, run: StoredRun, document: RunDocument) -> None:
        self.run = run
        self.document = document
        self.log = RunLog()
        document.started = document.started or now()
        self._started = time.monotonic()
        self._feature_started: dict[str, float] = {}
        self._lock = threading.RLock()
        self._log_lock = threading.Lock()
        self._paused = threading.Event()
        self.trace = Trace(run.run_id, {"spark_etl.team": document.team, "spark_etl.pipeline": document.pipeline})

    def pause(self) -> None:
        """Writes nothing until `resume`, as the store does not answer: each attempt would take a minute."""
        self._paused.set()

    def resume(self) -> None:
        """Writes again."""
        self._paused.clear()

    @property
    def is_paused(self) -> bool:
        """Whether nothing is written."""
        return self._paused.is_set()

    def store(self) -> None:
        """Writes run.json."""
        with self._lock:
            if not self.is_paused:
                self.run.write_document(self.document)

    def beat(self, every: float) -> None:
        """Writes that the run is alive at this moment, and after how many seconds it says so again."""
        if not self.is_paused:
            self.run.beat(every)

    def store_log(self) -> None:
        """Writes run.log if something was said since it was written last."""
        if self.is_paused:
            return
        with self._log_lock:  # or the heartbeat's, which is slow, would replace a newer one
            content = self.log.take_changed()
            if content is not None:
                self.run.write_log(content)

    def spark_started(self, facts: Mapping[str, Any]) -> None:
        """Adds what the session says of itself."""
        with self._lock:
            self.document.spark = dict(facts)
            self.store()

    def feature(self, alias: str) -> FeatureRecord:
        """Returns what is known of a feature."""
        return self.document.features[alias]

    def record_decision(self, alias: str, reason: str) -> None:
        """Adds why a feature is computed or skipped; `store` is called when all are decided."""
        with self._lock:
            self.feature(alias).reason = reason

    def reused(self, alias: str, reason: str, *, root: str, rows: int, size: int) -> None:
        """Marks a feature as reused; `store` is called when all are decided."""
        with self._lock:
            self._update(alias, state="reused", reason=reason, reused_from=root, rows=rows, bytes=size)

    def feature_started(self, alias: str, *, store: bool = True) -> None:
        """Marks a feature as running."""
        with self._lock:
            self._feature_started[alias] = time.monotonic()
            self._update(alias, state="running", started=now())
            if store:
                self.store()

    def feature_built(self, alias: str, *, deterministic: bool | None = None) -> float:
        """Marks a feature as built, which computes nothing yet, and returns the seconds it took."""
        with self._lock:
            return self._end_feature(alias, "built", deterministic=deterministic)

    def feature_ended(self, alias: str, state: State, **known: Any) -> float:
        """Marks a feature as ended and returns the seconds it took: none for one that was never started.

        Args:
            alias: The feature.
            state: How.
            known: Fields of its `FeatureRecord`.
        """
        with self._lock:
            seconds = self._end_feature(alias, state, **known)
            self.store()
            return seconds

    def _end_feature(self, alias: str, state: State, **known: Any) -> float:
        began = self._feature_started.get(alias)
        seconds = None if began is None else round(time.monotonic() - began, 3)
        self._update(alias, state=state, seconds=seconds, **known)
        return seconds or 0.0

    def feature_failed(self, alias: str, error: FeatureError) -> None:
        """Marks a feature as failed, also when it was publishing it that failed, or it was never started."""
        self.feature_ended(alias, "failed", error=_feature_error(error))

    def feature_blamed(self, reader: str, error: FeatureError) -> None:
        """Moves the blame for a failure from a feature to the one it reads."""
        with self._lock:
            self._update(reader, state="skipped", error=None)
            self._update(error.feature, state="failed", error=_feature_error(error))
            self.store()

    def mark_kept_after_failure(self, feature: str, *, rows: int, size: int) -> None:
        """Marks that the checkpoint of a feature was kept because one that reads it failed."""
        with self._lock:
            if feature in self.document.features:
                self._update(feature, rows=rows, bytes=size, after_failure=True)
            self.store()

    def output_started(self, path: str) -> float:
        """Marks an output as being written and returns the moment, for `output_staged`."""
        with self._lock:
            self._output(path).state = "running"
            self.store()
        return time.monotonic()

    def output_staged(self, path: str, started: float, *, rows: int, size: int) -> None:
        """Marks an output as written, though not yet to be seen."""
        with self._lock:
            output = self._output(path)
            output.state, output.seconds = "staged", round(time.monotonic() - started, 3)
            output.rows, output.bytes = rows, size
            feature = self.feature(output.feature)
            feature.rows = rows if feature.rows is None else feature.rows
            self.store()

    def published(self) -> list[OutputRecord]:
        """Marks all outputs as published and returns them."""
        with self._lock:
            for output in self.document.outputs:
                output.state = "succeeded"
            self.store()
            return list(self.document.outputs)

    def end(self, status: Status, error: ErrorRecord | None = None) -> None:
        """Marks the run as ended; what was running ended the same way, what was pending is never going to run."""
        with self._lock:
            ends = ENDS | ({"running": "interrupted"} if status == "interrupted" else {})
            ends |= {"built": "succeeded"} if status == "succeeded" else {}
            parts: list[FeatureRecord | OutputRecord] = [*self.document.features.values(), *self.document.outputs]
            for part in parts:
                part.state = ends.get(part.state, part.state)
            self.document.status, self.document.ended, self.document.error = status, now(), error
            self.document.seconds = round(time.monotonic() - self._started, 3)
            self.document.trace = self.trace.otlp()
            self.store()

    def _output(self, path: str) -> OutputRecord:
        return next(output for output in self.document.outputs if output.path == path)

    def _update(self, alias: str, **known: Any) -> None:
        feature = self.feature(alias)
        for name, value in known.items():
            setattr(feature, name, value)


def _feature_error(error: FeatureError) -> ErrorRecord:
    return ErrorRecord(message=error.reason, traceback=error.frames)
