"""Spark is started and stopped by the runner: `stop()` called by the project's code is that code's failure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from spark_etl.errors import NotReturnedError

HINT = "leave it out: the runner starts Spark, and stops it when the run has ended"


@contextmanager
def no_stop(spark: Any, context: Any = None) -> Iterator[None]:
    """Makes `stop()` of the session, and of its context, raise an error while the block runs.

    Args:
        spark: The session.
        context: The SparkContext of a classic session: any session of it stops it.
    """
    replaced = [(type(spark), "spark.stop()"), *([(type(context), "SparkContext.stop()")] if context else [])]
    before = [(cls, cls.stop) for cls, _ in replaced]
    for cls, call in replaced:
        cls.stop = _refusing(cls.stop, call, None if context else spark)
    try:
        yield
    finally:
        for cls, stop in before:
            cls.stop = stop


def _refusing(stop: Callable[..., None], call: str, only: Any) -> Callable[..., None]:
    def refuse(self: Any) -> None:
        if only is not None and self is not only:  # through Spark Connect, a session that the project has made itself
            stop(self)
            return
        raise NotReturnedError(f"it stops Spark: {call}", hint=HINT)

    return refuse
