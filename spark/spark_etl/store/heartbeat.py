"""Distinguishes a run that is going on from one that died: while it lives, it writes a heartbeat every few seconds."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from spark_etl.errors import SparkEtlError

EVERY_SECONDS = 15.0
MISSED_BEATS = 3
CLOCK_SKEW = timedelta(seconds=30)


class Beat(NamedTuple):
    """The last time that a run said that it is alive, and how long after it says so again."""

    at: datetime
    every: timedelta


def dump_beat(every: float) -> bytes:
    """Returns what says that a run is alive at this moment."""
    return json.dumps({"at": datetime.now(UTC).isoformat(timespec="milliseconds"), "every": every}).encode()


def parse_beat(known: Mapping[str, Any]) -> Beat | None:
    """Returns the beat that is stored, None if it is none."""
    try:
        return Beat(datetime.fromisoformat(known["at"]), timedelta(seconds=float(known["every"])))
    except (ValueError, KeyError, TypeError, OverflowError):
        return None


def is_recent(beat: Beat, now: datetime | None = None) -> bool | None:
    """Returns whether a beat is no older than three of them; None where that is not known."""
    try:
        return (now or datetime.now(UTC)) - beat.at <= MISSED_BEATS * beat.every + CLOCK_SKEW
    except (TypeError, OverflowError):
        return None


class Heartbeat:
    """Calls something every few seconds from a thread, as long as the block runs; a store that is away is no error.

    Args:
        calls: What is called, one after the other.
        every: Seconds between two beats.
    """

    def __init__(self, *calls: Callable[[], object], every: float = EVERY_SECONDS) -> None:
        self._calls = calls
        self._every = every
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def __enter__(self) -> Heartbeat:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()

    def _run(self) -> None:
        while True:
            for call in self._calls:
                with suppress(SparkEtlError, OSError):
                    call()
            if self._stop.wait(self._every):
                return
