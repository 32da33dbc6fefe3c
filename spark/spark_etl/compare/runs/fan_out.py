"""A join that gives several rows for one: which upstream has them, and by which columns.

1. The feature's key is not unique in its rows, but is in one of its upstreams, `of`, that has these columns.
2. Another upstream, `by`, has columns in common with `of`, and several rows for one value of them, `on`. Of several
   choices the one with the fewest columns is taken.
3. Each key that several rows of the feature share has such a value, and most of them as many rows in the feature as
   `by` has for it, or a multiple. Else the rows prove nothing.

All is counted by DuckDB, which reads the columns that it needs alone; of the keys, at most `MOST_KEYS`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

from spark_etl.compare.frames.hashes import OtherKindError, UnknownTypeError, row_hashes
from spark_etl.compare.frames.stored import StoredRows
from spark_etl.compare.runs.result import FanOut
from spark_etl.reading import Checkpoint, duck

if TYPE_CHECKING:
    import pyarrow as pa

MOST_KEYS = 100_000  # that are shared: so many are looked up in the upstreams
MOST_ON = 3  # columns
MOST_COMMON = 8  # columns of which `on` is chosen
MEMORY = "500MB"


def find_fan_out(
    side: str, feature: str, keys: Sequence[str], frame: Checkpoint, upstreams: Mapping[str, Checkpoint]
) -> FanOut | None:
    """Returns the join that multiplies rows of a feature; None where the rows prove none.

    Args:
        side: `A` or `B`, for the result.
        feature: Its alias.
        keys: Its key; if none is given, single columns that are unique in an upstream are tried.
        frame: Its rows.
        upstreams: Alias → rows of what it reads. Those that were not kept are left out.

    Raises:
        CheckpointError: DuckDB is not installed.
        DamagedFileError: A file is not the one that the run wrote.
    """
    if not (frame.rows and len(upstreams) > 1):
        return None
    search = _Search(side, feature, frame, upstreams)
    candidates = [tuple(keys)] if keys else [(name,) for name in frame.schema]
    return next(filter(None, map(search.with_key, candidates)), None)


class _Search:
    def __init__(self, side: str, feature: str, frame: Checkpoint, upstreams: Mapping[str, Checkpoint]) -> None:
        self._side = side
        self._feature = feature
        self._frame = frame
        self._upstreams = upstreams

    def with_key(self, keys: tuple[str, ...]) -> FanOut | None:
        """Returns the join that multiplies rows of this key."""
        having = [alias for alias, rows in self._upstreams.items() if rows.rows and _has(rows, keys)]
        if not having or not _has(self._frame, keys):
            return None
        with duck.connection(memory=MEMORY, purpose="comparing rows") as connected, duck.refusals(keys):
            connected.execute("set preserve_insertion_order = false")
            for of in having:
                found = self._multiplied(connected, keys, of)
                if found is not None:
                    return found
        return None

    def _multiplied(self, connected: Any, keys: tuple[str, ...], of: str) -> FanOut | None:
        upstream = self._upstreams[of]
        hashed = _Hashed.of([self._frame, upstream], keys)
        if hashed is None:
            return None
        in_frame, in_upstream = (hashed.query(connected, place, "k") for place in (0, 1))
        with self._frame.explain_damage(), upstream.explain_damage():
            repeated = "select k, count(*) as rows from {} where k is not null group by k having count(*) > 1"
            connected.execute(f"create or replace temp table shared as {repeated.format(in_frame)}")
            ((keys_shared, rows),) = connected.execute("select count(*), sum(rows) from shared").fetchall()
            if not keys_shared or connected.execute(f"{repeated.format(in_upstream)} limit 1").fetchall():
                return None
            query = f"select * from shared order by k limit {MOST_KEYS}"  # noqa: S608
            connected.execute(f"create or replace temp table wanted as {query}")
        for by, on in self._choices(of):
            if self._explains(connected, keys, of, by, on):
                return FanOut(self._side, self._feature, keys, of, by, on, int(rows))
        return None

    def _choices(self, of: str) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yields other upstreams with columns that both have, few columns first."""
        for size in range(1, MOST_ON + 1):
            for by, rows in self._upstreams.items():
                if by != of and rows.rows:
                    common = [name for name in self._upstreams[of].schema if name in rows.schema][:MOST_COMMON]
                    yield from ((by, on) for on in combinations(common, size))

    def _explains(self, connected: Any, keys: tuple[str, ...], of: str, by: str, on: tuple[str, ...]) -> bool:
        """Returns whether `by` has several rows for the value of `on` of each key that several rows share."""
        one, other = self._upstreams[of], self._upstreams[by]
        key, joined = _Hashed.of([one, self._frame], keys), _Hashed.of([one, other], on)
        if key is None or joined is None:
            return False
        with one.explain_damage(), other.explain_damage():
            of_rows = joined.query(connected, 0, "o", key)
            connected.execute(
                f"create or replace temp table joined as select k, o from {of_rows} where k in (select k from wanted)"  # noqa: S608
            )
            several = (
                f"select o, count(*) as rows from {joined.query(connected, 1, 'o')} "  # noqa: S608
                "where o in (select o from joined) group by o having count(*) > 1"
            )
            ((wanted, explained, multiples),) = connected.execute(
                "select (select count(*) from wanted), count(*), count(*) filter (w.rows % s.rows = 0) from wanted w "  # noqa: S608
                f"join joined j on w.k = j.k join ({several}) s on j.o = s.o"
            ).fetchall()
        return bool(wanted and explained == wanted and 2 * multiples > wanted)


class _Hashed:
    """Columns of two frames, hashed so that equal values have one hash; NULL is kept apart, as a join does.

    Args:
        sides: The two.
        columns: That both have.
        kinds: Their Arrow types in either.
    """

    def __init__(self, sides: Sequence[Checkpoint], columns: Sequence[str], kinds: Sequence[list[pa.DataType]]) -> None:
        self._sides = sides
        self._columns = columns
        self._kinds = kinds

    @classmethod
    def of(cls, sides: Sequence[Checkpoint], columns: Sequence[str]) -> _Hashed | None:
        """Returns the columns; None where their values can't be compared."""
        kinds = [list(side.stored_rows(columns).schema.types) for side in sides]
        try:
            row_hashes(kinds[0], kinds[1])
        except (OtherKindError, UnknownTypeError):
            return None
        return cls(sides, columns, kinds)

    def query(self, connected: Any, place: int, name: str, with_key: _Hashed | None = None) -> str:
        """Returns a query in brackets of the hash as a column.

        Args:
            connected: The database. The rows become a table of it.
            place: Of which side.
            name: The column's.
            with_key: What to hash of the same side as the column `k`.
        """
        columns = list(dict.fromkeys([*self._columns, *(with_key._columns if with_key else ())]))
        kinds = dict(zip(self._columns, self._kinds[place], strict=True))
        others = dict(zip(self._columns, self._kinds[1 - place], strict=True))
        parts = [f"{_hash(columns, self._columns, kinds, others)} as {name}"]
        if with_key:
            known = dict(zip(with_key._columns, with_key._kinds[0], strict=True))
            against = dict(zip(with_key._columns, with_key._kinds[1], strict=True))
            parts.append(f"{_hash(columns, with_key._columns, known, against)} as k")
            kinds = {**known, **kinds}
        table = f"rows_{name}_{place}"
        side = self._sides[place]
        connected.register(table, StoredRows(side.stored_rows(columns), [kinds[column] for column in columns]))
        return f"(select {', '.join(parts)} from {table})"  # noqa: S608


def _hash(
    columns: Sequence[str], wanted: Sequence[str], kinds: Mapping[str, pa.DataType], others: Mapping[str, pa.DataType]
) -> str:
    places = [columns.index(name) for name in wanted]
    own = [kinds.get(name) for name in columns]
    against = [others.get(name) for name in columns]
    one, _ = row_hashes(own, against, places)
    nulls = " or ".join(f"c{place} is null" for place in places)
    return f"(case when {nulls} then null else {one} end)"


def _has(rows: Checkpoint, columns: Sequence[str]) -> bool:
    return set(columns) <= rows.schema.keys()
