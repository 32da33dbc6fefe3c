"""Which keys may have other rows in A than in B, or several, by one hash of the key and one of the row.

Rows are counted by key. Where the key is one whole number that a bitmap proves to be unique in A, they are joined
instead, which takes less: each row of B finds one of A at most.
"""

from __future__ import annotations

from collections.abc import Sequence

from spark_etl.compare.frames.quick import QuickTables
from spark_etl.compare.frames.sides import Sides

LARGEST_BITMAP = 1 << 28  # bits
MOST_GAPS = 32  # bits for each row


def find_suspects(tables: QuickTables, sides: Sides, keys: Sequence[int], rows: tuple[int, int]) -> None:
    """Makes the table `suspects`: hash of a key → how many rows it has in both sides.

    Args:
        tables: The rows, as `quick_keyed_a` and `quick_keyed_b`.
        sides: What is compared.
        keys: Places of the key's columns.
        rows: How many either side has.
    """
    is_number = tables.is_quick and len(keys) == 1 and _is_unique_number(tables, sides, keys[0], rows[0])
    if is_number and _joined(tables, rows):
        return
    # Of two rows of one side, or of three and more, either the number or what they add up to is another.
    tables.run(
        "create or replace temp table suspects as select q1, count(*) as rows from ("
        "select q1, xor(k1, 1::ubigint) as marked from quick_keyed_a "
        "union all select q1, xor(k1, 2::ubigint) from quick_keyed_b"
        ") group by q1 having count(*) <> 2 or bit_xor(marked) <> 3"
    )


def _is_unique_number(tables: QuickTables, sides: Sides, key: int, rows: int) -> bool:
    """Returns whether a column of A has whole numbers, none of them twice, and no NULL."""
    from pyarrow import types

    if not types.is_integer(sides.kinds_a[key]):
        return False
    ((least, most, known),) = tables.run(f"select min(c{key}), max(c{key}), count(c{key}) from quick_keyed_a")  # noqa: S608
    if known != rows or not rows or most - least >= min(LARGEST_BITMAP, MOST_GAPS * rows):
        return False
    bitmap = f"bitstring_agg(c{key}, {least}, {most})"
    ((different,),) = tables.run(f"select bit_count({bitmap}) from quick_keyed_a")  # noqa: S608
    return bool(different == rows)


def _joined(tables: QuickTables, rows: tuple[int, int]) -> bool:
    """Makes the table by a join, and returns whether that has proven the key to be unique in both."""
    tables.run(
        "create or replace temp table joined as select q, count(a1) as rows_a, count(b1) as rows_b from ("
        "select case when a.k1 = b.k1 then null else coalesce(a.q1, b.q1) end as q, a.q1 as a1, b.q1 as b1 "
        "from quick_keyed_a a full join quick_keyed_b b on a.q1 = b.q1) group by q"
    )
    ((*found,),) = tables.run("select sum(rows_a), sum(rows_b) from joined")
    tables.run(
        "create or replace temp table suspects as "
        "select q as q1, rows_a + rows_b as rows from joined where q is not null"
    )
    return tuple(found) == rows
