"""Whether two frames have the same rows, and how they differ, by DuckDB: the place of a row does not count.

1. Frames of the same files have the same rows: one folder, objects of S3 with the same ETags, or files with the same
   bytes. No row is decoded.
2. Each side is read once. Its rows are counted and a hash of each is summed, by buckets of the hash. Frames whose
   buckets are all equal have the same rows; how often a row is there counts.
3. Only then keys are looked for; see `keys`. With keys, rows are compared by these; see `keyed`.
4. Without, the rows of the buckets that differ are counted by two hashes of each, and those that one side has more of
   are the difference.
5. Of these, the first by value are shown. Where few rows are in such buckets, they are read once more, else twice.

Each hash has 64 bits. Two frames of other rows count as the same if all sums agree by chance: about one in 2^64 pairs
of frames. In step 4, two rows count as one if both hashes agree, of which the second one is made otherwise than the
first: of n different rows, n^2 / 2^129, so one in 10^24 for ten million. Whoever makes values for it can make them
agree.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from spark_etl.compare.frames.diff import RowDiff
from spark_etl.compare.frames.keyed import KeyedRows
from spark_etl.compare.frames.keys import Keys, check_types, declared_keys, found_keys, given_keys
from spark_etl.compare.frames.multisets import buckets_of, count_differences, sums_of_differences
from spark_etl.compare.frames.pairing import pair_within_tolerance
from spark_etl.compare.frames.quick import QuickTables
from spark_etl.compare.frames.same_files import has_same_files
from spark_etl.compare.frames.samples import find_samples
from spark_etl.compare.frames.schema import compare_schemas
from spark_etl.compare.frames.sides import Sides, database, explained, sides_of
from spark_etl.compare.frames.tolerance import checked_tolerance, has_nested_numbers, tolerant_places
from spark_etl.reading import Checkpoint

SAMPLES = 5

__all__ = ["compare_rows", "has_same_files"]


def compare_rows(
    a: Checkpoint,
    b: Checkpoint,
    *,
    keys: Sequence[str] = (),
    tolerance: float | None = None,
    samples: int = SAMPLES,
) -> RowDiff:
    """Returns how the rows of two checkpoints differ; see the module for how it is found.

    NULL equals NULL, also in a key, NaN equals NaN, and -0.0 equals 0.0. Numbers are equal by value whatever their
    type, moments by instant, maps whatever the order of their entries. The order of rows, columns and files does not
    count. Columns that only one side has are left out of its rows, and named by the result, which then is not `same`.

    Args:
        a: The one, `A` in what is shown.
        b: The other one.
        keys: Columns of both by which a row of A and one of B are the same row. If none are given, the unique columns
            of the response; else columns that are unique in both; else rows are compared as multisets.
        tolerance: By how much two numbers may differ and still count as equal; see `tolerance`.
        samples: How many rows of each side to show.

    Raises:
        ArgumentError: A key is not in both, is named twice, or can't be one; the tolerance is negative or no number.
        CheckpointError: A column's values can't be compared, or DuckDB is not installed.
        DamagedFileError: A file is not the one that the run wrote.
    """
    tolerance = checked_tolerance(tolerance)
    schema = compare_schemas(a.schema, b.schema)
    given = given_keys(keys, schema)
    labels = (checkpoint_label(a), checkpoint_label(b))
    diff = RowDiff(*labels, schema, a.rows, b.rows, notes=tuple(_notes(a, b)), tolerance=tolerance)
    diff = replace(diff, keys=given.columns, keys_from=given.source)
    with explained(a, b):
        if not given and has_same_files(a, b):
            return replace(diff, columns=schema.common)
        sides = sides_of(a, b, schema)
        check_types(given, sides)
        diff = replace(diff, columns=tuple(sides.columns), not_compared=sides.not_compared)
        if given and has_same_files(a, b):
            return replace(diff, columns=schema.common, not_compared={})
        if not sides.columns:
            return replace(diff, only_a=max(a.rows - b.rows, 0), only_b=max(b.rows - a.rows, 0))
        given = given or declared_keys(a, b, sides)
        with database(sides) as connected:
            return _compared(QuickTables(connected, sides), sides, diff, given, samples)


def _compared(tables: QuickTables, sides: Sides, diff: RowDiff, keys: Keys, samples: int) -> RowDiff:
    in_a, in_b = buckets_of(tables)
    rows_a, rows_b = (sum(count for count, *_ in buckets.values()) for buckets in (in_a, in_b))
    diff = replace(diff, rows_a=rows_a, rows_b=rows_b)
    if in_a == in_b:
        return replace(diff, keys=keys.columns, keys_from=keys.source)
    keys = keys or found_keys(tables, sides)
    diff = replace(diff, keys=keys.columns, keys_from=keys.source, is_exact=False)
    if diff.tolerance and has_nested_numbers(sides):
        diff = replace(diff, notes=(*diff.notes, "numbers in lists, structs and maps are compared without tolerance"))
    if keys:
        return KeyedRows(tables, sides, keys, diff.tolerance).compared(diff, samples)
    connected = tables.connected
    only_a, only_b = count_differences(connected, in_a, in_b)
    if diff.tolerance and (tolerant := tolerant_places(sides, ())):
        exact = [place for place in range(len(sides.columns)) if place not in tolerant]
        pair_within_tolerance(connected, sides, exact, tolerant, diff.tolerance)
        only_a, only_b = sums_of_differences(connected)
        note = "no key: rows with equal other columns are paired in the order of their numbers; name one by --keys"
        diff = replace(diff, notes=(*diff.notes, note))
    found = find_samples(connected, sides, samples) if samples else {}
    return replace(diff, only_a=only_a, only_b=only_b, **found)


def checkpoint_label(side: Checkpoint) -> str:
    """Returns what a side of a comparison is called: which feature of which run."""
    return f"`{side.feature}` of run {side.manifest.run_id}"


def _notes(a: Checkpoint, b: Checkpoint) -> Iterator[str]:
    variants = [name for name, kind in a.schema.items() if "variant" in kind and "variant" in b.schema.get(name, "")]
    for name in variants:
        yield f"VARIANT `{name}`: compared as it is stored; one value can be stored in several ways"
    by_lower = {name.lower(): name for name in b.schema if name not in a.schema}
    for name in a.schema:
        twin = by_lower.get(name.lower())
        if twin and name not in b.schema:
            yield f"`{name}` of A and `{twin}` of B are one column to Spark, which ignores case; here they are two"
