"""Tells a run that is going on from one that died: while it lives, it says so every few seconds."""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from spark_etl import documents
from spark_etl.errors import SparkEtlError
from spark_etl.storage import S3Settings, join, storage_for
from spark_etl.store.layout import RunPaths

HEARTBEAT_FILE = "_heartbeat.json"
EVERY_SECONDS = 15.0
LARGEST = 4096
MISSED_BEATS = 3
CLOCK_SKEW = timedelta(seconds=30)


def beat(paths: RunPaths, every: float = EVERY_SECONDS) -> None:
    """Writes that the run is alive at this moment, and how often it says so."""
    path = join(paths.root, HEARTBEAT_FILE)
    content = {"at": datetime.now(UTC).isoformat(timespec="milliseconds"), "every": every}
    storage_for(path).write(path, json.dumps(content).encode())


def is_alive(paths: RunPaths, settings: S3Settings | None = None, now: datetime | None = None) -> bool | None:
    """Tells whether a run that has not ended is alive: its last beat is no older than three of them.

    Args:
        paths: The run's.
        settings: How to reach S3; from the environment if not given.
        now: The moment to compare with; this one if not given. 30 s are allowed for clocks that differ.

    Returns:
        None when it can't be told, as the run has never said so.
    """
    path = join(paths.root, HEARTBEAT_FILE)
    try:
        known = documents.read(storage_for(path, settings).read, path, largest=LARGEST) or {}
        last, every = datetime.fromisoformat(known["at"]), timedelta(seconds=float(known["every"]))
        return (now or datetime.now(UTC)) - last <= MISSED_BEATS * every + CLOCK_SKEW
    except (ValueError, KeyError, TypeError, OverflowError):
        return None


class Heartbeat:
    """Says from a thread that the run is alive, as long as the block runs; a store that is away is no error.

    Args:
        paths: The run's.
        every: Seconds between two beats.
    """

    def __init__(self, paths: RunPaths, every: float = EVERY_SECONDS) -> None:
        self._paths = paths
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
            with suppress(SparkEtlError, OSError):
                beat(self._paths, self._every)
            if self._stop.wait(self._every):
                return
