"""`run.json`: what a run is, written when it starts, after each feature, and when it ends in whatever way."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from spark_etl.errors import FeatureError
from spark_etl.storage import storage_for
from spark_etl.store.layout import RunPaths
from spark_etl.trace import Trace

FORMAT = 1
Status = Literal["running", "succeeded", "failed", "interrupted"]
State = Literal["pending", "running", "built", "succeeded", "failed", "interrupted", "skipped", "reused", "staged"]
STATUSES: tuple[Status, ...] = ("running", "succeeded", "failed", "interrupted")


def now() -> str:
    """Returns this moment in UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class RunRecord:
    """The content of run.json while the run goes on, changed from any thread.

    A change that took time is stored at once; a feature that is only built, which takes none, with the next one.

    Args:
        paths: Where the run lies.
        head: What is known before anything happens: team, pipeline, dates, config, graph, versions.
        features: Alias → what is known of it before it runs.
        outputs: What will be published: feature, path, overwrite.
    """

    def __init__(
        self,
        paths: RunPaths,
        head: Mapping[str, Any],
        features: Mapping[str, Mapping[str, Any]],
        outputs: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        self.paths = paths
        self._started = time.monotonic()
        self._feature_started: dict[str, float] = {}
        self._lock = threading.RLock()
        self.trace = Trace(
            paths.run_id, {f"spark_etl.{name}": head[name] for name in ("team", "pipeline") if name in head}
        )
        self.content: dict[str, Any] = {
            "format": FORMAT,
            "run_id": paths.run_id,
            "path": paths.root,
            "status": "running",
            "started": now(),
            "ended": None,
            "seconds": None,
            **head,
            "publish": [{**output, "state": "pending"} for output in outputs],
            "features": {
                alias: {"state": "pending", "seconds": None, "rows": None, **known} for alias, known in features.items()
            },
            "error": None,
            "trace": None,
        }

    def store(self) -> None:
        """Writes run.json."""
        with self._lock:
            content = json.dumps(self.content, indent=1, default=str).encode()
            storage_for(self.paths.run_file).write(self.paths.run_file, content)

    def update(self, **known: Any) -> None:
        """Adds what has become known of the run."""
        with self._lock:
            self.content.update(known)
            self.store()

    def decided(self, known: Mapping[str, Mapping[str, Any]]) -> None:
        """Adds what becomes of each feature, before any of them runs."""
        with self._lock:
            for alias, more in known.items():
                self._feature(alias).update(more)
            self.store()

    def feature_started(self, alias: str, *, store: bool = True) -> None:
        """Marks a feature as running."""
        with self._lock:
            self._feature_started[alias] = time.monotonic()
            self._feature(alias).update(state="running", started=now())
            if store:
                self.store()

    def feature_built(self, alias: str, **known: Any) -> float:
        """Marks a feature as built, which computes nothing yet, and returns the seconds it took."""
        with self._lock:
            return self._ended(alias, "built", **known)

    def feature_ended(self, alias: str, state: State, **known: Any) -> float:
        """Marks a feature as ended and returns the seconds it took: none for one that was never started."""
        with self._lock:
            seconds = self._ended(alias, state, **known)
            self.store()
            return seconds

    def _ended(self, alias: str, state: State, **known: Any) -> float:
        began = self._feature_started.get(alias)
        seconds = None if began is None else round(time.monotonic() - began, 3)
        self._feature(alias).update(state=state, seconds=seconds, **known)
        return seconds or 0.0

    def feature_failed(self, alias: str, error: FeatureError) -> None:
        """Marks a feature as failed, also when it was publishing it that failed, or it was never started."""
        self.feature_ended(alias, "failed", error={"message": error.reason, "traceback": error.frames})

    def feature_blamed(self, reader: str, error: FeatureError) -> None:
        """Moves the blame for a failure from a feature to the one it reads."""
        with self._lock:
            self._feature(reader).update(state="skipped", error=None)
            known = self._feature(error.feature)
            known.update(state="failed", error={"message": error.reason, "traceback": error.frames})
            self.store()

    def kept_after_failure(self, feature: str, *, rows: int, bytes: int) -> None:  # noqa: A002 - the key's name
        """Notes that what a feature has computed was kept because one that reads it failed."""
        with self._lock:
            if feature in self.content["features"]:
                self._feature(feature).update(rows=rows, bytes=bytes, after_failure=True)
            self.store()

    def told(self, alias: str, *names: str) -> dict[str, Any]:
        """Returns what is known of a feature under some names."""
        with self._lock:
            return {name: self._feature(alias).get(name) for name in names}

    def has_checkpoint(self, alias: str) -> bool:
        """Tells whether a feature is kept already."""
        return self._feature(alias).get("bytes") is not None

    def output_started(self, path: str) -> float:
        """Marks an output as being written and returns the moment, for `output_staged`."""
        with self._lock:
            self._output(path).update(state="running")
            self.store()
        return time.monotonic()

    def output_staged(self, path: str, started: float, *, rows: int, bytes: int) -> None:  # noqa: A002 - the key's name
        """Marks an output as written, though not yet to be seen."""
        with self._lock:
            output = self._output(path)
            seconds = round(time.monotonic() - started, 3)
            output.update(state="staged", seconds=seconds, rows=rows, bytes=bytes)
            feature = self._feature(output["feature"])
            if feature["rows"] is None:
                feature.update(rows=rows)
            self.store()

    def published(self) -> list[dict[str, Any]]:
        """Marks all outputs as published and returns them."""
        with self._lock:
            for output in self.content["publish"]:
                output.update(state="succeeded")
            self.store()
            return list(self.content["publish"])

    def end(self, status: Status, error: Mapping[str, Any] | None = None) -> None:
        """Marks the run as ended; what was running ended the same way, what was pending is never going to run."""
        ends: dict[str, State] = {
            "running": "interrupted" if status == "interrupted" else "failed",
            "pending": "skipped",
            "staged": "skipped",
        }
        if status == "succeeded":
            ends["built"] = "succeeded"
        for part in [*self.content["features"].values(), *self.content["publish"]]:
            part["state"] = ends.get(part["state"], part["state"])
        seconds = round(time.monotonic() - self._started, 3)
        known = {"error": dict(error) if error else None, "trace": self.trace.otlp()}
        self.update(status=status, ended=now(), seconds=seconds, **known)

    @property
    def kept(self) -> bool:
        """Whether any feature has a checkpoint."""
        return any(feature.get("bytes") is not None for feature in self.content["features"].values())

    def _output(self, path: str) -> dict[str, Any]:
        return next(output for output in self.content["publish"] if output["path"] == path)

    def _feature(self, alias: str) -> dict[str, Any]:
        feature: dict[str, Any] = self.content["features"][alias]
        return feature
