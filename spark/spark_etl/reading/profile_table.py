"""A profile as a notebook and a terminal show it: a row for each column, its histogram drawn small."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from html import escape
from typing import TYPE_CHECKING, Any

from spark_etl.errors import CheckpointError
from spark_etl.names import alternatives
from spark_etl.printable import printable
from spark_etl.reading.histogram import Histogram
from spark_etl.reading.profile import ColumnProfile
from spark_etl.reading.tables import html_table, text_table

if TYPE_CHECKING:
    import pandas as pd

HEAD = ("column", "type", "nulls", "distinct", "least", "median", "greatest", "mean", "top values", "histogram")
BLOCKS = "▁▂▃▄▅▆▇█"
WIDEST = 26  # a moment with its zone
SHOWN_TOP = 3
BAR_WIDTH, BAR_HEIGHT = 6, 28
ESTIMATED = "~ estimated: the distinct values, quantiles and top values of a column with so many different values"


class Profile:
    """What the columns of a checkpoint are like: `profile["amount"]` is a `ColumnProfile`.

    Args:
        headline: Which checkpoint it is.
        columns: The columns' profiles.
    """

    def __init__(self, headline: str, columns: Sequence[ColumnProfile]) -> None:
        self._headline = headline
        self.columns = {column.name: column for column in columns}

    def __getitem__(self, column: str) -> ColumnProfile:
        """Returns the profile of a column.

        Raises:
            CheckpointError: It was not profiled.
        """
        if column not in self.columns:
            raise CheckpointError(f"no profile of a column `{column}`. {alternatives(column, self.columns)}")
        return self.columns[column]

    def __iter__(self) -> Iterator[ColumnProfile]:
        return iter(self.columns.values())

    def __len__(self) -> int:
        return len(self.columns)

    def _ipython_key_completions_(self) -> list[str]:
        return list(self.columns)

    def pandas(self) -> pd.DataFrame:
        """Returns a row for each column, with all that is known as values."""
        import pandas

        return pandas.DataFrame([vars(column) for column in self]).set_index("name")

    @property
    def _notes(self) -> str:
        return "" if all(column.exact for column in self) else ESTIMATED

    def __repr__(self) -> str:
        rows = [[*_cells(column), _blocks(column.histogram)] for column in self]
        return "\n".join(filter(None, [printable(self._headline), text_table(HEAD, rows), self._notes]))

    def _repr_html_(self) -> str:
        table = html_table(HEAD[:-1], [_cells(column) for column in self], self._headline)
        head, *rows = table.split("</tr>")
        drawn = (_svg(column) for column in self)
        body = [f"{row}<td>{next(drawn)}</td>" if "<td" in row else row for row in rows]
        notes = f"<p>{escape(self._notes)}</p>" if self._notes else ""
        return "</tr>".join([f'{head}<th style="text-align:left">{HEAD[-1]}</th>', *body]) + notes


def _cells(column: ColumnProfile) -> list[str]:
    if column.error:
        return [column.name, column.type, *[""] * 6, f"not profiled: {column.error}"]
    about = "" if column.exact else "~"
    distinct = "" if column.distinct is None else f"{about}{column.distinct:,}"
    median = column.quantiles.get(0.5)
    mean = "" if column.mean is None else format_value(column.mean)
    return [
        column.name,
        column.type,
        _nulls(column),
        distinct,
        format_value(column.least),
        "" if median is None else f"{about}{format_value(median)}",
        format_value(column.greatest),
        mean,
        ", ".join(f"{format_value(value)} ({times:,})" for value, times in column.top[:SHOWN_TOP]),
    ]


def _nulls(column: ColumnProfile) -> str:
    share = f" ({column.nulls / column.rows:.1%})" if column.nulls else ""
    nans = f", {column.nans:,} NaN" if column.nans else ""
    return f"{column.nulls:,}{share}{nans}"


def format_value(value: Any) -> str:
    """Returns a value as a table shows it: short, numbers with four digits or in full when they are whole."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:,.0f}" if value.is_integer() and abs(value) < 1e15 else f"{value:,.4g}"
    if isinstance(value, int):
        return f"{value:,}"
    text = value.isoformat(sep=" ", timespec="seconds") if isinstance(value, datetime) else str(value)
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 1]}…"


def _blocks(histogram: Histogram | None) -> str:
    if histogram is None:
        return ""
    most = max(histogram.counts) or 1
    return "".join(" " if not count else BLOCKS[round(count / most * (len(BLOCKS) - 1))] for count in histogram.counts)


def _svg(column: ColumnProfile) -> str:
    """Returns bars in the colour of the text around them; each names its bounds and its count."""
    histogram = column.histogram
    if histogram is None:
        return ""
    most = max(histogram.counts) or 1
    bars = ""
    for position, count in enumerate(histogram.counts):
        height = max(round(count / most * BAR_HEIGHT, 1), 0.8 if count else 0)
        bounds = f"{format_value(histogram.edges[position])} … {format_value(histogram.edges[position + 1])}: {count:,}"
        bars += (
            f'<rect x="{position * BAR_WIDTH}" y="{BAR_HEIGHT - height:g}" width="{BAR_WIDTH - 1}" height="{height:g}">'
            f"<title>{escape(printable(bounds))}</title></rect>"
        )
    width = len(histogram.counts) * BAR_WIDTH
    name = escape(printable(f"Histogram of {column.name}"))
    return (
        f'<svg role="img" aria-label="{name}" width="{width}" height="{BAR_HEIGHT}" fill="currentColor" '
        f'fill-opacity="0.7">{bars}</svg>'
    )
