"""Spark Connect: the driver is a server elsewhere, and this process only sends it plans."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from spark_etl.error_text import raw_text
from spark_etl.errors import ConfigError
from spark_etl.names import listing
from spark_etl.runner.backend.base import Counts, analysed_plan, is_sorted, plan_text
from spark_etl.runner.no_stop import no_stop
from spark_etl.sessions.classic import DEFAULTS
from spark_etl.sessions.connect import connect_session

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


UNSUPPORTED_ATTRIBUTE = re.compile(r"\[(?:JVM_)?ATTRIBUTE_NOT_SUPPORTED\].*?`(\w+)`")
ALTERNATIVES = {
    "sparkContext": "use the session (spark.read, spark.createDataFrame, spark.conf), or run without --remote",
    "rdd": "use DataFrame functions, mapInArrow or applyInPandas, or run without --remote",
}
RUN_CLASSIC = "use the DataFrame API, or run without --remote"


def explain_unsupported_attribute(error: BaseException) -> tuple[str, str] | None:
    """Returns message and hint for an attribute that only classic sessions have; None for any other error."""
    match = UNSUPPORTED_ATTRIBUTE.search(raw_text(error)) if type(error).__name__ == "PySparkAttributeError" else None
    if match is None or not _needs_the_jvm(match[1]):
        return None
    name = match[1]
    message = f"`{name}` is not there through Spark Connect: Spark's JVM is on the server, not in this process"
    return message, ALTERNATIVES.get(name, RUN_CLASSIC)


def _needs_the_jvm(name: str) -> bool:
    return name in {*ALTERNATIVES, "newSession", "toJSON"} or name.startswith("_j")


class ConnectBackend:
    """See `Backend`.

    Args:
        spark: A Spark Connect session.
        address: The server's, without parameters: they may hold a token.
    """

    not_applied: tuple[str, ...] = ()  # what can't be applied is refused

    def __init__(self, spark: SparkSession, address: str) -> None:
        self.spark = spark
        self._session: Any = spark
        self._address = address
        self._thread = threading.local()
        self._stages: dict[str, dict[tuple[str, int], Counts]] = {}
        self._lock = threading.Lock()
        self._session.registerProgressHandler(self._on_progress)

    @classmethod
    def open(cls, url: str, settings: Mapping[str, str]) -> ConnectBackend:
        """Returns a session of the server with the settings.

        Raises:
            ConfigError: A setting is one that a running server does not take.
        """
        spark = connect_session(url)
        try:
            _apply_settings(spark, settings)
        except BaseException:
            spark.stop()
            raise
        return cls(spark, urlsplit(url).netloc)

    def ship(self, archive: Path) -> None:
        """Sends a zip of Python code to the server, for the UDFs of this session."""
        self._session.addArtifacts(str(archive), pyfile=True)

    def facts(self) -> dict[str, Any]:
        """Returns what a client can know of the server."""
        return {
            "backend": "connect",
            "version": self.spark.version,
            "java": None,
            "master": f"sc://{self._address}",
            "application_id": self.spark.conf.get("spark.app.id", None),
            "ui": None,
            "not_applied": [],
        }

    @contextmanager
    def work(self, group: str, text: str) -> Iterator[None]:  # noqa: ARG002 - a server shows no description of ours
        """Tags this thread's operations inside."""
        self._thread.group = group
        self._session.addTag(group)
        try:
            yield
        finally:
            self._session.removeTag(group)
            self._thread.group = None

    def counts(self, group: str) -> Counts:
        """Returns the sums over the stages that the server has reported; it reports no failed tasks."""
        with self._lock:
            parts = list(self._stages.get(group, {}).values())
        return Counts(len(parts), sum(part.tasks for part in parts), sum(part.done_tasks for part in parts))

    def _on_progress(self, stages: Iterable[Any] | None, operation_id: str | None, **_: Any) -> None:
        """Takes the server's report of an operation; called by the thread that waits for it."""
        group = getattr(self._thread, "group", None)
        if group is None:
            return
        reported = {
            (str(operation_id), int(stage.stage_id)): Counts(1, stage.num_tasks, stage.num_completed_tasks)
            for stage in stages or []
        }
        with self._lock:
            self._stages.setdefault(group, {}).update(reported)

    def executors(self) -> int:
        """Returns 0: a client does not know."""
        return 0

    def cancel(self) -> None:
        """Asks the server to end all operations of this session."""
        with suppress(Exception):  # the server may be gone
            self._session.interruptAll()

    def explain(self, frame: DataFrame) -> str:
        """Returns the plans as the server explains them."""
        remote: Any = frame
        return plan_text(lambda: remote._explain_string(extended=True))

    def is_deterministic(self, frame: DataFrame) -> bool | None:  # noqa: ARG002 - the server does not say
        """Returns None: a client does not have the analysed plan."""
        return None

    def is_ordered(self, frame: DataFrame) -> bool:
        """Returns whether the analysed plan ends in a sort of all rows; the server explains the plan."""
        remote: Any = frame
        with suppress(Exception):  # what can't be explained fails elsewhere, with its reason
            return is_sorted(analysed_plan(remote._explain_string(extended=True)))
        return False

    def failed_metrics(self, group: str) -> list[dict[str, Any]]:  # noqa: ARG002 - the server does not say
        """Returns an empty list: a client gets no metrics of what failed."""
        return []

    def no_stop(self) -> AbstractContextManager[None]:
        """Refuses `stop()` of this session."""
        return no_stop(self.spark)

    def stop(self, *, silently: bool) -> None:  # noqa: ARG002 - a client has no log of Spark's
        """Ends the session; the server goes on."""
        with suppress(Exception):
            self.spark.stop()


def _apply_settings(spark: SparkSession, settings: Mapping[str, str]) -> None:
    wrong = [key for key in settings if not spark.conf.isModifiable(key)]
    if wrong:
        raise ConfigError(
            f"a running Spark Connect server does not take {listing(f'`{key}`' for key in wrong)}: only settings that "
            "a session can change",
            hint="set it where the server is started, or run without --remote",
        )
    for key, value in {**DEFAULTS, **settings}.items():
        spark.conf.set(key, value)
