"""How rows differ by key: keys that one side alone has, keys whose other columns differ, keys that several rows share.

1. Both sides are read once more. For each key, by a hash of it, it is counted how many rows it has in which side, and
   whether these are the same. Keys with one row on either side, of which all hashes agree, are done.
2. The rows of the other keys are read, and grouped by two hashes of the key. A key with one row on either side is
   compared by column. The rows of a key that several rows share are compared as multisets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from spark_etl.compare.frames.diff import KeyDuplicates, RowDiff, RowPair, SampleRow
from spark_etl.compare.frames.keys import Keys
from spark_etl.compare.frames.multisets import make_differences
from spark_etl.compare.frames.pairing import pair_within_tolerance
from spark_etl.compare.frames.quick import QuickTables
from spark_etl.compare.frames.samples import find_samples
from spark_etl.compare.frames.sides import Sides
from spark_etl.compare.frames.suspects import find_suspects
from spark_etl.compare.frames.tolerance import is_within, tolerant_places
from spark_etl.compare.frames.values import readable_value

MOST_KEPT = 1_000_000  # rows of keys that differ: so many are not read again
SINGLE = "rows_a = 1 and rows_b = 1"
SHARED = "rows_a > 0 and rows_b > 0 and (rows_a > 1 or rows_b > 1)"


class KeyedRows:
    """The rows of two sides by key.

    Args:
        tables: The rows of the sides.
        sides: What is compared.
        keys: The key's columns, which both have.
        tolerance: By how much numbers may differ.
    """

    def __init__(self, tables: QuickTables, sides: Sides, keys: Keys, tolerance: float | None) -> None:
        self._tables = tables
        self._connected = tables.connected
        self._sides = sides
        self._keys = [sides.columns.index(name) for name in keys.columns]
        self._others = [place for place in range(len(sides.columns)) if place not in self._keys]
        self._tolerance = tolerance
        self._tolerant = set(tolerant_places(sides, keys.columns)) if tolerance else set()

    def compared(self, diff: RowDiff, samples: int) -> RowDiff:
        """Returns a difference with what is found.

        Args:
            diff: What is known of it.
            samples: How many rows of a kind to show.
        """
        rows = (diff.rows_a, diff.rows_b)
        if not self._pick_keys(rows):
            self._tables.fall_back()
            self._pick_keys(rows)
        changed, by_column = self._changed()
        only_a, only_b = self._only()
        diff = replace(diff, only_a=only_a, only_b=only_b, changed=changed + self._changed_duplicates())
        diff = replace(
            diff,
            changed_columns=by_column,
            duplicates_a=self._duplicates("a", samples),
            duplicates_b=self._duplicates("b", samples),
        )
        return replace(diff, **self._samples(samples)) if samples else diff

    def _run(self, query: str) -> list[tuple[Any, ...]]:
        return list(self._connected.execute(query).fetchall())

    def _pick_keys(self, rows: tuple[int, int]) -> bool:
        """Makes `picked_a` and `picked_b`, the rows of keys that are not known to be the same, and `groups` of these.

        Args:
            rows: Of either side.

        Returns:
            Whether as many rows were picked as there should be.
        """
        for side in "ab":
            one, _ = self._sides.hashes(side, self._keys)
            for table, from_rows in ((f"keyed_{side}", side), (f"quick_keyed_{side}", f"quick_{side}")):
                self._run(f"create or replace temp view {table} as select *, {one} as q1 from {from_rows}")  # noqa: S608
        find_suspects(self._tables, self._sides, self._keys, rows)
        ((suspected,),) = self._run("select coalesce(sum(rows), 0) from suspects")
        self._pick_rows("table" if suspected <= MOST_KEPT else "view")
        self._group()
        ((picked,),) = self._run("select coalesce(sum(rows_a + rows_b), 0) from groups")
        return bool(picked == suspected)

    def _pick_rows(self, kind: str) -> None:
        """Makes `picked_a` and `picked_b`, as tables or as views; both sides are read at a time if they can be."""
        queries = {}
        for side in "ab":
            _, other = self._sides.hashes(side, self._keys)
            one, two = self._sides.hashes(side)
            picked = f"(select * from keyed_{side} where q1 in (select q1 from suspects))"  # noqa: S608
            queries[side] = f"select *, {one} as k1, {two} as k2, {other} as q2 from {picked}"  # noqa: S608
        if kind == "view" or self._sides.kinds_a != self._sides.kinds_b:
            for side, query in queries.items():
                self._run(f"create or replace temp {kind} picked_{side} as {query}")
            return
        both = f"select true as is_a, * from ({queries['a']}) union all select false, * from ({queries['b']})"  # noqa: S608
        self._run(f"create or replace temp table picked as {both}")
        for side, where in (("a", "is_a"), ("b", "not is_a")):
            query = f"select * exclude (is_a) from picked where {where}"  # noqa: S608
            self._run(f"create or replace temp view picked_{side} as {query}")

    def _group(self) -> None:
        """Makes `groups`: key → rows on either side, and whether they are the same."""
        self._run(
            "create or replace temp table groups as select q1, q2, count(*) filter (sign = 1) as rows_a, "
            "count(*) filter (sign = -1) as rows_b, "
            "sum(sign * k1::hugeint) = 0 and sum(sign * k2::hugeint) = 0 as same "
            "from (select q1, q2, k1, k2, 1 as sign from picked_a union all select q1, q2, k1, k2, -1 from picked_b) "
            "group by q1, q2"
        )

    def _only(self) -> tuple[int, int]:
        query = "coalesce(sum(rows_{}) filter (rows_{} = 0), 0)"
        ((only_a, only_b),) = self._run(f"select {query.format('a', 'b')}, {query.format('b', 'a')} from groups")  # noqa: S608
        return int(only_a), int(only_b)

    def _changed(self) -> tuple[int, dict[str, int]]:
        """Returns how many keys of one row have other values, and in which columns."""
        places = self._others
        counts = ", ".join(["count(*)", *(f"count_if(d{place})" for place in places)])
        ((changed, *by_column),) = self._run(f"select {counts} from ({self._pairs()})")  # noqa: S608
        found = {self._sides.columns[place]: count for place, count in zip(places, by_column, strict=True) if count}
        return changed, dict(sorted(found.items(), key=lambda item: -item[1]))

    def _pairs(self, columns: str = "") -> str:
        """Returns the query of keys of one row that has changed: `d0`, … are whether the columns differ."""
        flags = [f"{self._differs(place)} as d{place}" for place in self._others]
        wanted = ", ".join([*flags, "a.q1", "a.q2", *([columns] if columns else [])])
        flags_listed = ", ".join(f"d{place}" for place in self._others)
        changed = f"list_contains([{flags_listed}], true)" if self._others else "false"
        joined = (
            f"from (select q1, q2 from groups where {SINGLE} and not same) g "  # noqa: S608
            "join picked_a a on a.q1 = g.q1 and a.q2 = g.q2 join picked_b b on b.q1 = g.q1 and b.q2 = g.q2"
        )
        return f"select * from (select {wanted} {joined}) where {changed}"  # noqa: S608

    def _differs(self, place: int) -> str:
        one, other = (self._sides.values(side, place, side) for side in "ab")
        differs = f"hash({one}) <> hash({other})"
        if place not in self._tolerant or self._tolerance is None:
            return f"({differs})"
        within = is_within(self._sides, place, f"a.c{place}", f"b.c{place}", self._tolerance)
        return f"({differs} and not coalesce({within}, false))"

    def _changed_duplicates(self) -> int:
        """Returns how many keys of several rows have other rows. Makes `unequal`, these keys."""
        self._run(f"create temp table unequal as select q1, q2 from groups where {SHARED} and not same")  # noqa: S608
        if self._tolerant:
            self._drop_tolerable()
        ((count,),) = self._run("select count(*) from unequal")
        return int(count)

    def _drop_tolerable(self) -> None:
        """Removes the keys from `unequal` whose rows are the same within the tolerance."""
        exact = [place for place in range(len(self._sides.columns)) if place not in self._tolerant]
        for side in "ab":
            self._run(
                f"create temp view some_{side} as select p.* from picked_{side} p join unequal u "  # noqa: S608
                "on p.q1 = u.q1 and p.q2 = u.q2"
            )
        make_differences(self._connected)
        pair_within_tolerance(self._connected, self._sides, exact, sorted(self._tolerant), self._tolerance or 0.0)
        self._run(
            "create temp table left_unequal as select distinct q1, q2 from ("
            "select q1, q2, k1, k2 from some_a union all select q1, q2, k1, k2 from some_b) s "
            "where exists (select 1 from differences d where d.k1 = s.k1 and d.k2 = s.k2)"
        )
        self._run("drop view some_a; drop view some_b; drop table differences; drop table unequal")
        self._run("alter table left_unequal rename to unequal")

    def _duplicates(self, side: str, samples: int) -> KeyDuplicates | None:
        where = f"rows_{side} > 1"
        ((keys, rows),) = self._run(f"select count(*), coalesce(sum(rows_{side}), 0) from groups where {where}")  # noqa: S608
        if not keys:
            return None
        names = ", ".join(f"any_value(c{place})" for place in self._keys)
        order = ", ".join(f"any_value({self._sides.values(side, place)})" for place in self._keys)
        self._run(
            f"create or replace temp table most as select q1, q2 from groups where {where} "  # noqa: S608
            f"order by rows_{side} desc, q1, q2 limit {max(samples, 0)}"
        )
        found = self._run(
            f"select {names}, count(*) from picked_{side} where (q1, q2) in (select (q1, q2) from most) "  # noqa: S608
            f"group by q1, q2 order by count(*) desc, {order}"
        )
        shown = tuple(SampleRow(self._readable(side, self._keys, values), times) for *values, times in found)
        return KeyDuplicates(int(keys), int(rows), shown)

    def _readable(self, side: str, places: Sequence[int], values: Sequence[Any]) -> dict[str, Any]:
        kinds = self._sides.kinds[side][0]
        names = self._sides.columns
        return {names[place]: readable_value(value, kinds[place]) for place, value in zip(places, values, strict=True)}

    def _samples(self, samples: int) -> dict[str, Any]:
        """Returns the first rows of keys that one side alone has, and the first keys that have changed."""
        for side in "ab":
            self._run(f"create temp view some_{side} as select * from picked_{side}")  # noqa: S608
        alone = "from picked_{} p join groups g on p.q1 = g.q1 and p.q2 = g.q2 where rows_{} = 0 group by k1, k2"
        self._run(
            f"create temp table differences as select k1, k2, count(*) as more {alone.format('a', 'b')} "
            f"union all select k1, k2, -count(*) {alone.format('b', 'a')}"
        )
        found = find_samples(self._connected, self._sides, samples)
        return {**found, "pairs": self._sample_pairs(samples)}

    def _sample_pairs(self, samples: int) -> tuple[RowPair, ...]:
        """Returns the first keys that have changed; the rows of each side alone, as there may be many columns."""
        ordered = ", ".join(f"{self._sides.values('a', place, 'a')} as s{place}" for place in self._keys)
        keys = ", ".join(f"s{place}" for place in self._keys)
        chosen = ", ".join(["q1", "q2", *(f"d{place}" for place in self._others)])
        query = f"select {chosen} from ({self._pairs(ordered)}) order by {keys}, q1, q2 limit {samples}"  # noqa: S608
        found = {(one, other): flags for one, other, *flags in self._run(query)}
        in_a, in_b = (self._rows_of(side, list(found)) for side in "ab")
        return tuple(RowPair(in_a[hashes], in_b[hashes], self._flagged(flags)) for hashes, flags in found.items())

    def _rows_of(self, side: str, hashes: Sequence[tuple[int, int]]) -> dict[tuple[int, int], SampleRow]:
        """Returns hashes of a key → its row, of keys that have one."""
        if not hashes:
            return {}
        places = range(len(self._sides.columns))
        wanted = " or ".join(f"(q1 = {one} and q2 = {other})" for one, other in hashes)
        columns = ", ".join(f"c{place}" for place in places)
        rows = self._run(f"select q1, q2, {columns} from picked_{side} where {wanted}")  # noqa: S608
        return {(one, other): SampleRow(self._readable(side, places, values)) for one, other, *values in rows}

    def _flagged(self, flags: Sequence[bool]) -> tuple[str, ...]:
        return tuple(self._sides.columns[place] for place, flag in zip(self._others, flags, strict=True) if flag)
