"""Rows that no key tells apart, paired within a tolerance where all other columns are equal, in order of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from spark_etl.compare.frames.sides import Sides
from spark_etl.compare.frames.tolerance import is_within


def pair_within_tolerance(
    connected: Any, sides: Sides, exact: Sequence[int], tolerant: Sequence[int], tolerance: float
) -> None:
    """Takes out of the table `differences` the rows that are paired with one of the other side.

    Args:
        connected: The database, with `some_a`, `some_b` and `differences`.
        sides: What is compared.
        exact: Places of the columns that have to be equal.
        tolerant: Places of the numbers.
        tolerance: By how much these may differ.
    """
    for side, sign in (("a", ">"), ("b", "<")):
        connected.execute(_numbered(sides, side, sign, exact, tolerant))
    within = " and ".join(_is_same(sides, place, tolerance) for place in tolerant)
    on = "a.g1 = b.g1 and a.g2 = b.g2 and a.n = b.n"
    connected.execute(
        "create temp table paired as select a.k1 as a1, a.k2 as a2, b.k1 as b1, b.k2 as b2 "  # noqa: S608
        f"from numbered_a a join numbered_b b on {on} where {within}"
    )
    connected.execute(
        "create temp table still as select k1, k2, sum(more)::bigint as more from ("
        "select k1, k2, more from differences union all select a1, a2, -1 from paired "
        "union all select b1, b2, 1 from paired) "
        "group by k1, k2 having sum(more) <> 0"
    )
    connected.execute("drop table differences; drop table numbered_a; drop table numbered_b; drop table paired")
    connected.execute("alter table still rename to differences")


def _numbered(sides: Sides, side: str, sign: str, exact: Sequence[int], tolerant: Sequence[int]) -> str:
    """Returns the query that makes `numbered_a` or `numbered_b`, the rows that a side has more of, each as often."""
    one, other = sides.hashes(side, exact)
    numbers = ", ".join(f"c{place}" for place in tolerant)
    return (
        f"create temp table numbered_{side} as select k1, k2, {numbers}, g1, g2, "  # noqa: S608
        f"row_number() over (partition by g1, g2 order by {numbers}, k1, k2) as n from ("
        f"select *, unnest(range(more)) from (select s.k1, s.k2, {numbers}, {one} as g1, {other} as g2, "
        f"abs(any_value(d.more) over (partition by s.k1, s.k2)) as more, "
        "row_number() over (partition by s.k1, s.k2) as place "
        f"from some_{side} s join differences d on s.k1 = d.k1 and s.k2 = d.k2 where d.more {sign} 0) where place = 1)"
    )


def _is_same(sides: Sides, place: int, tolerance: float) -> str:
    one, other = (f"hash({sides.values(side, place, side)})" for side in "ab")
    within = is_within(sides, place, f"a.c{place}", f"b.c{place}", tolerance)
    return f"({one} = {other} or coalesce({within}, false))"
