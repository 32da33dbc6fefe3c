"""Timings of a run as spans in OTLP/JSON: `trace` of run.json can be sent to a collector."""

from __future__ import annotations

import os
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from spark_etl.error_text import error_text, type_name

TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}(-.*)?")
INTERNAL = 1
UNSET, OK, ERROR = 0, 1, 2
LONGEST_MESSAGE = 1000


class Span:
    """A part of a run that takes time.

    Args:
        name: What is done, such as `write`.
        parent: Id of the span it is part of; empty for none.
        began: Nanoseconds since 1970.
    """

    def __init__(self, name: str, parent: str, began: int) -> None:
        self.name = name
        self.id = secrets.token_hex(8)
        self.parent = parent
        self.began = began
        self.ended: int | None = None
        self.status: dict[str, Any] = {"code": UNSET}
        self._attributes: dict[str, Any] = {}

    def set(self, **attributes: Any) -> None:
        """Adds attributes; `rows=3` becomes `spark_etl.rows`. None is left out."""
        known = {f"spark_etl.{name}": value for name, value in attributes.items() if value is not None}
        self._attributes = {**self._attributes, **known}

    def fail(self, error: BaseException) -> None:
        """Marks it as failed."""
        self._attributes = {**self._attributes, "error.type": type_name(error)}
        self.status = {"code": ERROR, "message": error_text(error, longest=LONGEST_MESSAGE) or type_name(error)}

    def to_otlp(self, trace_id: str, now: int) -> dict[str, Any]:
        """Returns it as OTLP/JSON; one that has not ended yet ends now."""
        return {
            "traceId": trace_id,
            "spanId": self.id,
            "parentSpanId": self.parent,
            "name": self.name,
            "kind": INTERNAL,
            "startTimeUnixNano": str(self.began),
            "endTimeUnixNano": str(max(self.ended or now, self.began)),
            "attributes": _attributes(self._attributes),
            "status": self.status,
        }


class Trace:
    """The spans of one run; used from any thread.

    It continues the trace of `TRACEPARENT` (W3C Trace Context), if that variable is set.

    Args:
        run_id: The run's.
        resource: Attributes of whoever runs it, with their full names, such as `host.name`.
        clock: Returns nanoseconds since 1970.
    """

    def __init__(
        self, run_id: str, resource: dict[str, Any] | None = None, *, clock: Callable[[], int] = time.time_ns
    ) -> None:
        given = TRACEPARENT.fullmatch(os.environ.get("TRACEPARENT", "").strip())
        self.trace_id = given[1] if given else secrets.token_hex(16)
        self._outer = given[2] if given else ""
        self._resource = {"service.name": "spark-etl", "spark_etl.run_id": run_id, **(resource or {})}
        self._clock = clock
        self._lock = threading.Lock()
        self._spans: list[Span] = []
        self._current: ContextVar[Span | None] = ContextVar(f"span of {run_id}", default=None)

    @contextmanager
    def span(self, name: str, *, parent: Span | None = None, **attributes: Any) -> Iterator[Span]:
        """Times what is done inside; what is raised there marks the span as failed.

        Args:
            name: What is done.
            parent: What it is part of, if not the span that this thread is in, or else the first of all.
            attributes: See `Span.set`.
        """
        span = self._start(name, parent)
        span.set(**attributes)
        token = self._current.set(span)
        try:
            yield span
        except BaseException as error:
            span.fail(error)
            raise
        else:
            span.status = {"code": OK}
        finally:
            self._current.reset(token)
            span.ended = self._clock()

    def _start(self, name: str, parent: Span | None) -> Span:
        with self._lock:
            inside = parent or self._current.get() or (self._spans[0] if self._spans else None)
            span = Span(name, inside.id if inside else self._outer, self._clock())
            self._spans.append(span)
        return span

    def otlp(self) -> dict[str, Any]:
        """Returns all spans as the body of a request to a collector's `/v1/traces`."""
        now = self._clock()
        with self._lock:
            spans = [span.to_otlp(self.trace_id, now) for span in self._spans]
        resource = {"attributes": _attributes(self._resource)}
        return {
            "resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": {"name": "spark_etl"}, "spans": spans}]}]
        }


def _attributes(known: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": _value(value)} for key, value in known.items()]


def _value(value: Any) -> dict[str, Any]:
    """Returns an AnyValue: 64-bit integers are strings, as in all of protobuf's JSON."""
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    return {"stringValue": str(value)}
