"""By which columns a row of A and a row of B are taken to be the same one.

1. Those that the caller names.
2. Else the unique columns that the feature's response declares, whether they are unique in fact or not.
3. Else the fewest columns that are unique in both and have values in common: a single one, else two, else three. Of
   several, those with the most values in common, then whole numbers and texts, then the first ones.
   b. Before two columns are tried: one that is unique in one side alone, as the other side has several rows for one: a
      fan-out, or duplicates that were not removed. It counts as no accident if the unique side has at least 10 rows and
      the other side has more, at least 90 % of the values of each side are in the other one, and a value that is not
      NULL is there several times.
   c. Where it is unique in both together with a day or a moment that is the same in all rows of the unique side, these
      two are the key: the other side has further days.
4. Else none.

Columns for rule 3 are looked for in the first rows and then counted in all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from spark_etl.compare.frames.hashes import value_type
from spark_etl.compare.frames.key_values import FirstRows, Values, count_shared, count_values
from spark_etl.compare.frames.quick import QuickTables
from spark_etl.compare.frames.schema import SchemaDiff
from spark_etl.compare.frames.sides import Sides
from spark_etl.errors import ArgumentError
from spark_etl.names import alternatives, listing
from spark_etl.reading import Checkpoint

BY_OPTION = "--keys"
BY_RESPONSE = "the response's unique columns"
BY_ROWS = "columns unique in both"
BY_ONE_SIDE = "a column unique in {}"
MOST_COLUMNS = 3  # of a key that is looked for
MOST_TRIED = 4  # keys of one size that are counted in all rows
MOST_IN_COMBINATIONS = 12  # columns
LEAST_ROWS = 10  # of the side in which alone a column is unique: in fewer, many columns are so by accident
LEAST_SHARED = 0.9  # of its values


@dataclass(frozen=True)
class Keys:
    """The key of a comparison.

    Attributes:
        columns: Its columns; none: rows are compared as multisets.
        source: Where it comes from.
    """

    columns: tuple[str, ...] = ()
    source: str = ""

    def __bool__(self) -> bool:
        return bool(self.columns)


def given_keys(keys: Sequence[str], schema: SchemaDiff) -> Keys:
    """Returns the keys that a caller names.

    Raises:
        ArgumentError: One is no column of both sides, or is named twice.
    """
    names = (keys,) if isinstance(keys, str) else tuple(keys)
    for place, name in enumerate(names):
        if name in names[:place]:
            raise ArgumentError(f"the key `{name}` is named twice")
        if name not in schema.common:
            side = "A" if name in schema.only_a else "B" if name in schema.only_b else ""
            where = f"only {side} has the column `{name}`" if side else f"neither side has a column `{name}`"
            raise ArgumentError(
                f"{where}; a key is in both. {alternatives(str(name), schema.common)}", hint="name others by --keys"
            )
    return Keys(names, BY_OPTION if names else "")


def check_types(keys: Keys, sides: Sides) -> None:
    """Refuses keys whose values can't be compared, or have no order.

    Raises:
        ArgumentError: Names the key, its type, and the columns that can be keys.
    """
    kinds = dict(zip(sides.columns, zip(sides.kinds_a, sides.kinds_b, strict=True), strict=True))
    possible = [name for name, pair in kinds.items() if not any(map(_is_nested, pair))]
    for name in keys.columns:
        if name in possible or not (kinds or sides.not_compared):
            continue
        what = " in A, ".join(map(str, dict.fromkeys(kinds.get(name, ()))))
        reason = sides.not_compared.get(name) or f"its values are nested: {what}"
        raise ArgumentError(
            f"`{name}` can't be a key: {reason}. Columns that can be: {listing(possible)}.",
            hint="name others by --keys",
        )


def declared_keys(a: Checkpoint, b: Checkpoint, sides: Sides) -> Keys:
    """Returns the unique columns of the response: of both runs if they agree on some, else of either one."""
    in_a, in_b = ([tuple(names) for names in side.manifest.unique] for side in (a, b))
    for names in [*(names for names in in_a if names in in_b), *in_a, *in_b]:
        if names and set(names) <= set(sides.columns) and len(set(names)) == len(names):
            kinds = [kinds[sides.columns.index(name)] for name in names for kinds in (sides.kinds_a, sides.kinds_b)]
            if not any(map(_is_nested, kinds)):
                return Keys(names, BY_RESPONSE)
    return Keys()


def found_keys(tables: QuickTables, sides: Sides) -> Keys:
    """Returns the fewest columns that are unique in both sides and have values in common, or one that is so in one.

    Args:
        tables: The rows of the sides.
        sides: Both of which have rows.
    """
    places = [place for place in range(len(sides.columns)) if _may_be_key(sides, place)]
    if not (places and sides.rows_a and sides.rows_b):
        return Keys()
    first = {side: FirstRows(tables, sides, side, places) for side in "ab"}
    if not all(rows.count for rows in first.values()):
        return Keys()
    for size, candidates in _candidates(sides, first, places):
        shared = {names: count_shared(tables, sides, first, names) for names in candidates[:MOST_TRIED]}
        best = max(shared, key=lambda names: shared[names], default=())
        if best and shared[best]:
            return Keys(tuple(sides.columns[place] for place in best), BY_ROWS)
        if size == 1 and (found := _unique_in_one(tables, sides, first, places)):
            return found
    return Keys()


def _candidates(
    sides: Sides, first: Mapping[str, FirstRows], places: Sequence[int]
) -> Iterator[tuple[int, list[tuple[int, ...]]]]:
    """Yields how many columns, and those that are unique in the first rows of both, likely ones first.

    Args:
        sides: What is compared.
        first: Side → its first rows.
        places: Of the columns that may be in a key.
    """
    distinct = {place: min(len(rows.values([place])) for rows in first.values()) for place in places}
    for size in range(1, MOST_COLUMNS + 1):
        if size == 2:
            places = [place for place in places if distinct[place] > 1]
            places = sorted(sorted(places, key=lambda place: -distinct[place])[:MOST_IN_COMBINATIONS])
        tried = combinations(places, size)
        unique = [some for some in tried if all(rows.is_unique(some) for rows in first.values())]
        yield size, sorted(unique, key=lambda some: (sum(_rank(sides, place) for place in some), some))


def _unique_in_one(tables: QuickTables, sides: Sides, first: Mapping[str, FirstRows], places: Sequence[int]) -> Keys:
    """Returns the column of rule 3b: of several, the one with the most values in common, then by its type and place."""
    likely = [place for place in places if any(rows.is_unique([place]) for rows in first.values())]
    best, found = 0.0, Keys()
    unique_side, chosen = "", 0
    for place in sorted(likely, key=lambda place: (_rank(sides, place), place))[:MOST_TRIED]:
        counts = count_values(tables, sides, place)
        for side, unique, other in (("A", counts.a, counts.b), ("B", counts.b, counts.a)):
            share = counts.shared / max(unique.values, other.values)
            if _is_multiplied(unique, other) and share >= LEAST_SHARED and share > best:
                best, found = share, Keys((sides.columns[place],), BY_ONE_SIDE.format(side))
                unique_side, chosen = side.lower(), place
    return (_with_day(tables, sides, first, chosen, unique_side) or found) if found else found


def _with_day(tables: QuickTables, sides: Sides, first: Mapping[str, FirstRows], place: int, unique_side: str) -> Keys:
    """Returns the key of rule 3c."""
    other = "b" if unique_side == "a" else "a"
    for day in range(len(sides.columns)):
        if day == place or not (_may_be_key(sides, day) and _rank(sides, day)):
            continue
        values, others = (len(first[side].values([day])) for side in (unique_side, other))
        if values == 1 and others > 1 and count_shared(tables, sides, first, (place, day)):
            return Keys((sides.columns[place], sides.columns[day]), BY_ROWS)
    return Keys()


def _is_multiplied(unique: Values, other: Values) -> bool:
    is_unique = unique.rows == unique.values >= LEAST_ROWS
    return is_unique and other.rows > unique.rows and other.repeated > 0


def _may_be_key(sides: Sides, place: int) -> bool:
    return all(_is_key_type(value_type(kinds[place])) for kinds in (sides.kinds_a, sides.kinds_b))


def _is_key_type(kind: Any) -> bool:
    from pyarrow import types

    if types.is_nested(kind) or types.is_floating(kind) or types.is_boolean(kind) or types.is_null(kind):
        return False
    return not types.is_decimal(kind) or kind.scale == 0


def _is_nested(kind: Any) -> bool:
    from pyarrow import types

    return bool(types.is_nested(value_type(kind)))


def _rank(sides: Sides, place: int) -> int:
    """Returns how unlikely a column is as a key by its type: days and moments are so less often."""
    from pyarrow import types

    return int(types.is_temporal(value_type(sides.kinds_a[place])))
