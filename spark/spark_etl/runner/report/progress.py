"""What whoever watches the run reads, on stderr; stdout stays free for data."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TextIO

from spark_etl.errors import FeatureError, SparkEtlError
from spark_etl.runner.backend import Counts
from spark_etl.runner.report.events import Event, Level, LogFormat, renderer
from spark_etl.units import format_bytes, format_count, format_duration


class Progress:
    """Tells what happens, from any thread; each event is written whole.

    Args:
        names: The features that will run; the longest sets the width of the column.
        stream: Where to; stderr if not given.
        log_format: `text` for people, `json` for one object a line.
    """

    def __init__(
        self, names: tuple[str, ...] = (), stream: TextIO | None = None, *, log_format: LogFormat = "text"
    ) -> None:
        self._renderer = renderer(log_format, stream)
        self._lock = threading.Lock()
        self.expect(names)
        self._activities: dict[str, tuple[str, float]] = {}
        self._begun: set[str] = set()
        self._known: dict[str, Any] = {}

    def expect(self, names: tuple[str, ...]) -> None:
        """Tells which features will run, in order."""
        self._names = names
        self._width = max(map(len, names), default=0)

    def about(self, **known: Any) -> None:
        """Adds fields that every event from now on has, such as `run_id`."""
        self._known.update(known)

    def tell(self, event: str, message: str, *, text: str | None = "", level: Level = "info", **fields: Any) -> None:
        """Tells an event.

        Args:
            event: Its name.
            message: In words.
            text: The lines for people if they are others than the message; None for no line.
            level: How bad it is.
            fields: What a machine asks for.
        """
        shown = message if text == "" else text
        with self._lock:
            self._renderer.show(Event(event, message, shown, level, {**self._known, **fields}))

    def line(self, text: str) -> None:
        """Writes words that are no event of their own."""
        self.tell("note", text)

    @contextmanager
    def activity(self, label: str, group: str) -> Iterator[None]:
        """Remembers what is being done while the block runs.

        Args:
            label: What `still` calls it.
            group: The job group of its Spark jobs.
        """
        self._begin(group)
        with self._lock:
            self._activities[group] = (label.rstrip(), time.monotonic())
        try:
            yield
        finally:
            with self._lock:
                self._activities.pop(group, None)

    def _begin(self, group: str) -> None:
        """Tells that a feature has started; its transform and its checkpoint are two activities of one feature."""
        with self._lock:
            new = group in self._names and group not in self._begun
            self._begun.add(group)
        if new:
            self.tell("feature_started", f"{group} started", text=None, feature=group)

    def groups(self) -> list[str]:
        """Returns the job groups of what is being done, oldest first."""
        with self._lock:
            return list(self._activities)

    def label(self, feature: str) -> str:
        """Returns `[3/8] discounts`, padded to one width."""
        total = len(self._names)
        position = f"{self._names.index(feature) + 1:>{len(str(total))}}"
        return f"[{position}/{total}] {feature:<{self._width}}"

    def built(self, alias: str, seconds: float) -> None:
        """Tells that a feature is built; it is computed with what reads it."""
        text = f"{self.label(alias)}  {'built':<10} {'':>18} {'':>9} {'':>22} {format_duration(seconds):>7}"
        self.tell("feature_ended", f"{alias} built", text=text, feature=alias, state="built", seconds=seconds)

    def checkpoint(self, alias: str, seconds: float, *, rows: int, size: int, stages: int, tasks: int) -> None:
        """Tells that a feature's checkpoint is there."""
        done = f"{format_count(rows, 'row'):>18} {format_bytes(size):>9} {_work(stages, tasks):>22}"
        text = f"{self.label(alias)}  checkpoint {done} {format_duration(seconds):>7}"
        known: dict[str, Any] = {
            "feature": alias,
            "rows": rows,
            "bytes": size,
            "stages": stages,
            "tasks": tasks,
            "seconds": seconds,
        }
        message = f"checkpoint of {alias} written: {format_count(rows, 'row')}"
        self.tell("checkpoint_written", message, text=text, **known)
        self.tell("feature_ended", f"{alias} ended", text=None, state="succeeded", **known)

    def published(self, alias: str, path: str, seconds: float, *, rows: int, size: int) -> None:
        """Tells that an output is there."""
        what, counted = f"published {alias} → {path}", format_count(rows, "row")
        text = f"{what}  {counted}  {format_bytes(size)}  {format_duration(seconds)}"
        known: dict[str, Any] = {"feature": alias, "path": path, "rows": rows, "bytes": size, "seconds": seconds}
        self.tell("published", f"{what}: {counted}", text=text, **known)

    def still(self, counted: Mapping[str, Counts]) -> None:
        """Tells of each activity that has gone on for long; on a terminal the live line says it already."""
        with self._lock:
            if self._renderer.live(self._now(counted)):
                return
        for group, counts in counted.items():
            said = self._going_on(group, counts)
            if said is not None:
                known: dict[str, Any] = {
                    "stages": counts.stages,
                    "tasks": counts.tasks,
                    "done_tasks": counts.done_tasks,
                }
                self.tell("still_running", said[0], feature=group, **known, seconds=round(said[1], 3))

    def live(self, counted: Mapping[str, Counts]) -> None:
        """Shows on a terminal, and only there, what is going on at this moment; an empty mapping clears it."""
        with self._lock:
            self._renderer.live(self._now(counted))

    def _now(self, counted: Mapping[str, Counts]) -> str:
        said = (self._going_on(group, counts) for group, counts in counted.items())
        return "   ".join(part[0] for part in said if part is not None)

    def _going_on(self, group: str, counts: Counts) -> tuple[str, float] | None:
        known = self._activities.get(group)
        if known is None:
            return None
        seconds = time.monotonic() - known[1]
        tasks = f"{counts.done_tasks:,}/{counts.tasks:,} tasks"
        failed = f", {counts.failed_tasks:,} failed" if counts.failed_tasks else ""
        return f"{known[0]} … stage {counts.stages}, {tasks}{failed}, {format_duration(seconds)}", seconds

    def waiting(self, message: str, seconds: float) -> None:
        """Tells that Spark has work to do and nobody to do it."""
        self.tell("waiting_for_cores", message, seconds=round(seconds, 3))

    def granted(self, seconds: float) -> None:
        """Tells that a wait of which was told is over."""
        self.tell("cores_granted", f"cores granted after {seconds:.0f}s", seconds=round(seconds, 3))

    def warn(self, text: str, **fields: Any) -> None:
        """Tells a warning."""
        self.tell("warning", text, text=f"warning: {text}", level="warning", **fields)

    def error(self, error: SparkEtlError) -> None:
        """Tells what went wrong and what to do next."""
        text = f"error: {error.message}" + (f"\n  next: {error.hint}" if error.hint else "")
        known: dict[str, Any] = {"type": type(error.__cause__ or error).__name__, "hint": error.hint}
        if isinstance(error, FeatureError):
            known |= {"feature": error.feature, "frames": error.frames}
        self.tell("error", error.message, text=text, level="error", **known)


def _work(stages: int, tasks: int) -> str:
    """Returns what it took in Spark; nothing where that can't be told."""
    if not stages:
        return ""
    return f"{format_count(stages, 'stage')}, {format_count(tasks, 'task')}"
