"""What is known of a failure when it has just happened: reason, frames, query plan and SQL metrics.

The session is one in which something has gone wrong, so each part may fail or hang: then a note stands for it.
"""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from spark_etl.error_text import error_line, type_name
from spark_etl.printable import printable
from spark_etl.runner.backend import Backend
from spark_etl.runner.failure.error import user_frames
from spark_etl.runner.failure.reason import reason_of

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

LONGEST_TRACEBACK = 200_000
LONGEST_PLAN = 200_000
MOST_METRICS = 200
PATIENCE_SECONDS = 10.0

T = TypeVar("T")


def failure_report(
    backend: Backend, alias: str, frame: DataFrame | None, error: BaseException, project: Path
) -> dict[str, Any]:
    """Returns what is known of a feature that failed; never raises, and takes seconds at most.

    Args:
        backend: The session it failed in.
        alias: The feature.
        frame: What its transform returned, if it came so far.
        error: What was raised.
        project: The folder of the user's code.

    Returns:
        `feature`, `type`, `message`, `frames` (the project's own), `traceback` (all of it), `plan` (text, None without
        a frame), `metrics` (of the failed SQL executions) and `notes` (what is not known, and why).
    """
    notes: list[str] = []
    plan = None if frame is None else _attempt(lambda: backend.explain(frame), "plan", notes)
    metrics = _attempt(lambda: _failed_metrics(backend, alias), "metrics", notes)
    return {
        "feature": alias,
        "type": type_name(error),
        "message": _attempt(lambda: reason_of(error), "reason", notes) or type_name(error),
        "frames": _attempt(lambda: user_frames(error, project), "frames", notes) or "",
        "traceback": printable(_end("".join(traceback.format_exception(error)), LONGEST_TRACEBACK)),
        "plan": None if plan is None else _start(plan, LONGEST_PLAN),
        "metrics": (metrics or [])[:MOST_METRICS],
        "notes": notes,
    }


def _failed_metrics(backend: Backend, alias: str) -> list[dict[str, Any]]:
    return [entry for group in (alias, f"publish:{alias}") for entry in backend.failed_metrics(group)]


def _attempt(function: Callable[[], T], what: str, notes: list[str]) -> T | None:
    """Returns what the function does, or None and a note if it raises or takes too long."""
    results: list[T] = []
    errors: list[Exception] = []

    def call() -> None:
        try:
            results.append(function())
        except Exception as error:  # noqa: BLE001 - of a session that has just failed, anything may be gone
            errors.append(error)

    thread = threading.Thread(target=call, name="failure-report", daemon=True)
    thread.start()
    thread.join(PATIENCE_SECONDS)
    if results:
        return results[0]
    reason = error_line(errors[0]) if errors else f"no answer within {PATIENCE_SECONDS:.0f}s"
    notes.append(f"no {what}: {reason}")
    return None


def _start(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}\n… {len(text) - most:,} characters more"


def _end(text: str, most: int) -> str:
    return text if len(text) <= most else f"{len(text) - most:,} characters before …\n{text[-most:]}"
