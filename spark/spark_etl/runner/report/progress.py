"""The progress of a run, as events on stderr; stdout stays free for data."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TextIO

from spark_etl.error_text import type_name
from spark_etl.errors import FeatureError, SparkEtlError
from spark_etl.printable import printable
from spark_etl.runner.backend import Counts
from spark_etl.runner.launcher import as_typed, as_user_sees
from spark_etl.runner.report.events import Event, Level, LogFormat, make_renderer
from spark_etl.runner.report.terminal import spinner
from spark_etl.units import format_bytes, format_count, format_duration

SPIN_SECONDS = 0.2
PERIOD_SECONDS = 5.0


class Progress:
    """Writes the events of a run, from any thread; each is written whole.

    Args:
        names: The features that will run; the longest sets the width of the column.
        stream: Where to; stderr if not given.
        log_format: `text` for people, `json` for one object a line.

    Attributes:
        listeners: Are given the lines for people, too.
    """

    def __init__(
        self, names: tuple[str, ...] = (), stream: TextIO | None = None, *, log_format: LogFormat = "text"
    ) -> None:
        self._renderer = make_renderer(log_format, stream)
        self._lock = threading.Lock()
        self.expect(names)
        self._activities: dict[str, tuple[str, float]] = {}
        self._started: set[str] = set()
        self._common_fields: dict[str, Any] = {}
        self._step = 0
        self.listeners: list[Callable[[str], None]] = []

    def expect(self, names: tuple[str, ...]) -> None:
        """Sets the features that will run; they are counted as they end."""
        self._names = names
        self._width = max(map(len, names), default=0)
        self._ended: list[str] = []

    def add_fields(self, **fields: Any) -> None:
        """Adds fields that every event from now on has, such as `run_id`."""
        self._common_fields.update(fields)

    def emit(self, event: str, message: str, *, text: str | None = "", level: Level = "info", **fields: Any) -> None:
        """Writes an event.

        Args:
            event: Its name.
            message: One sentence.
            text: The lines for people if they are others than the message; None for no line.
            level: How bad it is.
            fields: For machines.
        """
        message, shown = as_user_sees(message), as_user_sees(message if text == "" else text or "") or None
        message, shown = printable(message), shown and printable(shown)
        with self._lock:
            self._renderer.show(Event(event, message, shown, level, {**self._common_fields, **fields}))
        if shown:
            for listener in [*self.listeners]:
                listener(shown)

    def line(self, text: str) -> None:
        """Writes a line that is no event of its own."""
        self.emit("note", text)

    @contextmanager
    def activity(self, label: str, group: str) -> Iterator[None]:
        """Remembers what is being done while the block runs.

        Args:
            label: Its name in the lines of `still_running`.
            group: The job group of its Spark jobs.
        """
        self._start(group)
        with self._lock:
            self._activities[group] = (label.rstrip(), time.monotonic())
        try:
            yield
        finally:
            with self._lock:
                self._activities.pop(group, None)

    def _start(self, group: str) -> None:
        """Reports that a feature has started: once, as its transform and its checkpoint are two activities."""
        with self._lock:
            is_new = group in self._names and group not in self._started
            self._started.add(group)
        if is_new:
            self.emit("feature_started", f"{group} started", text=None, feature=group)

    def groups(self) -> list[str]:
        """Returns the job groups of what is being done, oldest first."""
        with self._lock:
            return list(self._activities)

    def label(self, feature: str) -> str:
        """Returns the feature's name, padded to one width."""
        return f"{feature:<{self._width}}"

    def _count(self, feature: str) -> str:
        """Returns `[3/8] discounts` for the third feature that ends; its number stays the same."""
        with self._lock:
            if feature not in self._ended:
                self._ended.append(feature)
            number, total = self._ended.index(feature) + 1, max(len(self._names), len(self._ended))
        return f"[{number:>{len(str(total))}}/{total}] {self.label(feature)}"

    def built(self, alias: str, seconds: float) -> None:
        """Reports that a feature is planned; it is computed with what reads it."""
        text = f"{self._count(alias)}  planned, computed with what reads it"
        self.emit("feature_ended", f"{alias} planned", text=text, feature=alias, state="built", seconds=seconds)

    def checkpoint(self, alias: str, seconds: float, *, rows: int, size: int, stages: int, tasks: int) -> None:
        """Reports that a feature's checkpoint is written."""
        done = f"{format_count(rows, 'row'):>16} {format_bytes(size):>9} {format_duration(seconds):>7}"
        text = f"{self._count(alias)}  checkpoint {done}"
        work = _format_work(stages, tasks)
        columns = self._renderer.columns
        if work and (columns is None or len(text) + 2 + len(work) <= columns):
            text += f"  {work}"
        fields: dict[str, Any] = {
            "feature": alias,
            "rows": rows,
            "bytes": size,
            "stages": stages,
            "tasks": tasks,
            "seconds": seconds,
        }
        message = f"checkpoint of {alias} written: {format_count(rows, 'row')}"
        self.emit("checkpoint_written", message, text=text, **fields)
        self.emit("feature_ended", f"{alias} ended", text=None, state="succeeded", **fields)

    def published(self, alias: str, path: str, seconds: float, *, rows: int, size: int) -> None:
        """Reports that an output is published."""
        what, counted = f"published {alias} → {path}", format_count(rows, "row")
        text = f"{what}  {counted}  {format_bytes(size)}  {format_duration(seconds)}"
        fields: dict[str, Any] = {"feature": alias, "path": path, "rows": rows, "bytes": size, "seconds": seconds}
        self.emit("published", f"{what}: {counted}", text=text, **fields)

    def still_running(self, counts_by_group: Mapping[str, Counts]) -> None:
        """Reports each activity that has gone on for long; on a terminal, the live line already does."""
        with self._lock:
            if self._renderer.live(self._live_text(counts_by_group)):
                return
        for group, counts in counts_by_group.items():
            status = self._status(group, counts)
            if status is not None:
                fields: dict[str, Any] = {
                    "stages": counts.stages,
                    "tasks": counts.tasks,
                    "done_tasks": counts.done_tasks,
                }
                self.emit("still_running", status[0], feature=group, **fields, seconds=round(status[1], 3))

    def show_live(self, counts_by_group: Mapping[str, Counts]) -> None:
        """Shows on a terminal, and only there, what is going on at this moment; an empty mapping clears it."""
        with self._lock:
            self._renderer.live(self._live_text(counts_by_group))

    @contextmanager
    def waiting(self, what: str) -> Iterator[None]:
        """Shows on a terminal, and only there, that something is being waited for while the block runs."""
        ended = threading.Event()
        thread = threading.Thread(target=self._spin, args=(what, ended), name="spinner", daemon=True)
        if self._renderer.columns is not None:
            thread.start()
        try:
            yield
        finally:
            ended.set()
            if thread.is_alive():
                thread.join()
                self.show_live({})

    def _spin(self, what: str, ended: threading.Event) -> None:
        began = time.monotonic()
        while not ended.wait(SPIN_SECONDS):
            with self._lock:
                self._renderer.live(f"{self._turn()} {what} … {format_duration(time.monotonic() - began)}")

    def _turn(self) -> str:
        self._step += 1
        return spinner(self._step)

    def _live_text(self, counts_by_group: Mapping[str, Counts]) -> str:
        statuses = (self._status(group, counts) for group, counts in counts_by_group.items())
        text = "   ".join(status[0] for status in statuses if status is not None)
        return f"{self._turn()} {text}" if text else ""

    def _status(self, group: str, counts: Counts) -> tuple[str, float] | None:
        """Returns how far an activity is, and its seconds; None if it has ended."""
        activity = self._activities.get(group)
        if activity is None:
            return None
        seconds = time.monotonic() - activity[1]
        tasks = f"{counts.done_tasks:,}/{format_count(counts.tasks, 'task')}"
        failed = f", {counts.failed_tasks:,} failed" if counts.failed_tasks else ""
        return f"{activity[0]} … stage {counts.stages}, {tasks}{failed}, {format_duration(seconds)}", seconds

    def waiting_for_cores(self, message: str, seconds: float) -> None:
        """Reports that Spark has tasks and no executor to run them."""
        self.emit("waiting_for_cores", message, seconds=round(seconds, 3))

    def cores_granted(self, seconds: float) -> None:
        """Reports that a wait which was reported is over."""
        self.emit("cores_granted", f"cores granted after {format_duration(seconds)}", seconds=round(seconds, 3))

    def spark_log(self, text: str) -> None:
        """Writes what Spark's JVM has logged."""
        self.emit("spark_log", text)

    def warn(self, text: str, **fields: Any) -> None:
        """Writes a warning."""
        self.emit("warning", text, text=f"warning: {text}", level="warning", **fields)

    def error(self, error: SparkEtlError) -> None:
        """Writes what went wrong and what to do next."""
        text = f"error: {error.message}" + (f"\n  next: {as_typed(error.hint)}" if error.hint else "")
        fields: dict[str, Any] = {"type": type_name(error.__cause__ or error), "hint": error.hint}
        if isinstance(error, FeatureError):
            fields |= {"feature": error.feature, "frames": error.frames}
        self.emit("error", error.message, text=text, level="error", **fields)


def _format_work(stages: int, tasks: int) -> str:
    """Returns what it took in Spark; nothing where that is not known."""
    if not stages:
        return ""
    return f"{format_count(stages, 'stage')}, {format_count(tasks, 'task')}"


class PeriodicProgress:
    """Says every few seconds how far a piece of work is.

    Args:
        progress: Where it says so.
        text: Returns the line.
    """

    def __init__(self, progress: Progress, text: Callable[[str, int, int], str]) -> None:
        self._progress = progress
        self._text = text
        self._said = time.monotonic()

    def __call__(self, name: str, done: int, total: int) -> None:
        """Takes what is done next, how many are done, and of how many."""
        if time.monotonic() - self._said >= PERIOD_SECONDS:
            self._said = time.monotonic()
            self._progress.line(self._text(name, done, total))


@contextmanager
def log_as_events(progress: Progress) -> Iterator[None]:
    """Makes events of what Python code logs and warns of inside, so that a JSON log has no other lines."""
    handler = _EventHandler(progress)
    root = logging.getLogger()
    before, root.handlers = root.handlers, [handler]
    logging.captureWarnings(capture=True)
    try:
        yield
    finally:
        logging.captureWarnings(capture=False)
        root.handlers = before


class _EventHandler(logging.Handler):
    def __init__(self, progress: Progress) -> None:
        super().__init__(logging.WARNING)
        self._progress = progress

    def emit(self, record: logging.LogRecord) -> None:
        """Writes a record as an event."""
        level: Level = "error" if record.levelno >= logging.ERROR else "warning"
        self._progress.emit("log", record.getMessage().strip(), level=level, logger=record.name)
