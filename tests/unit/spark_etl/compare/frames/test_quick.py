"""Frames that DuckDB reads itself: the same answers as through pyarrow, and no damage that stays unseen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet
from spark_etl.compare import compare_rows
from spark_etl.compare.frames import quick, sides
from spark_etl.compare.frames.hashes import row_hashes
from spark_etl.compare.frames.quick import QuickTables
from spark_etl.compare.frames.schema import compare_schemas
from spark_etl.errors import DamagedFileError
from spark_etl.reading import Checkpoint

from tests.unit.spark_etl.compare.frames.conftest import MakeFrame
from tests.unit.spark_etl.reading.conftest import checkpoint
from tests.unit.spark_etl.reading.test_odd_values import bad_texts

SIMPLE: dict[pa.DataType, list[Any]] = {
    pa.bool_(): [True, False],
    pa.int8(): [-128, 127],
    pa.int16(): [-5, 5],
    pa.int32(): [-(2**31), 7],
    pa.int64(): [2**63 - 1, -1],
    pa.float32(): [float("nan"), -0.0],
    pa.float64(): [float("inf"), 0.1],
    pa.decimal128(9, 2): [Decimal("1.10"), Decimal("-0.01")],
    pa.decimal128(18, 0): [Decimal(10**17), Decimal(-1)],
    pa.decimal128(38, 18): [Decimal("9" * 20 + ".5"), Decimal("-1.5")],
    pa.string(): ["", "a text of more than twelve bytes: ä"],
    pa.binary(): [b"", b"\xff\x00"],
    pa.date32(): [date(1, 1, 1), date(9999, 12, 31)],
    pa.timestamp("us"): [datetime(1, 1, 1), datetime(2024, 2, 29, 12, 0, 0, 1)],
    pa.timestamp("us", "UTC"): [datetime(9999, 12, 31, tzinfo=UTC), datetime(1969, 12, 31, tzinfo=UTC)],
}


@pytest.fixture
def any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets few rows be read as many are."""
    monkeypatch.setattr(sides, "FEW_ROWS", -1)


@pytest.mark.parametrize("int96", [False, True])
def test_hashes_are_the_same_on_both_ways(any_size: None, tmp_path: Path, int96: bool) -> None:
    table = pa.table({str(kind): pa.array([*values, None], kind) for kind, values in SIMPLE.items()})
    table = table.append_column("max", pa.array([2**31 - 1, -(2**31), None], pa.int32()).cast(pa.date32()))
    if int96:
        table = table.select(["int64", "timestamp[us]"]).slice(1)
    side = checkpoint(tmp_path, table)
    (file,) = tmp_path.iterdir()
    parquet.write_table(table, file, use_deprecated_int96_timestamps=int96)
    side = Checkpoint(
        side.path, replace(side.manifest, files=[replace(side.manifest.files[0], bytes=file.stat().st_size)])
    )
    found = sides.sides_of(side, side, compare_schemas(side.schema, side.schema))
    with sides.database(found) as connected:
        tables = QuickTables(connected, found)
        assert tables.is_quick
        both = [tables.run(f"select k1, k2 from {name}_a order by all") for name in ("quick", "hashed")]  # noqa: S608
        assert tables.is_quick
    assert both[0] == both[1]
    assert len(set(both[0])) == table.num_rows
    assert row_hashes(found.kinds_a, found.kinds_b)


def rotten(side: Checkpoint) -> None:
    """Flips a bit of a value, where the page's checksum alone tells it."""
    (file,) = Path(side.path.removeprefix("file://")).iterdir()
    table = parquet.read_table(file)
    parquet.write_table(
        table, file, compression="none", use_dictionary=False, write_page_checksum=True, write_statistics=False
    )
    content = bytearray(file.read_bytes())
    place = content.index((77_777).to_bytes(8, "little"))
    content[place] ^= 1
    file.write_bytes(content)
    size = file.stat().st_size
    object.__setattr__(side, "manifest", replace(side.manifest, files=[replace(side.manifest.files[0], bytes=size)]))


@pytest.mark.parametrize("keys", [[], ["id"]])
def test_a_page_that_has_rotted_is_named(any_size: None, frame: MakeFrame, keys: list[str]) -> None:
    table = pa.table({"id": [1, 2, 3], "v": [5, 77_777, 6]})
    one, other = frame(table), frame(table.slice(1), table.slice(0, 1))
    rotten(one)
    with pytest.raises(DamagedFileError, match=r"0\.parquet"):
        compare_rows(Checkpoint(one.path, one.manifest), other, keys=keys)


def left_to_pyarrow(name: str, tmp_path: Path) -> tuple[Checkpoint, Checkpoint]:
    latin = bad_texts(b"M\xfcller")
    tables: dict[str, tuple[pa.Table, ...]] = {
        "texts that are no UTF-8": (pa.table({"v": latin}), pa.table({"v": pa.array(["x"])})),
        "files of two types": (pa.table({"v": pa.array([1], pa.int32())}), pa.table({"v": pa.array([1], pa.int64())})),
        "files of floats and whole numbers": (pa.table({"v": [1]}), pa.table({"v": [2.0]})),
        "names that differ in case": (pa.table({"v": [1], "V": [2]}), pa.table({"v": [3], "V": [4]})),
        "no name": (pa.table({"": [1]}), pa.table({"": [2]})),
        "nested": (pa.table({"v": [[1]]}), pa.table({"v": [[2]]})),
        "a path with a pattern": (pa.table({"v": [1]}), pa.table({"v": [2]})),
    }
    made = []
    for number, parts in enumerate((tables[name], tables[name][::-1])):
        folder = tmp_path / (f"[{number}]*" if "pattern" in name else str(number))
        folder.mkdir()
        made.append(checkpoint(folder, *parts))
    return made[0], made[1]


@pytest.mark.parametrize(
    "name",
    [
        "texts that are no UTF-8",
        "files of two types",
        "files of floats and whole numbers",
        "names that differ in case",
        "no name",
        "nested",
        "a path with a pattern",
    ],
)
def test_what_pyarrow_alone_reads(any_size: None, tmp_path: Path, name: str) -> None:
    a, b = left_to_pyarrow(name, tmp_path)
    fewer = Checkpoint(b.path, replace(b.manifest, files=b.manifest.files[:1], rows=1))
    assert compare_rows(a, b).same_rows
    found = compare_rows(a, fewer)
    assert (found.only_a, found.only_b) == (1, 0)


def test_folders_of_a_path_are_no_columns(any_size: None, tmp_path: Path) -> None:
    made = []
    for number in (1, 2):
        folder = tmp_path / f"v={number}"
        folder.mkdir()
        made.append(checkpoint(folder, pa.table({"v": [5, 6], "w": [1, 2]}), pa.table({"v": [number], "w": [1]})))
    found = compare_rows(*made, keys=["v"])
    assert (found.only_a, found.only_b, found.changed) == (1, 1, 0)


def test_reading_goes_on_where_duckdb_fails(any_size: None, frame: MakeFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    query: Callable[..., str] = quick._query
    monkeypatch.setattr(quick, "_query", lambda *given: query(*given).replace(".parquet", ".gone"))
    a, b = (frame(pa.table({"id": [1, 2], "v": [1, last]})) for last in (1, 2))
    assert compare_rows(a, b).changed == 1


def test_keys_whose_hashes_are_others_are_looked_up_again(
    any_size: None, frame: MakeFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    query: Callable[..., str] = quick._query
    monkeypatch.setattr(quick, "_query", lambda *given: query(*given).replace('"id" as', '"id" + 1 as'))
    a, b = (frame(pa.table({"id": [1, 2], "v": [1, last]})) for last in (1, 2))
    found = compare_rows(a, b, keys=["id"])
    assert [pair.a.values["id"] for pair in found.pairs] == [2]


REPEATED: dict[str, tuple[list[int | None], list[int | None], tuple[bool, bool]]] = {
    "in B": ([1, 2, 3], [1, 2, 2, 3], (False, True)),
    "in A": ([1, 2, 2, 3], [1, 2, 3], (True, False)),
    "in both": ([1, 2, 2, 3], [1, 2, 2, 3, 4], (True, True)),
    "NULL": ([1, None, None], [1, None, 3], (True, False)),
    "far apart": ([1, 2**62, 3], [1, 1, 2**62], (False, True)),
}


@pytest.mark.parametrize(("one", "other", "repeated"), REPEATED.values(), ids=REPEATED.keys())
def test_whole_numbers_that_several_rows_share(
    any_size: None,
    frame: MakeFrame,
    one: list[int | None],
    other: list[int | None],
    repeated: tuple[bool, bool],
) -> None:
    a, b = (frame(pa.table({"id": pa.array(ids, pa.int64()), "v": [7] * len(ids)})) for ids in (one, other))
    found = compare_rows(a, b, keys=["id"])
    assert (found.duplicates_a is not None, found.duplicates_b is not None) == repeated
    assert not found.same
