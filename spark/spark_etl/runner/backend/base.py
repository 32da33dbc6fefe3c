"""What a run asks of Spark."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from spark_etl.error_text import error_line

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

LONGEST_PLAN = 200_000
# In the text of a plan, which classic Spark and Spark Connect both have.
GLOBAL_SORT = re.compile(r"Sort \[.*\], true\b")
ORDER_PRESERVING = re.compile(
    r"(Project|Filter|GlobalLimit|LocalLimit|Offset|Sample|Generate|Expand|SubqueryAlias|View|WithCTE|CollectMetrics"
    r"|ResolvedHint|MapInPandas|MapInArrow|Sort)\b|Repartition \d+, false\b"
)
ANALYSED_PLAN = re.compile(r"^== Analyzed Logical Plan ==\n.*\n((?:(?!== ).*\n)*)", re.MULTILINE)


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
        not_applied: Settings that came too late to have an effect.
    """

    spark: SparkSession
    not_applied: tuple[str, ...]

    def ship(self, archive: Path) -> None:
        """Sends a zip of Python code to where UDFs run."""
        ...

    def facts(self) -> dict[str, Any]:
        """Returns versions, master, application id and web page, as far as they are known."""
        ...

    def work(self, group: str, text: str) -> AbstractContextManager[None]:
        """Names the jobs that this thread starts inside; each group has a scheduler pool of its own."""
        ...

    def counts(self, group: str) -> Counts:
        """Returns what was done for a group so far; may be called from any thread."""
        ...

    def executors(self) -> int:
        """Returns the number of executors besides the driver; 0 where that is not known."""
        ...

    def cancel(self) -> None:
        """Asks Spark to end all jobs of this run."""
        ...

    def explain(self, frame: DataFrame) -> str:
        """Returns the plans of a DataFrame as text, cut after 200,000 characters."""
        ...

    def is_deterministic(self, frame: DataFrame) -> bool | None:
        """Returns whether the frame's plan gives the same rows each time; None if that is not known."""
        ...

    def is_ordered(self, frame: DataFrame) -> bool:
        """Returns whether the frame's rows are sorted as a whole, as far as the plan shows it."""
        ...

    def failed_metrics(self, group: str) -> list[dict[str, Any]]:
        """Returns the SQL metrics of the group's failed executions; empty where they are not known."""
        ...

    def no_stop(self) -> AbstractContextManager[None]:
        """Makes a `stop()` by the project's code an error of it while the block runs."""
        ...

    def stop(self, *, silently: bool) -> None:
        """Ends the session, unless it was there before the run."""
        ...


def plan_text(explain: Callable[[], str]) -> str:
    """Returns a plan, cut; where explaining it fails, the reason stands for it."""
    try:
        text = str(explain())
    except Exception as error:  # noqa: BLE001 - what is explained may be what has just failed
        return f"the plan is not known: {error_line(error, longest=500)}"
    cut = len(text) - LONGEST_PLAN
    return text if cut <= 0 else f"{text[:LONGEST_PLAN]}\n… {cut:,} characters more"


def is_sorted(plan: str) -> bool:
    """Returns whether an analysed plan ends in a sort of all rows, with nothing after it that may move them."""
    lines, margin = iter(plan.splitlines()), ""
    node: str | None = next(lines, None)
    while node is not None and ORDER_PRESERVING.match(node):
        if GLOBAL_SORT.match(node):
            return True
        branches = node.startswith("WithCTE")  # its last child is the query, those before are what that names
        for line in lines:
            if line.startswith(f"{margin}+- "):
                node, margin = line[len(margin) + 3 :], f"{margin}   "
                break
            if line.startswith(f"{margin}:- ") and not branches:
                return False
        else:
            node = None
    return False


def analysed_plan(explained: str) -> str:
    """Returns the analysed plan from the text of an extended explain, without the schema above it."""
    match = ANALYSED_PLAN.search(explained)
    return match[1] if match else ""
