"""A store that goes away while a run goes on: one error soon, and the run recorded there once it is back.

Spark tries again for most of a minute, so that a short pause of the store costs nothing. A longer one ends the run.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress

from spark_etl.error_text import raw_text, type_name
from spark_etl.errors import FeatureError, RunFailedError, SparkEtlError
from spark_etl.runner.launcher import resume_command
from spark_etl.runner.report.progress import Progress
from spark_etl.sessions.lost import NETWORK
from spark_etl.storage import S3Settings
from spark_etl.store import RunWriter
from spark_etl.units import format_duration

PROBE_EVERY_SECONDS = 3.0
WARN_AFTER_SECONDS = 5.0
GIVE_UP_AFTER_SECONDS = 38.0
WAIT_SECONDS = 120.0


class StoreOutage:
    """Watches whether the store of a run answers: `probe` is called every few seconds.

    Args:
        record: The run.
        progress: Where an outage is reported.

    Attributes:
        error: What the run has failed with, once the store was away for too long.
        on_give_up: Called then, by the thread that watches; it is to end what the run is doing.
    """

    def __init__(self, record: RunWriter, progress: Progress) -> None:
        self.error: SparkEtlError | None = None
        self.on_give_up: Callable[[], None] = lambda: None
        self._record, self._progress = record, progress
        self._lock = threading.Lock()
        self._since: float | None = None
        self._warned = False

    def probe(self) -> None:
        """Asks the store for an answer, until the run was given up."""
        if self.error is None:
            asked = time.monotonic()
            self.step(asked, answers=self._record.run.store_answers())

    def step(self, now: float, *, answers: bool) -> None:
        """Takes in whether the store has answered at a moment."""
        if answers:
            if self._warned and self._since is not None:
                self._progress.line(f"the store answers again after {format_duration(now - self._since)}")
            self._since, self._warned = None, False
            return
        self._since = now if self._since is None else self._since
        away = now - self._since
        if away >= GIVE_UP_AFTER_SECONDS:
            self.give_up()
            self.on_give_up()
        elif away >= WARN_AFTER_SECONDS and not self._warned:
            self._warned = True
            self._progress.warn(f"{self._name()} does not answer; the run waits for it")

    def explains(self, error: BaseException) -> bool:
        """Returns whether a failure comes from the network, and the store does not answer at this moment."""
        return bool(NETWORK.search(f"{type_name(error)}: {raw_text(error)}")) and not self._record.run.store_answers()

    def give_up(self, feature: str | None = None) -> SparkEtlError:
        """Reports once that the store is gone; returns the error that the run ends with.

        Args:
            feature: Whose work has failed, if that is known; the first to be known is the one that the error names.
        """
        with self._lock:
            is_new = self.error is None
            if self.error is None or (feature and not isinstance(self.error, FeatureError)):
                self.error = self._describe(feature)
            if is_new:
                self._record.pause()
                self._progress.error(self.error)
            return self.error

    def _describe(self, feature: str | None) -> SparkEtlError:
        message = f"{self._name()} does not answer any more"
        hint = f"once it is up again: {resume_command(self._record)}"
        return FeatureError(feature, message, hint=hint) if feature else RunFailedError(message, hint=hint)

    def _name(self) -> str:
        endpoint = (self._record.run.settings or S3Settings.from_env()).endpoint
        return f"the S3 store at {endpoint or 'AWS S3'}"

    def wait(self) -> bool:
        """Waits for the store to come back, two minutes at most; returns whether the run can be recorded."""
        if not self._record.run.store_answers():
            self._progress.line(
                f"waiting up to {format_duration(WAIT_SECONDS)} for the store, to record there how the run has ended …"
            )
            until = time.monotonic() + WAIT_SECONDS
            with suppress(KeyboardInterrupt):
                while time.monotonic() < until:
                    time.sleep(PROBE_EVERY_SECONDS)
                    if self._record.run.store_answers():
                        break
                else:
                    return False
        return self._resume()

    def _resume(self) -> bool:
        if not self._record.run.store_answers():
            return False
        self._record.resume()
        return True

    def report_unrecorded(self) -> None:
        """Says that nothing in the store tells how the run has ended."""
        self._progress.warn(
            "the store did not come back, so lists of runs will show this one as `died`. You can "
            f"still resume it: {resume_command(self._record)}"
        )
