"""The events of a run, and the two ways of writing them: lines for people, JSON for machines."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, Protocol, TextIO

from spark_etl.printable import printable, printable_json
from spark_etl.runner.report.terminal import for_terminal, is_handed_over, terminal_columns

Level = Literal["info", "warning", "error"]
LogFormat = Literal["text", "json"]
CLEAR_LINE = "\r\x1b[K"


@dataclass(frozen=True)
class Event:
    """Something that happened.

    Attributes:
        name: Such as `checkpoint_written`.
        message: One sentence, without a prefix; as its text, safe to show.
        text: The lines for people; None for no line.
        fields: For machines; numbers are numbers.
    """

    name: str
    message: str
    text: str | None
    level: Level = "info"
    fields: Mapping[str, Any] = field(default_factory=dict)


class Renderer(Protocol):
    """Writes events. It is called by one thread at a time.

    Attributes:
        columns: The width of the terminal; None without one.
    """

    @property
    def columns(self) -> int | None:
        """The width of the terminal; None without one."""
        ...

    def show(self, event: Event) -> None:
        """Writes an event."""
        ...

    def live(self, text: str) -> bool:
        """Shows what is going on at this moment in place of the last such line; returns whether it can."""
        ...


class TextRenderer:
    """Writes lines; on a terminal in colour, and the last one may be a live one, which the next event replaces.

    Args:
        stream: Where to; whatever stderr is at that moment if not given.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream
        self._live = is_handed_over()  # the line by which the driver's start was shown

    @property
    def columns(self) -> int | None:
        """The width of the terminal; None without one."""
        return terminal_columns(self._stream or sys.stderr)

    def show(self, event: Event) -> None:
        """Writes the event's lines, whole."""
        if event.text is not None:
            columns = self.columns
            self._write(f"{event.text if columns is None else for_terminal(event.text, columns)}\n", live=False)

    def live(self, text: str) -> bool:
        """Shows a line that stays until the next one, cut to the terminal's width; nothing without a terminal."""
        columns = self.columns
        if columns is None:
            return False
        if text or self._live:
            self._write(printable(text, one_line=True)[: columns - 1], live=bool(text))
        return True

    def _write(self, text: str, *, live: bool) -> None:
        stream = self._stream or sys.stderr
        stream.write(CLEAR_LINE + text if self._live or live else text)
        stream.flush()
        self._live = live


class JsonRenderer:
    """Writes one JSON object a line: time, level, event, message, and the event's fields.

    Args:
        stream: Where to; whatever stderr is at that moment if not given.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream

    @property
    def columns(self) -> None:
        """None: a log is no terminal."""

    def show(self, event: Event) -> None:
        """Writes the event as one line; its own fields never replace the four that every event has."""
        moment = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        fixed = {"time": moment, "level": event.level, "event": event.name, "message": event.message}
        stream = self._stream or sys.stderr
        document = json.dumps({**fixed, **event.fields, **fixed}, default=str, ensure_ascii=False)
        stream.write(printable_json(document) + "\n")
        stream.flush()

    def live(self, text: str) -> bool:  # noqa: ARG002 - a log has no last line that changes
        """Shows nothing."""
        return False


def make_renderer(log_format: LogFormat, stream: TextIO | None = None) -> Renderer:
    """Returns the renderer for a `--log-format`."""
    return JsonRenderer(stream) if log_format == "json" else TextRenderer(stream)
