"""`debug.head(orders)`: how many rows a DataFrame has, its columns with their types, and the first rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from spark_etl.errors import ArgumentError, RunFailedError
from spark_etl.reading.tables import html_table, text_table
from spark_etl.runner.failure.reason import reason_of
from spark_etl.units import format_count

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

LONGEST_VALUE, LONGEST_TYPE = 80, 60
NULL = "NULL"


@dataclass(frozen=True)
class Head:
    """The first rows of a DataFrame; it shows itself.

    Attributes:
        rows: How many the DataFrame has.
        columns: Name and type of each column, as Spark's SQL writes it.
        first: The first rows, each value as text.
    """

    rows: int
    columns: Sequence[tuple[str, str]]
    first: Sequence[Sequence[str]]

    def _headline(self) -> str:
        return f"{format_count(self.rows, 'row')}, {format_count(len(self.columns), 'column')}"

    def _titles(self) -> list[str]:
        return [f"{name}: {_cut(kind, LONGEST_TYPE)}" for name, kind in self.columns]

    def __repr__(self) -> str:
        return f"{self._headline()}\n{text_table(self._titles(), self.first)}" if self.columns else self._headline()

    def _repr_html_(self) -> str:
        more = self.rows - len(self.first)
        shown = f", the first {len(self.first)}" if more > 0 else ""
        return f"<p>{escape(self._headline() + shown)}</p>{html_table(self._titles(), self.first)}"


def head_of(frame: DataFrame, rows: int = 10, *, every_row: bool = False) -> Head:
    """Returns the first rows of a DataFrame. Spark computes it twice: to count it, and up to those rows.

    To count rows, Spark leaves out the columns. So an expression that fails late may fail in neither.

    Values are texts made by Spark, so that moments are in the session's time zone, and long ones are cut before they
    are fetched.

    Args:
        frame: Of a classic or a Spark Connect session.
        rows: How many to show.
        every_row: Whether all columns of all rows are computed first, as a run does that writes them.

    Raises:
        ArgumentError: It is no DataFrame of Spark.
        RunFailedError: `every_row` is asked for, and one can't be computed.
    """
    if not isinstance(getattr(frame, "dtypes", None), list) or not hasattr(frame, "toDF"):
        what = f"{type(frame).__module__}.{type(frame).__qualname__}"
        hint = "debug.head(frame.select(column))" if what.endswith(".Column") else "debug.head(result)"
        raise ArgumentError(f"head() shows DataFrames of Spark, and this is a {what}", hint=hint)
    columns = list(frame.dtypes)
    if every_row:
        _compute(frame)
    count = frame.count()
    return Head(count, columns, _first(frame, columns, rows) if columns and count else [])


def _compute(frame: DataFrame) -> None:
    """Computes all columns of all rows, and keeps none.

    Raises:
        RunFailedError: That fails; why, in a few lines.
    """
    from pyspark.errors import PySparkException

    try:
        frame.write.format("noop").mode("overwrite").save()
    except PySparkException as error:
        raise RunFailedError(f"not all rows can be computed: {reason_of(error)}") from error


def _first(frame: DataFrame, columns: Sequence[tuple[str, str]], rows: int) -> list[list[str]]:
    """Returns rows as texts; columns are named by their places, as two may have one name."""
    names = [f"c{place}" for place in range(len(columns))]
    texts = [_text(name, kind) for name, (_, kind) in zip(names, columns, strict=True)]
    found: list[Any] = frame.limit(rows).toDF(*names).select(*texts).collect()
    return [[NULL if value is None else _cut(value, LONGEST_VALUE) for value in row] for row in found]


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[:longest]}…"


def _text(name: str, kind: str) -> Column:
    from pyspark.sql import functions as F  # noqa: N812 - as everyone calls it

    whole = F.hex(name) if kind == "binary" else F.col(name).cast("string")
    return F.substring(whole, 1, LONGEST_VALUE + 1).alias(name)
