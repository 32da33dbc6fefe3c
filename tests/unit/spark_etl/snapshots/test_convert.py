"""Files of one's own become what Spark reads, or it is said why not before anything is written."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet
from spark_etl.errors import ArgumentError
from spark_etl.snapshots import Snapshot, convert, progress, read_options
from spark_etl.transfer import local_files

Make = Callable[..., Snapshot]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Returns what makes a snapshot of files: name → content."""

    def made(files: dict[str, str | bytes | pa.Table], date_col: str = "_dt", **options: Any) -> Snapshot:
        folder, target = tmp_path / "in", tmp_path / "out"
        target.mkdir(exist_ok=True)
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, pa.Table):
                parquet.write_table(content, path)
            else:
                path.write_bytes(content.encode() if isinstance(content, str) else content)
        found = folder / next(iter(files)) if len(files) == 1 else folder
        return convert(local_files(str(found)), read_options(**options), date_col, target)

    return made


def rows(made: Snapshot) -> list[dict[str, Any]]:
    return parquet.read_table(made.file.path).to_pylist()


def csv_of(made: Snapshot) -> dict[str, Any]:
    return dict(made.columns)


TYPES = "id,amount,day,at,zone,ok,zip,text\n1,2.5,2024-02-29,2024-02-29 10:00:00,2024-02-29T10:00:00Z,true,00123,x\n"


def test_a_csv_has_types_and_first_zeros_stay(make: Make) -> None:
    made = make({"a.csv": TYPES})
    assert csv_of(made) == {
        "id": "long",
        "amount": "double",
        "day": "date",
        "at": "timestamp_ntz",
        "zone": "timestamp",
        "ok": "boolean",
        "zip": "string",
        "text": "string",
    }
    assert rows(made)[0]["zip"] == "00123"
    assert any("00123 would lose its first zeros" in note for note in made.notes)
    assert made.sample[0][:3] == ["1", "2.5", "2024-02-29"]


# What is given → a column of it, as Spark reads it, and its first value.
READ: list[tuple[dict[str, Any], dict[str, Any], str, str, Any]] = [
    ({"a.csv": "x;y\n1;2,5\n"}, {"decimal": ","}, "y", "double", 2.5),
    ({"a.csv": "x;y\n1;2,5\n"}, {"decimal": ",", "types": ["y=decimal(12,2)"]}, "y", "decimal(12,2)", Decimal("2.50")),
    ({"a.tsv": "x\ty\n1\t2\n"}, {}, "y", "long", 2),
    ({"a.csv": "x,y\n1,n/a\n2,3\n"}, {"nulls": ["n/a"]}, "y", "long", None),
    ({"a.csv": "1,2\n3,4\n"}, {"header": False}, "column1", "long", 2),
    ({"a.csv": "2023,2024\n3,4\n"}, {"header": True}, "2024", "long", 4),
    ({"a.csv": "\ufeffx,y\n1,2\n"}, {}, "x", "long", 1),
    ({"a.csv": "x,y\n1,Müller\n".encode("latin-1")}, {"encoding": "latin-1"}, "y", "string", "Müller"),
    ({"a.csv": "x,y\n1,Müller\n".encode("utf-16")}, {"encoding": "utf-16"}, "y", "string", "Müller"),
    ({"a.csv.gz": gzip.compress(b"x,y\n1,2\n")}, {}, "y", "long", 2),
    ({"odd [1]*?.csv": "x,y\n1,2\n"}, {}, "y", "long", 2),
    ({"it's.csv": "x\n1\n"}, {}, "x", "long", 1),
    ({"a.csv": 'x,y\n1,"a\nb"\n'}, {}, "y", "string", "a\nb"),
    ({"a.csv": "x,y\n#1,2\n"}, {}, "x", "string", "#1"),
    ({"a.csv": "order id\n1\n"}, {"rename": ["order id=order_id"]}, "order_id", "long", 1),
    ({"a.csv": "x\n12345678901234567890\n"}, {}, "x", "decimal(38,0)", Decimal("12345678901234567890")),
    ({"a.json": '[{"x": 1}, {"x": 2}]'}, {}, "x", "long", 1),
    ({"a.jsonl": '{"x": 1.5}\n{"x": 2}\n'}, {}, "x", "double", 1.5),
    ({"a.json": '{"x": 1}\n{"x": "b"}\n'}, {}, "x", "string", "1"),
    ({"a.json": '{"x": null}\n'}, {}, "x", "string", None),
    ({"a/1.csv": "x\n1\n", "a/2.csv": "x\nb\n"}, {}, "x", "string", "1"),
]


@pytest.mark.parametrize(("files", "options", "column", "kind", "value"), READ)
def test_what_is_read(
    make: Make, files: dict[str, Any], options: dict[str, Any], column: str, kind: str, value: Any
) -> None:
    made = make(files, **options)
    assert made.columns[column] == kind
    assert rows(made)[0][column] == value


REFUSED: list[tuple[dict[str, Any], dict[str, Any], str, str]] = [
    ({"a.csv": b""}, {}, r"a.csv is empty \(0 bytes\)", "write it again"),
    ({"a.csv": "x,y\n"}, {}, "has no row", "at least one"),
    ({"a.csv": "x,y\n1,2\n3\n"}, {}, "line 3 has 1 value, where 2 were expected: `3`", "--delimiter"),
    ({"a.csv": "x,y\n1,2\n3,4,5\n"}, {}, "line 3 has 3 values, where 2 were expected", "correct that line"),
    ({"a.csv": "x,y\n1,2\n3,4,\n"}, {}, "line 3 has 3 values, where 2 were expected: `3,4,`", "correct that line"),
    ({"a.tsv": "x\ty\n1\t2\n3\t4\t\r\n"}, {}, "line 3 has 3 values", "correct that line"),
    ({"1.csv": "1,2\n", "2.csv": "1,2,3\n"}, {"header": False}, "2.csv has 3 values in its first row, and", "same"),
    ({"a.csv": "sep=;\nx;y\n1;2\n"}, {}, "a.csv is `sep=;`, which is for Excel", "delete that line"),
    ({"a.csv": 'x,y\n1,"2\n3,4\n'}, {}, 'line 2: a value begins with `"`', "written twice"),
    ({"a.csv": "x,X\n1,2\n"}, {}, "more than one column `x`", "another name"),
    ({"a.csv": "x\nM\xfcller\n".encode("latin-1")}, {}, r"line 2 is no UTF-8: `M\\xfcller`", "--encoding latin-1"),
    ({"a.csv": "x\n1\n".encode("utf-16")}, {}, "written in utf-16", "--encoding utf-16"),
    ({"a.csv": "x\n1\n"}, {"encoding": "utf-16"}, "not written in utf-16", "utf-8"),
    ({"a.csv": "1,2\n3,4\n"}, {}, "may be its first row, not its header: it has `1`", "--no-header"),
    ({"a.csv": "x\n1\n"}, {"types": ["y=int"]}, "--type `y`: there is no such column", ""),
    ({"a.csv": "x\nb\n"}, {"types": ["x=int"]}, "1 value of `x`, such as b, does not fit int", "--null 'b'"),
    (
        {"a.csv": "x\n1.005\n"},
        {"types": ["x=decimal(12,2)"]},
        r"such as 1.005, does not fit decimal\(12,2\)",
        "another type",
    ),
    ({"a.csv": "x\n2.5\n"}, {"types": ["x=int"]}, "such as 2.5, does not fit int", "another type"),
    ({"a.csv": "_DT,x\n1,2\n"}, {"header": True}, "the column `_DT` is what the snapshot's folder says", "--rename"),
    ({"a.csv": "x,y\n1,2\n"}, {"rename": ["x=Y"]}, "more than one column is called `Y`", "--rename"),
    (
        {"1.csv": "x\n1\n", "2.csv": "x,y\n1,2\n"},
        {},
        "has other columns than .*1.csv: it has y besides",
        "same columns",
    ),
    ({"1.csv": "x\n1\n", "2.json": "{}"}, {}, "several formats", "one format"),
    ({"a.xlsx": "PK"}, {}, "none of the formats", ".csv"),
    ({"_dt=2024-02-29/a.csv": "x\n1\n", "b.csv": "x\n1\n"}, {}, "`_dt=2024-02-29` are columns", "its day"),
    ({"a.json": "[1, 2]"}, {}, "it has no objects", ""),
    ({"a.json": '{"x": 1}\n{"x":'}, {}, "Malformed JSON.*line 3", ""),
    ({"a.json": '{"x": 1}\n{"X": 2}\n'}, {}, "`x` and `X` are one column for Spark", "alike"),
    ({"a.json": '{"x": {"y": 1, "Y": 2}}'}, {}, "Duplicate name", ""),
    ({"a.json": '{"x": 1}'}, {"nulls": ["n/a"]}, "--null is for CSV, and this is JSON", "leave out --null"),
    ({"a.csv.gz": gzip.compress(b"x\n1\n" * 999)[:-20]}, {}, "a.csv.gz can't be decompressed to its end", "again"),
    ({"a.json.gz": gzip.compress(b'{"x": 1}\n' * 999)[:-20]}, {}, "a.json.gz can't be decompressed", "again"),
    ({"a.csv.gz": "x\n1\n"}, {}, "a.csv.gz is not compressed, though its name ends with .gz", "without .gz"),
    ({"a.csv.zst": "x\n1\n"}, {}, "a.csv.zst is not compressed", "without .zst"),
    ({"a.csv": gzip.compress(b"x\n1\n")}, {}, "a.csv is compressed, and its name does not say so", "with .gz"),
    ({"a.parquet": b"x,y\n1,2\n"}, {}, "no whole Parquet file: it is text", "write it again"),
]


@pytest.mark.parametrize(("files", "options", "reason", "hint"), REFUSED)
def test_what_is_refused(make: Make, files: dict[str, Any], options: dict[str, Any], reason: str, hint: str) -> None:
    with pytest.raises(ArgumentError, match=reason) as refused:
        make(files, **options)
    assert hint in str(refused.value.hint or "")


ODD = {
    "half": pa.array(np.array([1.5], dtype=np.float16)),
    "time": pa.array([43_200_000_001], pa.time64("us")),
    "large": pa.array([2**64 - 1], pa.uint64()),
    "nanos": pa.array([1_709_200_000_000_000_000], pa.timestamp("ns")),
    "moment": pa.array([1_709_200_000_000_000_000], pa.timestamp("ns", tz="Europe/Paris")),
    "inner": pa.array([{"time": 1}], pa.struct({"time": pa.time64("us")})),
    "list": pa.array([[2**32 - 1]], pa.list_(pa.uint32())),
}


def test_what_spark_lacks_is_converted_without_a_loss_and_said(make: Make) -> None:
    made = make({"a.parquet": pa.table(ODD)})
    assert {name: str(kind) for name, kind in made.columns.items() if isinstance(kind, str)} == {
        "half": "float",
        "time": "string",
        "large": "decimal(20,0)",
        "nanos": "timestamp_ntz",
        "moment": "timestamp",
    }
    assert made.table()[5][:2] == ["inner", "struct<time:string>"]
    assert made.table()[6][:2] == ["list", "array<bigint>"]
    assert made.changes["half"] == "was float16, which Spark lacks"
    assert set(made.changes) == {"half", "time", "large", "nanos", "moment", "inner", "list"}
    assert rows(made)[0]["time"] == "12:00:00.000001"
    assert rows(made)[0]["large"] == Decimal(2**64 - 1)


def test_moments_as_spark_once_wrote_them_are_what_is_asked_for(make: Make) -> None:
    old = BytesIO()
    parquet.write_table(pa.table({"x": pa.array([1], pa.timestamp("us"))}), old, use_deprecated_int96_timestamps=True)
    assert make({"a.parquet": old.getvalue()}).columns == {"x": "timestamp"}
    assert make({"a.parquet": old.getvalue()}, types=["x=timestamp_ntz"]).columns == {"x": "timestamp_ntz"}


def table(**columns: pa.Array) -> dict[str, pa.Table]:
    return {"a.parquet": pa.table(columns)}


NANOS = pa.array([1, 2_000], pa.timestamp("ns"))
WIDE = pa.array([1], pa.int32()).cast(pa.decimal256(50, 2))


def test_nanoseconds_that_count_are_refused_until_one_says_what_is_wanted(make: Make) -> None:
    with pytest.raises(ArgumentError, match=r"1 value of `x`.* has more digits than Spark keeps") as refused:
        make(table(x=NANOS))
    assert refused.value.hint == "--type x=string keeps all of it, --type x=timestamp_ntz cuts it"
    assert make(table(x=NANOS), types=["x=timestamp_ntz"]).columns == {"x": "timestamp_ntz"}
    assert rows(make(table(x=NANOS), types=["x=string"]))[0]["x"].endswith("00:00:00.000000001")


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (table(x=WIDE), r"`x` is decimal\(50,2\), which Spark can't read"),
        ({"a.parquet": pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["x", "X"])}, "`x` and `X`"),
        (
            {"1.parquet": pa.table({"x": [1]}), "2.parquet": pa.table({"x": ["a"]})},
            "`x` is bigint in 1.parquet, string",
        ),
    ],
)
def test_parquet_that_is_no_snapshot(make: Make, given: dict[str, pa.Table], reason: str) -> None:
    with pytest.raises(ArgumentError, match=reason):
        make(given)


def test_a_column_that_is_mostly_numbers_is_pointed_at(make: Make) -> None:
    made = make({"a.csv": "amount\n" + "1.5\n" * 99 + "n/a\n"})
    assert made.columns == {"amount": "string"}
    assert any("1 value of 100, such as `n/a`, is no number (--null 'n/a'" in note for note in made.notes)


def test_a_comma_at_the_end_may_be_an_empty_value_or_text(make: Make) -> None:
    made = make({"a.csv": 'x,y\n1,\n2,"a,\nb,"\n'})
    assert rows(made) == [{"x": 1, "y": None}, {"x": 2, "y": "a,\nb,"}]


def test_a_column_without_a_name_and_a_line_without_a_value_are_said(make: Make) -> None:
    made = make({"a.csv": ",x\n1,2\n"}, rename=["column0=id"])
    assert list(made.columns) == ["id", "x"]
    assert any("it is called `column0` (--rename column0=NAME)" in note for note in made.notes)
    made = make({"b.csv": "x\n1\n\n2\n"})
    assert any("1 row without a value: an empty line, too, is a row" in note for note in made.notes)


def test_dates_that_are_guessed_are_said(make: Make) -> None:
    made = make({"a.csv": "d\n02/03/2024\n"})
    assert any("dates are read as %d/%m/%Y: d" in note for note in made.notes)
    assert rows(make({"a.csv": "d\n02/03/2024\n"}, date_format="%m/%d/%Y"))[0]["d"].isoformat() == "2024-02-03"


def test_a_snapshot_is_json(make: Make) -> None:
    shown = json.loads(json.dumps(make({"a.csv": "x,y\n1,\n"}).to_dict()))
    assert shown["columns"] == {"x": "bigint", "y": "string"}
    assert shown["sample"] == [{"x": "1", "y": None}]


@pytest.mark.parametrize(
    ("option", "reason"),
    [
        ({"types": ["x"]}, "no `=`"),
        ({"types": ["x=money"]}, "`money` is no type"),
        ({"types": ["x=decimal(39,2)"]}, "is no type"),
        ({"types": ["x=decimal(2,3)"]}, "is no type"),
        ({"types": ["x=int); drop table y"]}, "is no type"),
        ({"types": ["x=int", "x=string"]}, "given twice"),
        ({"delimiter": "::"}, "it is one character"),
        ({"delimiter": ""}, "--delimiter '': it is one character.*\n.*without it, it is guessed"),
        ({"encoding": "klingon"}, "`klingon` is not known"),
        ({"encoding": "rot13"}, "no encoding of texts|not known"),
        ({"decimal": ";"}, "it is `.` or `,`"),
    ],
)
def test_options_that_are_none(option: dict[str, Any], reason: str) -> None:
    with pytest.raises(ArgumentError, match=reason):
        read_options(**option)


def test_how_far_it_is_is_told_while_duckdb_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "EVERY_SECONDS", 0.001)
    (tmp_path / "a.csv").write_text("x,y\n" + "1,text\n" * 200_000)
    (tmp_path / "out").mkdir()
    told: list[tuple[str, int, int]] = []
    convert(
        local_files(str(tmp_path / "a.csv")), read_options(), "_dt", tmp_path / "out", lambda *step: told.append(step)
    )
    assert list(dict.fromkeys(name for name, _, _ in told)) == ["types", "values", "Parquet"]
    assert all(0 <= done <= total == 100 for _, done, total in told)
