"""What a run asks of Spark."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

MOST_PLAN = 200_000


@dataclass(frozen=True)
class Counts:
    """What Spark has done so far for one group of work.

    Attributes:
        stages: Stages of the group's jobs, those included that Spark skipped as their shuffle files were there already.
        tasks: Tasks of the stages that are not skipped.
        done_tasks: Tasks of them that are done.
        failed_tasks: Attempts of tasks that failed; one that is repeated counts each time.
    """

    stages: int = 0
    tasks: int = 0
    done_tasks: int = 0
    failed_tasks: int = 0


class Backend(Protocol):
    """A session, and what classic Spark and Spark Connect do in different ways.

    Attributes:
        spark: The session.
        not_applied: Settings that were asked for and came too late to have an effect.
    """

    spark: SparkSession
    not_applied: tuple[str, ...]

    def ship(self, archive: Path) -> None:
        """Sends a zip of Python code to where UDFs run."""
        ...

    def facts(self) -> dict[str, Any]:
        """Returns versions, master, application id and web page, as far as they can be told."""
        ...

    def work(self, group: str, text: str) -> AbstractContextManager[None]:
        """Names the jobs that this thread starts inside; each group has a scheduler pool of its own."""
        ...

    def counts(self, group: str) -> Counts:
        """Returns what was done for a group so far; may be called from any thread."""
        ...

    def executors(self) -> int:
        """Returns the number of executors besides the driver; 0 where it can't be told."""
        ...

    def cancel(self) -> None:
        """Asks Spark to end all jobs of this run."""
        ...

    def explain(self, frame: DataFrame) -> str:
        """Returns the plans of a DataFrame as text, cut after 200,000 characters."""
        ...

    def is_deterministic(self, frame: DataFrame) -> bool | None:
        """Tells whether the frame's plan gives the same rows each time; None if that can't be told."""
        ...

    def is_ordered(self, frame: DataFrame) -> bool:
        """Tells whether the frame's rows are sorted as a whole, as far as the plan shows it."""
        ...

    def failed_metrics(self, group: str) -> list[dict[str, Any]]:
        """Returns the SQL metrics of the group's failed executions; empty where they can't be told."""
        ...

    def stop(self, *, silently: bool) -> None:
        """Ends the session, unless the run has found it."""
        ...


def plan_text(tell: Callable[[], str]) -> str:
    """Returns the plan that is told, cut; a plan that can't be told never fails a run."""
    try:
        text = str(tell())
    except Exception as error:  # noqa: BLE001 - what is explained may be what has just failed
        return f"the plan can't be told: {type(error).__name__}: {' '.join(str(error).split())[:500]}"
    cut = len(text) - MOST_PLAN
    return text if cut <= 0 else f"{text[:MOST_PLAN]}\n… {cut:,} characters more"
