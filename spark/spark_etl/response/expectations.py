"""Whether rows are what their feature promised: one pass over a kept DataFrame, and one more for each unique key."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from spark_etl.errors import ResponseError
from spark_etl.names import quoted
from spark_etl.reading.tables import text_table
from spark_etl.response.declaration import Response, has_expectations
from spark_etl.response.pandera import pandera_findings
from spark_etl.response.types import kind
from spark_etl.units import format_count

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from spark_etl.feature import SparkFeature

SAMPLE_ROWS = 5
SAMPLE_COLUMNS = 8
MOST_SAMPLED = 5
WIDEST = 32
SHOWN_AS_TEXT = {"boolean", "tinyint", "smallint", "int", "bigint", "float", "double", "decimal", "string", "date"}
SHOWN_AS_TEXT |= {"timestamp", "timestamp_ntz"}


@dataclass(frozen=True)
class RowRule:
    """One expectation of one column.

    Attributes:
        column: The column.
        text: What holds for it: "must not be NULL".
        broken: True for the rows that break it.
    """

    column: str
    text: str
    broken: Column


def check_expectations(alias: str, feature: SparkFeature, frame: DataFrame) -> None:
    """Refuses rows that break the feature's response.

    Args:
        alias: The feature's alias.
        feature: The feature.
        frame: Its DataFrame as kept: it is read once, and once more for each unique key.

    Raises:
        ResponseError: Rows break it; the message has for each expectation how many, and some of them.
    """
    response = feature.response
    if response is None or not has_expectations(feature):
        return
    if isinstance(response, Response):
        findings = [*_broken_rules(response, frame), *_broken_keys(response, frame)]
    else:
        findings = pandera_findings(response, frame)
    if findings:
        raise ResponseError(
            alias,
            "its rows break its response:"
            + "".join(f"\n  {line}" for _, text in findings for line in text.splitlines()),
            columns=list(dict.fromkeys(column for columns, _ in findings for column in columns)),
            hint=f"look at the kept rows: run[{alias!r}].sql(…)",
        )


Finding = tuple[Sequence[str], str]


def _rules(response: Response) -> list[RowRule]:
    from pyspark.sql import functions as F  # noqa: N812 - as everyone calls it

    rules = [RowRule(name, "must not be NULL", F.col(quoted(name)).isNull()) for name in response.not_null]
    for name, (lower, upper) in response.ranges.items():
        column = F.col(quoted(name))
        below = F.lit(False) if lower is None else column < F.lit(lower)
        above = F.lit(False) if upper is None else column > F.lit(upper)
        rules.append(RowRule(name, f"must be {_bounds(lower, upper)}", below | above))
    for name, values in response.allowed.items():
        one_of = _clip(", ".join(map(str, values)), 100)
        rules.append(RowRule(name, f"must be one of {one_of}", ~F.col(quoted(name)).isin(values)))
    return rules


def _bounds(lower: Any, upper: Any) -> str:
    if upper is None:
        return f"at least {lower}"
    return f"at most {upper}" if lower is None else f"from {lower} to {upper}"


def _broken_rules(response: Response, frame: DataFrame) -> Iterator[Finding]:
    """Yields the broken rules that concern one row alone; all are counted in one pass."""
    from pyspark.sql import functions as F  # noqa: N812

    rules = _rules(response)
    if not rules:
        return
    counts = frame.agg(F.count(F.lit(1)), *(F.count_if(rule.broken) for rule in rules)).collect()[0]
    broken = [(rule, count) for rule, count in zip(rules, counts[1:], strict=True) if count]
    for position, (rule, count) in enumerate(broken):
        text = f"`{rule.column}` {rule.text}: {count:,} of {counts[0]:,} rows break it"
        if position < MOST_SAMPLED:
            text += "\n" + _sample(response, frame.where(rule.broken), rule.column)
        yield [rule.column], text


def _sample(response: Response, broken: DataFrame, column: str) -> str:
    """Returns some of the rows as a table: their keys, the column that is wrong, then what fits."""
    types = response.types()
    keys = [name for key in response.unique[:1] for name in key]
    small = [name for name, text in types.items() if kind(text) in SHOWN_AS_TEXT]
    names = list(dict.fromkeys([*keys, column, *small]))[:SAMPLE_COLUMNS]
    rows = broken.select(*(_as_text(name, types[name]) for name in names)).limit(SAMPLE_ROWS).collect()
    return _table(names, rows)


def _as_text(name: str, type_text: str) -> Column:
    """Returns a column as text, cut where it is: no wide value comes to the driver."""
    from pyspark.sql import functions as F  # noqa: N812

    column = F.col(quoted(name))
    text = column.cast("string") if kind(type_text) in SHOWN_AS_TEXT else F.when(column.isNotNull(), F.lit("…"))
    return F.substring(text, 1, WIDEST + 1)


def _broken_keys(response: Response, frame: DataFrame) -> Iterator[Finding]:
    from pyspark.sql import functions as F  # noqa: N812

    types = response.types()
    for key in response.unique:
        columns = [F.col(quoted(name)).alias(f"key_{position}") for position, name in enumerate(key)]
        names = [f"key_{position}" for position in range(len(key))]
        counted = frame.select(*columns).dropna(subset=names).groupBy(*names).agg(F.count(F.lit(1)).alias("times"))
        shared = counted.where("times > 1")
        keys, rows = shared.agg(F.count(F.lit(1)), F.sum("times")).collect()[0]
        if keys:
            most = shared.orderBy(F.desc("times"), *names).limit(SAMPLE_ROWS)
            shown = [
                *(_as_text(position, types[name]) for position, name in zip(names, key, strict=True)),
                F.col("times"),
            ]
            what = ", ".join(f"`{name}`" for name in key)
            text = f"{what} must be unique: {rows:,} rows share {format_count(keys, 'key')}"
            yield key, f"{text}\n{_table([*key, 'rows'], most.select(*shown).collect())}"


def _table(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    cells = [["NULL" if cell is None else _clip(" ".join(str(cell).split()), WIDEST) for cell in row] for row in rows]
    table = text_table([_clip(name, WIDEST) for name in names], cells)
    return "\n".join(f"  {line}" for line in table.splitlines())


def _clip(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"
