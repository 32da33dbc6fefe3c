from __future__ import annotations

import gzip
import io
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet
from spark_etl.dates import DateRange
from spark_etl.errors import MissingDataError
from spark_etl.sources import ParquetSource, S3PublishedSource

DAY = DateRange(date(2024, 2, 29), date(2024, 2, 29))


def whole_file() -> bytes:
    buffer = io.BytesIO()
    parquet.write_table(pa.table({"id": [1, 2]}), buffer)
    return buffer.getvalue()


def with_flipped_footer() -> bytes:
    content = bytearray(whole_file())
    content[-8 - int.from_bytes(content[-8:-4], "little")] ^= 0x55
    return bytes(content)


DAMAGED = [
    (b"", "it is empty (0 bytes)", "write it again"),
    (whole_file()[:-20], "its end is missing", "write it again"),
    (b"PAR1" + bytes(20) + b"PAR1", "its footer is damaged", "write it again"),
    (with_flipped_footer(), "its footer is damaged", "write it again"),
    (b"id,name\n1,a\n", "it is text, its first line is `id,name`", "CsvSource reads it"),
    (b'\xef\xbb\xbf{"id": 1}\n', "it is JSON", "JsonSource reads it"),
    (gzip.compress(b"x"), "it is gzip", "leave it out"),
    (b"\x1b]52;c;aGk=\x07", r"its first line is `\x1b]52;c;aGk=\x07`", ""),
    (b"version https://git-lfs.github.com/spec/v1\n", "a pointer of Git LFS", "leave it out"),
    (bytes(range(200, 256)), "it is of another format", "leave it out"),
    (bytes(20) + b"PARE", "the footer of", "parquet.crypto.factory.class"),
]


@pytest.mark.parametrize(("content", "expected", "advice"), DAMAGED)
@pytest.mark.parametrize("schema", [None, "id bigint"])
def test_what_is_wrong_with_a_file_is_said(
    tmp_path: Path, content: bytes, expected: str, advice: str, schema: str | None
) -> None:
    (tmp_path / "a.parquet").write_bytes(content)

    with pytest.raises(MissingDataError) as caught:
        ParquetSource(str(tmp_path), schema=schema).inputs(DAY)

    assert "a.parquet" in caught.value.message
    assert expected in caught.value.message
    assert advice in str(caught.value.hint)


def test_an_encrypted_file_is_read_by_who_says_how(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(bytes(20) + b"PARE")
    options = {"parquet.crypto.factory.class": "org.example.Keys"}
    assert ParquetSource(str(tmp_path), options=options).inputs(DAY)


@pytest.mark.parametrize("checksums", [b"", b"crc", b"crc\0\0\0\2\0"])
def test_checksums_of_another_file_are_named(tmp_path: Path, checksums: bytes) -> None:
    (tmp_path / "a.parquet").write_bytes(whole_file())
    (tmp_path / ".a.parquet.crc").write_bytes(checksums)

    with pytest.raises(MissingDataError, match=r"a\.parquet is another file than .*\.a\.parquet\.crc") as caught:
        ParquetSource(str(tmp_path)).inputs(DAY)

    assert f"rm '{tmp_path}/.a.parquet.crc'" in str(caught.value.hint)


LEFT = [
    (["000000_0"], "1 file, not named `*.parquet`: 000000_0", 'file_pattern="*" reads them'),
    (["part-0.parq", "part-1.parq"], "2 files, not named", 'file_pattern="*.parq" reads them'),
    (["PART-0.PARQUET"], "PART-0.PARQUET", 'file_pattern="*.PARQUET" reads them'),
    (["a.csv", "b.csv.gz"], "2 files", "CsvSource reads such files"),
    (["README.txt"], "README.txt", "is the path right?"),
    (["_SUCCESS"], "1 file, hidden or temporary", "has written no file"),
    (["_temporary/0/part-0.parquet"], "hidden or temporary", "has not finished"),
    (
        [f"{number}.parq" for number in range(9)],
        "9 files, not named `*.parquet`: 0.parq, 1.parq, 2.parq, … (6 more)",
        "",
    ),
]


@pytest.mark.parametrize(("names", "expected", "advice"), LEFT)
def test_what_lies_there_instead_is_said(tmp_path: Path, names: list[str], expected: str, advice: str) -> None:
    for name in names:
        file = tmp_path / "orders/_dt=2024-02-29" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(whole_file())

    with pytest.raises(MissingDataError) as caught:
        S3PublishedSource(str(tmp_path), "orders").inputs(DAY)

    assert expected in caught.value.message
    assert advice in str(caught.value.hint)
    if "file_pattern" in advice:
        pattern = advice.split('"')[1]
        assert len(S3PublishedSource(str(tmp_path), "orders", file_pattern=pattern).inputs(DAY)) == len(names)


def test_files_beside_those_that_are_read_are_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = tmp_path / "orders/_dt=2024-02-29"
    folder.mkdir(parents=True)
    for name in ("part-0.parquet", "part-1.PARQUET", "README.txt", "_SUCCESS", "a.csv"):
        (folder / name).write_bytes(whole_file())

    assert len(S3PublishedSource(str(tmp_path), "orders").inputs(DAY)) == 1
    assert "_dt=2024-02-29 has 1 file not named `*.parquet`, not read: part-1.PARQUET" in caplog.text


def test_days_in_folders_of_another_name_are_found(tmp_path: Path) -> None:
    (tmp_path / "orders/day=2024-02-29").mkdir(parents=True)

    with pytest.raises(MissingDataError) as caught:
        S3PublishedSource(str(tmp_path), "orders").inputs(DAY)

    assert 'date_col="day"' in str(caught.value.hint)


def test_a_folder_of_hidden_files_is_said(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(MissingDataError) as caught:
        ParquetSource(f"{tmp_path}/out").inputs(DAY)
    assert "is an empty folder" in str(caught.value.hint)

    (tmp_path / "out/_SUCCESS").touch()
    with pytest.raises(MissingDataError, match="out/ has 1 file, hidden or temporary"):
        ParquetSource(f"{tmp_path}/out").inputs(DAY)
