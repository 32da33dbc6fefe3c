"""The rows of two frames as multisets: the sum of their hashes by buckets, and what one side has more of."""

from __future__ import annotations

from typing import Any

from spark_etl.compare.frames.quick import QuickTables

BUCKETS = 4096
MOST_LISTED = BUCKETS // 2
MOST_KEPT = 100_000  # rows of buckets that differ: so many are not read again

Buckets = dict[int, tuple[int, int]]


def buckets_of(tables: QuickTables) -> tuple[Buckets, Buckets]:
    """Returns bucket → rows, and the sum of their first hashes, of both sides."""
    found: tuple[Buckets, Buckets] = ({}, {})
    rows = "select k1, 0::utinyint as side from quick_a union all select k1, 1::utinyint from quick_b"
    query = f"select side, {_bucket()}, count(*), sum(k1) from ({rows}) group by all"  # noqa: S608
    for side, bucket, count, hashes in tables.run(query):
        found[side][bucket] = (count, hashes)
    return found


def _bucket() -> str:
    return f"(k1 & {BUCKETS - 1})::usmallint"


def count_differences(connected: Any, in_a: Buckets, in_b: Buckets) -> tuple[int, int]:
    """Returns how many rows A and B have more; makes the tables of them.

    `some_a` and `some_b` are the rows of buckets that differ: tables, or views that read them each time.
    """
    differing = sorted(bucket for bucket in in_a.keys() | in_b.keys() if in_a.get(bucket) != in_b.get(bucket))
    rows = sum(buckets[bucket][0] for buckets in (in_a, in_b) for bucket in differing if bucket in buckets)
    where = f"where {_bucket()} in ({', '.join(map(str, differing))})" if len(differing) <= MOST_LISTED else ""
    for side in "ab":
        query = f"select * from hashed_{side} {where}"  # noqa: S608
        connected.execute(f"create temp {'table' if rows <= MOST_KEPT else 'view'} some_{side} as {query}")
    make_differences(connected)
    return sums_of_differences(connected)


def make_differences(connected: Any) -> None:
    """Makes `differences` of `some_a` and `some_b`: how many more of a row A has than B, by the row's hashes."""
    connected.execute(
        "create temp table differences as select k1, k2, sum(rows)::bigint as more from ("
        "select k1, k2, 1 as rows from some_a union all select k1, k2, -1 from some_b"
        ") group by k1, k2 having sum(rows) <> 0"
    )


def sums_of_differences(connected: Any) -> tuple[int, int]:
    """Returns how many rows A and B have more, by the table `differences`."""
    query = "select coalesce(sum(greatest(more, 0)), 0), coalesce(sum(greatest(-more, 0)), 0) from differences"
    ((only_a, only_b),) = connected.execute(query).fetchall()
    return int(only_a), int(only_b)
