"""Small frames that have the same rows in other files: said only where it is certain."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from spark_etl.compare.runs.small import has_same_small_rows
from spark_etl.errors import DamagedFileError
from spark_etl.reading import Checkpoint

from tests.unit.spark_etl.reading.conftest import checkpoint

USUAL = {"id": [1, 2, None], "name": ["a", "b", "c"]}


def frame(folder: Path, name: str, *columns: dict[str, Any]) -> Checkpoint:
    (folder / name).mkdir()
    return checkpoint(folder / name, *(pa.table(each) for each in columns))


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ([{"id": [None, 2, 1], "name": ["c", "b", "a"]}], True),
        ([{"id": [2], "name": ["b"]}, {"id": [None, 1], "name": ["c", "a"]}], True),
        ([{"id": [1, 2, 3], "name": ["a", "b", "c"]}], False),
        ([{"id": [1, 2, 2], "name": ["a", "b", "b"]}], False),
        ([{"id": [1, 2], "name": ["a", "b"]}], False),
        ([{"key": [1, 2, None], "name": ["a", "b", "c"]}], False),
        ([{"id": [1.0, 2.0, None], "name": ["a", "b", "c"]}], False),
    ],
)
def test_rows_in_any_order_are_the_same_and_no_others(tmp_path: Path, other: list[dict[str, Any]], same: bool) -> None:
    assert has_same_small_rows(frame(tmp_path, "a", USUAL), frame(tmp_path, "b", *other)) is same


@pytest.mark.parametrize("values", [[math.nan, 1.0], [[1], [2]]])
def test_of_what_has_no_order_nothing_is_said(tmp_path: Path, values: list[Any]) -> None:
    a, b = ({"id": values}, {"id": values[::-1]})
    assert not has_same_small_rows(frame(tmp_path, "a", a), frame(tmp_path, "b", b))


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    a, b = frame(tmp_path, "a", USUAL), frame(tmp_path, "b", USUAL)
    (tmp_path / "b" / "0.parquet").write_bytes(b"x")
    with pytest.raises(DamagedFileError):
        has_same_small_rows(a, b)
