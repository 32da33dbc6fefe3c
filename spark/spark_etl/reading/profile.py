"""The profile of a checkpoint: what each column's values are like, found by DuckDB, one column after the other.

1. A column that takes up to `EXACT_BYTES` decoded is read into memory once; a larger one is streamed for each query.
2. One pass finds counts, bounds, mean and deviation, and estimates how many different values there are.
3. Of a column in memory, or with up to `FEW_VALUES` that take no more, a table of each value and its count answers the
   rest exactly.
4. Else quantiles and candidates for top values come from a sample of `SAMPLE` rows. Histograms, and how often the top
   values occur, are exact either way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from spark_etl.folder_columns import FolderColumns
from spark_etl.parquet import sizes_in_memory
from spark_etl.reading import duck
from spark_etl.reading.histogram import Bins, Histogram
from spark_etl.reading.python_values import to_python
from spark_etl.reading.rows import Rows
from spark_etl.storage import S3Settings

if TYPE_CHECKING:
    import pyarrow as pa

EXACT_BYTES = 64_000_000
DATABASE_MEMORY = "300MB"  # more goes to disk
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
FEW_VALUES = 1_000_000
SAMPLE = 1_000_000  # puts the median between the quantiles 0.499 and 0.501
TOP = 5
COUNTED = "select value, count(*) as times from scanned where value is not null group by value"
UP_TO = "(select value, sum(times) over (order by value) as upto from counted)"
NOTHING = "max(null)"  # over many rows, as what stands beside it
ORDERED = ("number", "moment")
INFINITE = float("inf")

Scan = Callable[[], Any]


@dataclass(frozen=True)
class ColumnProfile:
    """What the values of one column are like; what makes no sense for its type is None or empty.

    Attributes:
        name: The column.
        type: Its type, as Spark's SQL writes it.
        rows: Rows of the checkpoint.
        nulls: Rows without a value.
        nans: Rows whose value is NaN; they count in none of the following but `distinct` and `top`.
        distinct: Different values.
        least: Smallest value.
        greatest: Largest value.
        mean: Of numbers.
        deviation: Standard deviation of the sample, of numbers.
        quantiles: Share → the value that so many are not above.
        top: The most frequent values with how often they occur.
        histogram: Of numbers and moments.
        exact: Whether distinct, quantiles and top values are exact; else they are estimates.
        error: Why nothing more than the name is known of it; empty if it was profiled.
    """

    name: str
    type: str
    rows: int
    nulls: int
    nans: int
    distinct: int | None
    least: Any
    greatest: Any
    mean: float | None
    deviation: float | None
    quantiles: dict[float, Any]
    top: tuple[tuple[Any, int], ...]
    histogram: Histogram | None
    exact: bool
    error: str = ""


def profile_columns(
    paths: Sequence[str],
    columns: Sequence[str],
    types: Sequence[str],
    settings: S3Settings | None = None,
    folders: FolderColumns | None = None,
) -> Iterator[ColumnProfile]:
    """Yields the profile of each column.

    Args:
        paths: The Parquet files.
        columns: Which columns.
        types: Their types, as Spark's SQL writes them.
        settings: How to reach S3; from the environment if not given.
        folders: The columns of the files' folders, if they have been adopted.
    """
    sizes, schema = sizes_in_memory(paths, columns, settings), Rows(paths, columns, None, settings, folders).schema
    with duck.connection(memory=DATABASE_MEMORY) as connected:
        connected.execute("set threads = 2")  # each has its own hash tables
        for name, text in zip(columns, types, strict=True):
            kind, rows = schema.field(name).type, Rows(paths, [name], None, settings, folders)
            if _kind(kind) == "other":
                yield _count_only(name, text, rows)
                continue
            scan, exact = _scan(rows, kind, small=sizes[name] <= EXACT_BYTES)
            yield _Column(connected, name, text, kind, scan, exact=exact).profile_or_error()


def _count_only(name: str, text: str, rows: Rows) -> ColumnProfile:
    """Returns what is known of a column whose values have no order: how many there are."""
    batches = [(batch.num_rows, batch.column(0).null_count) for batch in rows.one_by_one()]
    return _known(name, text, sum(count for count, _ in batches), sum(nulls for _, nulls in batches), exact=True)


def _known(name: str, text: str, rows: int, nulls: int, *, exact: bool, **known: Any) -> ColumnProfile:
    nothing: dict[str, Any] = dict.fromkeys(("distinct", "least", "greatest", "mean", "deviation", "histogram"))
    nothing |= {"nans": 0, "quantiles": {}, "top": ()}
    return ColumnProfile(name=name, type=text, rows=rows, nulls=nulls, exact=exact, **{**nothing, **known})


def _scan(rows: Rows, kind: Any, *, small: bool) -> tuple[Scan, bool]:
    """Returns a function that gives the column as `value`, any number of times, and whether it gives it from memory."""
    import pyarrow as pa

    schema = pa.schema([pa.field("value", kind)])

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in rows.one_by_one():
            yield pa.record_batch([batch.column(0)], schema=schema)

    loaded = _load(batches()) if small else None
    if loaded is not None:
        table = pa.Table.from_batches(loaded, schema)
        return lambda: table, True
    return lambda: pa.RecordBatchReader.from_batches(schema, batches()), False


def _load(batches: Iterator[pa.RecordBatch]) -> list[pa.RecordBatch] | None:
    """Returns all batches; None as soon as they take too much: of texts that repeat, few bytes become many."""
    loaded, size = [], 0
    for batch in batches:
        loaded.append(batch)
        size += batch.nbytes
        if size > EXACT_BYTES:
            return None
    return loaded


def _kind(kind: Any) -> str:
    """Returns what a type is profiled as: number, moment, text (also bytes and booleans), or other: NULLs only."""
    from pyarrow import types

    if types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind):
        return "number"
    if types.is_date(kind) or types.is_timestamp(kind):
        return "moment"
    texts = (types.is_string, types.is_large_string, types.is_boolean, types.is_binary, types.is_large_binary)
    return "text" if any(is_so(kind) for is_so in texts) else "other"


class _Column:
    """Asks DuckDB about one column, which it sees as `value`."""

    def __init__(self, connected: Any, name: str, text: str, kind: Any, scan: Scan, *, exact: bool) -> None:
        self._connected = connected
        self._name = name
        self._type = text
        self._arrow = kind
        self._kind = _kind(kind)
        self._scan = scan
        self._exact = exact
        is_float = text in {"float", "double"}
        self._is_nan = "isnan(value)" if is_float else "false"
        self._value = "case when isnan(value) then null else value end" if is_float else "value"
        finite = "case when isfinite(cast(value as double)) then cast(value as double) end"
        seconds = "case when isfinite(value) then epoch(value) end"  # DuckDB takes the largest ones for infinite
        self._number = seconds if self._kind == "moment" else finite

    def profile_or_error(self) -> ColumnProfile:
        """Returns the profile; one that says why there is none if the column can't be profiled."""
        import duckdb

        try:
            return self._profile()
        except (duckdb.Error, ArithmeticError, ValueError) as error:
            return _known(self._name, self._type, 0, 0, exact=True, error=f"{type(error).__name__}: {error}")

    def _profile(self) -> ColumnProfile:
        of_numbers = [self._if("number", f"{name}({self._number})") for name in ("avg", "stddev_samp")]
        of_numbers += [f"{name}({self._number})" if self._kind in ORDERED else NOTHING for name in ("min", "max")]
        size_of_text = self._if("text", "avg(strlen(cast(value as varchar)))")
        ((rows, nulls, nans, least, greatest, mean, deviation, low, high, distinct, size),) = self._ask(
            f"count(*), count(*) - count(value), count(*) filter ({self._is_nan}), min({self._value}), "
            f"max({self._value}), {', '.join(of_numbers)}, approx_count_distinct(value), {size_of_text}"
        )
        self._exact = self._exact or (distinct <= FEW_VALUES and distinct * (size or 0) <= EXACT_BYTES)
        bounded = self._kind == "moment" or not {least, greatest} & {INFINITE, -INFINITE}
        bins = Bins.between(low, high, (least, greatest), self._arrow) if bounded else None
        known = {"nans": nans, "least": least, "greatest": greatest, "mean": mean, "deviation": deviation}
        more = self._counted(bins, rows - nulls - nans) if self._exact else self._estimated(bins, distinct, rows)
        return _known(self._name, self._type, rows, nulls, exact=self._exact, **known, **more)

    def _if(self, kind: str, aggregate: str) -> str:
        return aggregate if self._kind == kind else NOTHING

    def _ask(self, what: str, source: str = "scanned", values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Returns rows of `scanned`, which is the column, or of `counted`, its different values with their counts."""
        self._connected.register("scanned", self._scan())
        try:
            # not fetchall(): it needs a library of time zones for a moment
            query = f"select {what} from {source}"  # noqa: S608 - this module's own words
            found = self._connected.sql(query, params=list(values)).to_arrow_table()
        finally:
            self._connected.unregister("scanned")
        return list(zip(*map(to_python, found.columns), strict=True))

    def _counted(self, bins: Bins | None, numbers: int) -> dict[str, Any]:
        """Returns what follows from the counts of all values; `numbers` of the rows have a value other than NaN."""
        self._connected.register("scanned", self._scan())
        self._connected.execute(f"create temp table counted as {COUNTED}")
        top = self._ask("value, times, count(*) over ()", f"counted order by times desc, value limit {TOP}")
        shares = ", ".join(f"min(value) filter (upto >= {share * numbers})" for share in QUANTILES)
        quantiles = self._ask(shares, UP_TO)[0] if self._kind in ORDERED and numbers else ()
        binned = self._ask(f"{self._bin(bins)}, sum(times)", "counted group by 1")
        self._connected.execute("drop table counted")
        return {
            "distinct": top[0][2] if top else 0,
            "quantiles": dict(zip(QUANTILES, quantiles, strict=False)),
            "top": tuple((value, times) for value, times, _ in top),
            "histogram": bins and bins.histogram(binned),
        }

    def _estimated(self, bins: Bins | None, distinct: int, rows: int) -> dict[str, Any]:
        """Returns estimates from a sample; how often its top values occur in all rows is counted."""
        quantiles = f"quantile_disc({self._value}, {list(QUANTILES)})" if self._kind in ORDERED else NOTHING
        sample = f"scanned where random() < {SAMPLE / max(rows, 1)}"
        ((found, values),) = self._ask(f"{quantiles}, approx_top_k(value, {TOP})", sample)
        values = [value for value in values or [] if self._kind == "text" or not isinstance(value, str)]
        times = "".join(f", count(*) filter (value = ${place})" for place, _ in enumerate(values, 1))
        binned = self._ask(f"{self._bin(bins)}, count(*){times}", "scanned group by 1", values)
        counts = [sum(row[place] for row in binned) for place, _ in enumerate(values, 2)]
        return {
            "distinct": distinct,
            "quantiles": dict(zip(QUANTILES, found or (), strict=False)),
            "top": tuple(sorted(zip(values, counts, strict=True), key=lambda pair: -pair[1])),
            "histogram": bins and bins.histogram(row[:2] for row in binned),
        }

    def _bin(self, bins: Bins | None) -> str:
        """Returns the number of a value's bin, as SQL; NULL for what is no finite number."""
        if bins is None:
            return "null"
        position = f"floor(({self._number} - {bins.least!r}) / {bins.width!r})"
        within = f"cast(greatest(least({position}, {bins.number - 1}), 0) as integer)"  # which pass over a NULL
        return f"case when {self._number} is not null then {within} end"
