"""A join-consistent part, without Spark: by Spark's hash of the key, or by a list of keys."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet
from spark_etl.bundles.part_of import RowFilter, delta_tables, key_text, part_of_source
from spark_etl.bundles.xxhash import xxhash64
from spark_etl.errors import ArgumentError
from spark_etl.sampling import BUCKETS, make_sample
from spark_etl.store import SourceFile

NAMES = [f"customer-{number}" for number in range(2_000)]


@pytest.mark.parametrize(
    ("text", "hashed"),
    [
        ("", -7444071767201028348),
        ("7", -7434725489921472031),
        ("customer-1", -369569781397518926),
        ("2024-02-29", -3723938793355573106),
        ("é" * 20, -8542241973752629332),
        ("a" * 100, -5307276994506690727),
    ],
)
def test_the_hash_is_sparks(text: str, hashed: int) -> None:
    """The values are those of xxHash's own library with the seed 42; tests/spark compares with Spark."""
    assert xxhash64(text) == hashed


@pytest.mark.parametrize(
    ("value", "text"),
    [(7, "7"), (7.0, "7"), (Decimal("7.00"), "7"), ("7", "7"), (7.5, "7.5"), (True, "true"),
     (date(2024, 2, 29), "2024-02-29"),
     (float("nan"), "nan"), (float("inf"), "inf"), (b"ab", "ab")],
)  # fmt: skip
def test_a_key_is_one_text_in_each_type(value: Any, text: str) -> None:
    assert key_text(value) == text


def kept(sample: RowFilter, column: pa.Array, name: str = "customer") -> list[Any]:
    batch = pa.record_batch({name: column})
    return list(sample.apply(batch, sample.columns_in(batch.schema.names)).column(0).to_pylist())


def by_share(share: str, key: str = "customer") -> RowFilter:
    sample = make_sample(share, key, None)
    assert sample is not None
    return RowFilter(sample)


def test_a_share_keeps_the_same_keys_in_each_frame() -> None:
    found = kept(by_share("0.1"), pa.array(NAMES))
    assert 100 < len(found) < 300
    assert found == [name for name in NAMES if xxhash64(name) % BUCKETS < BUCKETS // 10]
    assert kept(by_share("0.1"), pa.array([*NAMES, *NAMES]).dictionary_encode()) == [*found, *found]
    assert kept(by_share("0.1"), pa.array(NAMES), "CUSTOMER") == found
    assert kept(by_share("1"), pa.array([None, "a"])) == ["a"]  # rows whose key is NULL are left out


def test_numbers_are_the_same_keys_in_each_type() -> None:
    numbers = list(range(500))
    found = kept(by_share("0.2"), pa.array(numbers, pa.int64()))
    assert found
    assert kept(by_share("0.2"), pa.array(numbers, pa.float64())) == found
    assert [int(text) for text in kept(by_share("0.2"), pa.array(map(str, numbers)))] == found


def by_keys(folder: Path, text: str) -> RowFilter:
    (folder / "keys.csv").write_text(text)
    sample = make_sample(None, None, str(folder / "keys.csv"))
    assert sample is not None
    return RowFilter(sample)


def test_listed_keys_take_the_frames_type(tmp_path: Path) -> None:
    keys = by_keys(tmp_path, "customer\n007\n8\nx\n")
    assert kept(keys, pa.array([7, 8, 9], pa.int32())) == [7, 8]
    assert kept(keys, pa.array(["7", "007", None])) == ["007"]


def test_of_a_key_of_several_columns_those_count_that_a_frame_has(tmp_path: Path) -> None:
    keys = by_keys(tmp_path, "customer,day\na,2024-02-29\nb,2024-03-01\n")
    batch = pa.record_batch({"customer": ["a", "a", "b"], "day": pa.array([date(2024, 2, 29), date(2024, 3, 1), None])})
    assert keys.apply(batch, keys.columns_in(batch.schema.names)).num_rows == 1
    assert kept(keys, pa.array(["a", "b", "c"])) == ["a", "b"]
    assert keys.columns_in(["other"]) == {}


def test_tables_whose_files_are_listed_elsewhere_are_known() -> None:
    paths = ["s3a://a/t/_delta_log/0.json", "s3a://a/t/x.parquet", "s3a://a/u/x.parquet"]
    assert delta_tables([SourceFile(path, path, 1, None) for path in paths]) == {"s3a://a/t"}


@pytest.mark.parametrize("int96", [True, False])
def test_a_part_of_a_file_has_the_files_types(int96: bool, tmp_path: Path) -> None:
    """Spark takes a timestamp that is no INT96 for one without a zone, and the file's metadata for its schema."""
    table = pa.table({"id": [1, 2], "at": pa.array([1, 2], pa.timestamp("us"))})
    table = table.replace_schema_metadata({"org.apache.spark.sql.parquet.row.metadata": "{}"})
    parquet.write_table(table, tmp_path / "x", use_deprecated_int96_timestamps=int96, store_schema=False)
    source = SourceFile("s3a://b/x", f"file://{tmp_path}/x", 1, None)
    part = part_of_source(source, by_share("1", "id"), tmp_path / "y", None)
    assert part is not None
    assert part.bytes == (tmp_path / "y").stat().st_size
    before, after = (parquet.ParquetFile(tmp_path / name) for name in ("x", "y"))
    assert after.schema.equals(before.schema)
    assert after.metadata.metadata == before.metadata.metadata
    assert after.read().equals(before.read())


def test_a_list_is_no_key(tmp_path: Path) -> None:
    for sample in (by_share("0.5"), by_keys(tmp_path, "customer\na\n")):
        with pytest.raises(ArgumentError, match="`customer` is list"):
            kept(sample, pa.array([["a"], ["b"]]))
