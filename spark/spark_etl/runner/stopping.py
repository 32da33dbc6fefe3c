"""A run that somebody stops from elsewhere, on the hub's page of runs: it ends as by kill -TERM; see `signals`."""

from __future__ import annotations

import os
import signal
import threading

from spark_etl.printable import printable
from spark_etl.runner.report.progress import Progress
from spark_etl.store import RunWriter

LOOK_EVERY_SECONDS = 4.0


class StopWatcher:
    """Looks for a request to stop a run: `look` is called every few seconds, by another thread than the run's.

    Args:
        record: The run.
        progress: Where the request is shown.

    Attributes:
        by: Who has asked; empty if nobody has.
    """

    def __init__(self, record: RunWriter, progress: Progress) -> None:
        self.by = ""
        self._lock, self._has_ended = threading.Lock(), False
        self._record, self._progress = record, progress

    def look(self) -> None:
        """Interrupts this process once somebody has asked for it."""
        if self.by or self._record.is_paused:
            return
        by = self._record.run.stop_requested_by()
        with self._lock:
            if by is not None and not self._has_ended:
                self.by = printable(by, one_line=True)
                self._progress.warn(self.message)
                os.kill(os.getpid(), signal.SIGTERM)  # pyspark takes SIGINT, and calls the JVM amid a call

    def end(self) -> None:
        """Stops nothing from now on: the run is about to record how it has ended."""
        with self._lock:
            self._has_ended = True

    @property
    def message(self) -> str:
        """What the run records and shows."""
        return f"stopped by {self.by}, on the page of runs"
