"""`_sources.json`: where the objects of an imported run's sources lie."""

from __future__ import annotations

import pytest
from spark_etl.errors import DamagedError
from spark_etl.store import ImportedSource, StoredRun, source_path
from spark_etl.store.sources import dump_sources, parse_sources

SOURCE = ImportedSource("s3a://published/x", "_sources/s3a/published/x", 5, "ab" * 32, None)


@pytest.mark.parametrize(
    ("original", "path"),
    [
        ("s3a://published/orders/x.parquet", "_sources/s3a/published/orders/x.parquet"),
        ("file:///data/x", "_sources/file/data/x"),
        ("file:/data/x", "_sources/file/data/x"),
        ("s3a://b/_dt=2024-02-29/ü %3A.csv", "_sources/s3a/b/_dt=2024-02-29/ü %3A.csv"),
    ],
)
def test_where_an_object_lies(original: str, path: str) -> None:
    assert source_path(original) == path


@pytest.mark.parametrize("original", ["", "/data/x", "jdbc:postgresql://h/db", "s3a://", "S3://b/x", "../x"])
def test_what_is_no_path_of_an_object(original: str) -> None:
    with pytest.raises(DamagedError, match="is no path of an object"):
        source_path(original)


def test_what_is_written_is_read() -> None:
    assert parse_sources(dump_sources([SOURCE]), "x") == (SOURCE,)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b'{"format": 2, "objects": []}', "newer format"),
        (b'{"format": 1, "objects": [[]]}', "damaged"),
        (b'{"format": 1}', "damaged"),
        (b"[]", "damaged"),
    ],
)
def test_what_is_none_is_refused(content: bytes, why: str) -> None:
    with pytest.raises(DamagedError, match=why):
        parse_sources(content, "x")


def test_a_run_that_was_not_imported_has_none(tmp_path: object) -> None:
    assert StoredRun(f"file://{tmp_path}/team/shop/20240229T101112Z-7f3a2c").imported_sources() == ()
