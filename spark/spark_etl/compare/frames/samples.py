"""The first rows that only one of two frames has, and which of them are probably one row that has changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from spark_etl.compare.frames.diff import RowPair, SampleRow
from spark_etl.compare.frames.sides import Sides
from spark_etl.compare.frames.values import readable_value

CANDIDATES = 50  # rows of a side among which the other half of a pair is looked for
FETCHED = 2 * CANDIDATES  # some may be there several times
SORTED_BY = 16  # columns; then by hashes


@dataclass(frozen=True)
class _Found:
    """A row with its hashes, and one hash of each value."""

    row: SampleRow
    hashes: tuple[int, int]
    keys: tuple[int, ...]


def find_samples(connected: Any, sides: Sides, samples: int) -> dict[str, Any]:
    """Returns `samples_a`, `samples_b` and `pairs` of the difference, from its table `differences`.

    Args:
        connected: The database, with `some_a` and `some_b`.
        sides: The columns that are compared.
        samples: How many rows of each side.
    """
    in_a, in_b = (
        _first_rows(
            connected, _query(sides, side), dict(zip(sides.columns, sides.kinds[side][0], strict=True)), samples
        )
        for side in "ab"
    )
    return {
        "samples_a": tuple(found.row for found in in_a[:samples]),
        "samples_b": tuple(found.row for found in in_b[:samples]),
        "pairs": tuple(_pairs(in_a, in_b, sides.columns))[:samples],
    }


def _first_rows(connected: Any, query: str, kinds: dict[str, Any], samples: int) -> list[_Found]:
    """Returns the first rows by value that a side has more of; each once, at least `samples` if there are so many."""
    found: dict[tuple[int, int], _Found] = {}
    limit = max(FETCHED, 2 * samples)
    while True:
        known = ", ".join(f"({one}, {other})" for one, other in found)
        others_only = f"and (side.k1, side.k2) not in ({known})" if known else ""
        rows = connected.execute(query.format(others_only=others_only, limit=limit)).fetchall()
        for *values, one, other, keys, more in rows:
            shown = {name: readable_value(value, kinds[name]) for name, value in zip(kinds, values, strict=True)}
            found.setdefault((one, other), _Found(SampleRow(shown, abs(more)), (one, other), tuple(keys)))
        if len(rows) < limit or len(found) >= samples:
            return list(found.values())[: max(CANDIDATES, samples)]


def _query(sides: Sides, side: str) -> str:
    places = range(len(sides.columns))
    keys = [sides.values(side, place) for place in places]
    names = ", ".join(f"c{place}" for place in places)
    order = ", ".join([*keys[:SORTED_BY], "side.k1", "side.k2"])
    hashes = ", ".join(f"hash({one})" for one in keys)
    sign = "> 0" if side == "a" else "< 0"
    return (
        f"select {names}, side.k1, side.k2, [{hashes}], more from some_{side} side join differences "  # noqa: S608
        f"on side.k1 = differences.k1 and side.k2 = differences.k2 where more {sign} {{others_only}} "
        f"order by {order} limit {{limit}}"
    )


def _pairs(in_a: list[_Found], in_b: list[_Found], columns: Sequence[str]) -> Iterator[RowPair]:
    """Yields for each row of A the row of B that has the most values of it, if that is at least half of them.

    Of several, the one whose first columns are the same is taken: keys come first in most frames.
    """
    left = list(in_b)
    for one in in_a:
        if not left:
            return
        best = max(left, key=lambda other: _likeness(one, other))
        same, which = _likeness(one, best)
        if 2 * same >= len(columns) and same:
            left.remove(best)
            differing = tuple(name for name, is_same in zip(columns, which, strict=True) if not is_same)
            yield RowPair(one.row, best.row, differing)


def _likeness(one: _Found, other: _Found) -> tuple[int, list[bool]]:
    which = [left == right for left, right in zip(one.keys, other.keys, strict=True)]
    return sum(which), which
