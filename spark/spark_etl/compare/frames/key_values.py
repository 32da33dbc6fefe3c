"""Values of the columns that may be a key: in the first rows of a side, and counted in all rows of both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from spark_etl.compare.frames.quick import QuickTables
from spark_etl.compare.frames.sides import Sides
from spark_etl.compare.frames.stored import StoredRows
from spark_etl.reading.rows import Rows

SAMPLE_ROWS = 10_000  # of each side, in which columns that are not unique are told from those that may be
SAMPLE_VALUES = 500_000


class FirstRows:
    """The hashes of the first rows of a side.

    Args:
        tables: The rows of the sides.
        sides: What is compared.
        side: Which one.
        places: Of the columns that may be in a key.
    """

    def __init__(self, tables: QuickTables, sides: Sides, side: str, places: Sequence[int]) -> None:
        hashes = ", ".join(f"hash({sides.values(side, place)})" for place in places)
        limit = max(min(SAMPLE_ROWS, SAMPLE_VALUES // len(places)), 1)
        table = f"hashed_{side}" if sides.is_small else f"quick_{side}"
        rows = tables.run(f"select {hashes} from (select * from {table} limit {limit + 1})")  # noqa: S608
        self.is_all = len(rows) <= limit
        self.count = len(rows)
        self._columns = dict(zip(places, zip(*rows, strict=True), strict=True)) if rows else {}

    def values(self, places: Sequence[int]) -> set[Any]:
        """Returns the different values of some columns."""
        columns = [self._columns[place] for place in places]
        return set(columns[0] if len(columns) == 1 else zip(*columns, strict=True))

    def is_unique(self, places: Sequence[int]) -> bool:
        """Returns whether no value is there twice."""
        return len(self.values(places)) == self.count


@dataclass(frozen=True)
class Values:
    """How many rows a side has, how many values in a column, and how many of them several times, but for NULL."""

    rows: int
    values: int
    repeated: int


@dataclass(frozen=True)
class ValueCounts:
    """The values of both sides, and how many both have."""

    a: Values
    b: Values
    shared: int


def count_values(tables: QuickTables, sides: Sides, place: int) -> ValueCounts:
    """Returns how often the values of a column are there."""
    is_repeated = "rows_{} > 1 and not is_null"
    counts = ", ".join(
        f"coalesce(sum(rows_{side}), 0), count_if(rows_{side} > 0), count_if({is_repeated.format(side)})"
        for side in "ab"
    )
    ((*found, shared),) = tables.run(
        f"select {counts}, count_if(rows_a > 0 and rows_b > 0) from ("  # noqa: S608
        "select q, bool_or(is_null) as is_null, count_if(side = 1) as rows_a, count_if(side = 2) as rows_b "
        f"from ({_key_hashes(tables, sides, (place,))}) group by q)"
    )
    numbers = [int(number) for number in found]
    return ValueCounts(Values(*numbers[:3]), Values(*numbers[3:]), int(shared))


def count_shared(tables: QuickTables, sides: Sides, first: Mapping[str, FirstRows], places: tuple[int, ...]) -> int:
    """Returns how many values both sides have of columns that are unique in both; 0 if they are not."""
    if all(rows.is_all for rows in first.values()):
        return len(first["a"].values(places) & first["b"].values(places))
    query = (
        "select count(*) filter (rows > 2 or sides <> 3 and rows > 1), count(*) filter (rows = 2 and sides = 3) "  # noqa: S608
        "from (select count(*) as rows, bit_or(side) as sides "
        f"from ({_key_hashes(tables, sides, places)}) group by q)"
    )
    ((repeated, shared),) = tables.run(query)
    return 0 if repeated else int(shared)


def _key_hashes(tables: QuickTables, sides: Sides, places: tuple[int, ...]) -> str:
    """Returns a query of all rows: the hash of some columns, whether the first one is NULL, and 1 for A or 2 for B."""
    queries = []
    for mark, side, rows in ((1, "a", sides.rows_a), (2, "b", sides.rows_b)):
        if not tables.is_quick and rows:
            _register_columns(tables.connected, sides, side, rows, places)
        table = f"quick_{side}" if tables.is_quick else f"keys_{side}"
        one, _ = sides.hashes(side, places)
        is_null = f"c{places[0]} is null as is_null"
        queries.append(f"select {one} as q, {is_null}, {mark}::utinyint as side from {table}")  # noqa: S608
    return " union all ".join(queries)


def _register_columns(connected: Any, sides: Sides, side: str, rows: Rows, places: tuple[int, ...]) -> None:
    """Makes a table of some columns alone: no others are read."""
    kinds = sides.kinds[side][0]
    chosen = Rows(rows.paths, [sides.columns[place] for place in places], None, rows.settings, rows.folders)
    connected.register(f"of_{side}", StoredRows(chosen, [kinds[place] for place in places]))
    names = ", ".join(f"c{number} as c{place}" for number, place in enumerate(places))
    connected.execute(f"create or replace temp view keys_{side} as select {names} from of_{side}")  # noqa: S608
