"""The profile of a checkpoint: what each column's values are like, found by DuckDB, one column after the other.

A column that takes up to `EXACT_BYTES` decoded is read into memory and told exactly. One that takes more is streamed
a few times, some pages at a time; its distinct values, quantiles and top values are sketched by HyperLogLog, t-digest
and a space-saving list. Counts, least and greatest values, means and histograms are exact either way.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from spark_etl.parquet import sizes_in_memory
from spark_etl.reading import duck
from spark_etl.reading.rows import Rows
from spark_etl.storage import S3Settings

if TYPE_CHECKING:
    import pyarrow as pa

EXACT_BYTES = 64_000_000
DATABASE_MEMORY = "400MB"
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
BINS = 20
TOP = 5
MOST_FREQUENT = (
    "select value, count(*) as times from scanned where value is not null group by value order by times desc, value"
)
NOTHING = "max(null)"  # over many rows, as what stands beside it
ORDERED = ("number", "moment")

Scan = Callable[[], Any]


@dataclass(frozen=True)
class Histogram:
    """How many values lie between two neighbouring edges.

    Attributes:
        edges: One more than there are counts; equally far apart.
        counts: The last bin includes its right edge.
    """

    edges: tuple[Any, ...]
    counts: tuple[int, ...]


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
        exact: Whether distinct, quantiles and top values are exact; else they are sketched.
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


def profile_columns(
    paths: Sequence[str], columns: Sequence[str], types: Sequence[str], settings: S3Settings | None = None
) -> Iterator[ColumnProfile]:
    """Yields the profile of each column.

    Args:
        paths: The Parquet files.
        columns: Which columns.
        types: Their types, as Spark's SQL writes them.
        settings: How to reach S3; from the environment if not given.
    """
    sizes, schema = sizes_in_memory(paths, columns, settings), Rows(paths, columns, None, settings).schema
    with duck.connection(memory=DATABASE_MEMORY) as connected:
        connected.execute("set threads = 2")  # each holds its own sketches
        for name, text in zip(columns, types, strict=True):
            kind, small = schema.field(name).type, sizes[name] <= EXACT_BYTES
            scan, exact = _scan(Rows(paths, [name], None, settings), kind, small=small)
            yield _Column(connected, name, text, _kind(kind), scan, exact=exact).profile()


def _scan(rows: Rows, kind: Any, *, small: bool) -> tuple[Scan, bool]:
    """Returns what gives the column as `value`, as often as it is asked for, and whether it is held in memory."""
    import pyarrow as pa

    schema = pa.schema([pa.field("value", kind)])

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in rows.one_by_one():
            yield pa.record_batch([batch.column(0)], schema=schema)

    held = _held(batches()) if small else None
    if held is not None:
        table = pa.Table.from_batches(held, schema)
        return lambda: table, True
    return lambda: pa.RecordBatchReader.from_batches(schema, batches()), False


def _held(batches: Iterator[pa.RecordBatch]) -> list[pa.RecordBatch] | None:
    """Returns all batches; None as soon as they take too much: of texts that repeat, few bytes become many."""
    kept, size = [], 0
    for batch in batches:
        kept.append(batch)
        size += batch.nbytes
        if size > EXACT_BYTES:
            return None
    return kept


def _kind(kind: Any) -> str:
    """Returns what can be asked of a type: number, moment, text (also bytes and booleans), or nothing but its NULLs."""
    from pyarrow import types

    if types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind):
        return "number"
    if types.is_date(kind) or types.is_timestamp(kind):
        return "moment"
    texts = (types.is_string, types.is_large_string, types.is_boolean, types.is_binary, types.is_large_binary)
    return "text" if any(is_so(kind) for is_so in texts) else "other"


class _Column:
    """Asks DuckDB about one column, which it sees as `value`."""

    def __init__(self, connected: Any, name: str, text: str, kind: str, scan: Scan, *, exact: bool) -> None:
        self._connected = connected
        self._name = name
        self._type = text
        self._kind = kind
        self._scan = scan
        self._exact = exact
        self._is_float = text in {"float", "double"}

    def profile(self) -> ColumnProfile:
        if self._kind == "other":
            rows, nulls = self._ask("count(*), count(*) - count(value)")
            return self._profile(rows, nulls)
        rows, nulls, nans, least, greatest, mean, deviation = self._ask(
            f"count(*), count(*) - count(value), count(*) filter ({self._is_nan}), min({self._value}), "
            f"max({self._value}), {self._of_numbers('avg')}, {self._of_numbers('stddev_samp')}"
        )
        bins = Bins.between(least, greatest) if self._kind in ORDERED else None
        more = self._exactly(bins) if self._exact else self._sketched(bins)
        known = {"nans": nans, "least": least, "greatest": greatest, "mean": mean, "deviation": deviation}
        return self._profile(rows, nulls, **known, **more)

    def _profile(self, rows: int, nulls: int, **known: Any) -> ColumnProfile:
        nothing: dict[str, Any] = dict.fromkeys(("distinct", "least", "greatest", "mean", "deviation", "histogram"))
        return ColumnProfile(
            name=self._name,
            type=self._type,
            rows=rows,
            nulls=nulls,
            exact=self._exact,
            **{**nothing, "nans": 0, "quantiles": {}, "top": (), **known},
        )

    @property
    def _is_nan(self) -> str:
        return "isnan(value)" if self._is_float else "false"

    @property
    def _value(self) -> str:
        """The value, NULL for NaN."""
        return "case when isnan(value) then null else value end" if self._is_float else "value"

    @property
    def _number(self) -> str:
        """The value as a double, NULL for what is not finite: of a moment the seconds since 1970."""
        if self._kind == "moment":
            return "epoch(value)"
        return "case when isfinite(cast(value as double)) then cast(value as double) end"

    def _of_numbers(self, function: str) -> str:
        return f"{function}({self._number})" if self._kind == "number" else NOTHING

    def _ask(self, what: str, values: Sequence[Any] = ()) -> Any:
        return self._all(f"select {what} from scanned", values)[0]  # noqa: S608 - this module's own words

    def _all(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        self._connected.register("scanned", self._scan())
        try:
            # not fetchall(): it needs a library of time zones for a moment
            found = self._connected.sql(query, params=list(values)).to_arrow_table()
        finally:
            self._connected.unregister("scanned")
        return list(zip(*(column.to_pylist() for column in found.columns), strict=True))

    def _exactly(self, bins: Bins | None) -> dict[str, Any]:
        ((distinct,),) = self._all("select count(*) from (select distinct value from scanned where value is not null)")
        asked = self._quantiles("quantile_disc", self._value)
        quantiles, counted = self._ask(f"{asked}, {self._binned(bins)}")
        top = self._all(f"{MOST_FREQUENT} limit {TOP}")
        return {"distinct": distinct, "quantiles": _shares(quantiles), "top": tuple(top), **_histogram(bins, counted)}

    def _sketched(self, bins: Bins | None) -> dict[str, Any]:
        asked = self._quantiles("approx_quantile", self._number)
        found = self._ask(f"approx_count_distinct(value), {asked}, approx_top_k(value, {TOP})")
        distinct, quantiles, values = found[0], found[1], found[2] or []
        times = "".join(f", count(*) filter (value = ${number})" for number in range(1, len(values) + 1))
        counted, *counts = self._ask(f"{self._binned(bins)}{times}", values)
        if quantiles and bins:
            quantiles = [bins.told(value) for value in quantiles]
        top = tuple(sorted(zip(values, counts, strict=True), key=lambda pair: -pair[1]))
        return {"distinct": distinct, "quantiles": _shares(quantiles), "top": top, **_histogram(bins, counted)}

    def _quantiles(self, function: str, value: str) -> str:
        return f"{function}({value}, {list(QUANTILES)})" if self._kind in ORDERED else NOTHING

    def _binned(self, bins: Bins | None) -> str:
        if bins is None:
            return NOTHING
        position = f"floor(({self._number} - {bins.least!r}) / {bins.width!r})"
        return f"histogram(cast(greatest(least({position}, {bins.number - 1}), 0) as integer))"


@dataclass(frozen=True)
class Bins:
    """Equal parts between the smallest and the largest value, as doubles.

    Attributes:
        like: A value of the column, whose type the edges get.
    """

    least: float
    width: float
    number: int
    like: Any

    @classmethod
    def between(cls, least: Any, greatest: Any) -> Bins | None:
        """Returns the bins; None where there are no values, or they have no finite bounds."""
        if least is None or greatest is None:
            return None
        low, high = _as_number(least), _as_number(greatest)
        if not math.isfinite(high - low):
            return None
        number = BINS if high > low else 1
        return cls(low, (high - low) / number or 1.0, number, least)

    def told(self, value: float) -> Any:
        """Returns a number as the column has its values: moments are moments."""
        if isinstance(self.like, datetime):
            moment = datetime.fromtimestamp(value, UTC)
            return moment if self.like.tzinfo else moment.replace(tzinfo=None)
        if isinstance(self.like, date):
            return datetime.fromtimestamp(value, UTC).date()
        return value

    def edges(self) -> tuple[Any, ...]:
        """Returns the bounds of all bins; a single value has one bin that begins and ends with it."""
        last = self.least if self.number == 1 else self.least + self.width * self.number
        inner = (self.least + self.width * position for position in range(self.number))
        return tuple(self.told(value) for value in (*inner, last))


def _as_number(value: Any) -> float:
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC).timestamp()
    return float(value)


def _shares(quantiles: Sequence[Any] | None) -> dict[float, Any]:
    return dict(zip(QUANTILES, quantiles, strict=True)) if quantiles else {}


def _histogram(bins: Bins | None, counted: Sequence[tuple[int, int]] | None) -> dict[str, Any]:
    if bins is None:
        return {"histogram": None}
    known = dict(counted or ())
    return {"histogram": Histogram(bins.edges(), tuple(known.get(number, 0) for number in range(bins.number)))}
