"""Files that Spark would take, and read something else: refused before it starts."""

from __future__ import annotations

import bz2
import gzip
import tracemalloc
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from spark_etl.dates import DateRange
from spark_etl.errors import MissingDataError
from spark_etl.sources import CsvSource, JsonSource
from spark_etl.sources.faults import checks, json_file
from spark_etl.sources.faults.content import unpacked
from spark_etl.sources.file_schemas import csv_schema

DAY = DateRange(date(2024, 2, 29), date(2024, 2, 29))
LATIN = "id,name\n1,Müller\n".encode("latin-1")
OF_FORMAT: dict[str, Any] = {"csv": CsvSource, "json": JsonSource}

REFUSED: list[tuple[str, bytes, dict[str, Any], str, str]] = [
    ("a.csv", LATIN, {}, r", line 2: the byte 0xFC is no UTF-8: 1,M\xfcller", '"encoding": "ISO-8859-1"'),
    ("a.csv", b"id\n1\xc3", {}, ", line 2: the byte 0xC3 is no UTF-8", "ISO-8859-1"),
    ("a.csv", LATIN, {"mode": "DROPMALFORMED"}, "the byte 0xFC is no UTF-8", "ISO-8859-1"),
    ("a.json", b'{"n":"M\xfc"}\n', {}, ", line 1: the byte 0xFC is no UTF-8", '"lineSep": "\\n"'),
    ("a.csv", "id\n1\n".encode("utf-16"), {}, "is UTF-16, and read as UTF-8", '"multiLine": True'),
    ("a.csv", "id\n1\n".encode("utf-16"), {"encoding": "UTF-16"}, "reads UTF-16 only with multiLine", "multiLine"),
    ("a.csv", gzip.compress(b"id\n1\n"), {}, "is compressed by gzip, but its name does not end in .gz", "rename"),
    ("a.csv.gz", b"id\n1\n", {}, "is not compressed by gzip, though its name ends in .gz", "rename"),
    ("a.csv", b"PK\x03\x04....", {}, "is a zip archive", "unpack"),
    ("a.json", b"PAR1....", {}, "is a Parquet file", "ParquetSource"),
    ("a.csv", b"<html><body>403</body></html>", {}, "is HTML or XML", "fetch it again"),
    ("a.csv", b"sep=;\nid;v\n1;2\n", {}, "begins with Excel's line `sep=…`", "take the line out"),
    ("a.csv", b"id;name\n1;a\n", {}, "its header is 'id;name', without any `,`", '"sep": ";"'),
    ("a.csv", b'name\n"a\nb"\n', {}, ", line 2: a quoted value does not end in its line", "multiLine"),
    ("a.csv", b"", {}, "is empty", "with schema="),
    ("a.json", b"", {}, "is empty", "with schema="),
    ("a.json", b'{"a":1}\n{"a":2}{"a":3}\n', {}, ", line 2: more than one document in one line", "a document a line"),
    ("a.json", b'{"a":1}\n{"a":2}\n', {"multiLine": True}, ", line 2: a second document", "leave multiLine out"),
    ("a.json", b'[{"a":1}]\n[{"a":2}]', {"multiLine": True}, ", line 2: a second document", "leave multiLine out"),
    ("a.json", b'{"a":1},{"a":2}\n', {}, ", line 1: more than one document in one line", "a document a line"),
    ("a.json", b'{"a":1} x\n', {}, ", line 1: more than one document in one line", "a document a line"),
    ("a.json", b"\n \n", {}, "is empty", "with schema="),
    ("a.csv", b"\n\n", {}, "is empty", "with schema="),
    ("a.csv", b'id,t\n1,"a ""b"" c"\n', {}, """, line 2: `""` stands for a quote in '"a """, """"escape": '"'"""),
    ("a.csv", b't\n"x\ny ""b"""\n', {"multiLine": True}, """, line 2: `""` stands for a quote""", """"escape": '"'"""),
    ("a.csv", b'id,t\n1,"a"\n2,"b', {}, ", line 3: a quoted value does not end in its line", "is cut off"),
    ("a.csv", b'id,t\n1,"a"\n2,"b\nc\n', {"multiLine": True}, ", line 3: a quoted value does not end", "is cut off"),
    ("a.csv", b'd,t\n"C:\\a\\",x\n', {}, ", line 2: a quoted value does not end in its line", """"escape": '"'"""),
    ("a.csv", "id\n1\n".encode("utf-16-le"), {}, "is UTF-16LE, and read as UTF-8", '"encoding": "UTF-16LE"'),
    ("a.csv", "id,a\n1,ü\n".encode("utf-16-be"), {}, "is UTF-16BE, and read as UTF-8", '"encoding": "UTF-16BE"'),
    ("a.csv", "id\n1\n".encode("utf-32"), {}, "is UTF-32, and read as UTF-8", '"encoding": "UTF-32"'),
]


@pytest.mark.parametrize(("name", "content", "options", "message", "hint"), REFUSED)
def test_what_would_be_read_as_something_else_is_refused(
    tmp_path: Path, name: str, content: bytes, options: dict[str, Any], message: str, hint: str
) -> None:
    (tmp_path / name).write_bytes(content)
    source = OF_FORMAT[name.split(".")[1]]
    with pytest.raises(MissingDataError) as refused:
        source(str(tmp_path), options=options).inputs(DAY)
    assert f"{tmp_path}/{name}" in refused.value.message
    assert message in refused.value.message
    assert hint in str(refused.value.hint)


TAKEN: list[tuple[str, bytes, dict[str, Any]]] = [
    ("a.csv", LATIN, {"options": {"encoding": "ISO-8859-1"}}),
    ("a.csv", LATIN, {"options": {"mode": "PERMISSIVE"}}),
    ("a.csv", "id,name\n1,\ufffd ü\n".encode(), {}),  # somebody else's replacement, in good UTF-8
    ("a.csv", b"\xef\xbb\xbfid,name\n1,a\n", {}),
    ("a.csv", b"", {"schema": "id int"}),
    ("a.csv", b'id,name\n1,5" pipe\n2,"a, b"\n3,""\n4,5"" pipe\n5, "open\n6,"a \\"b\\""\n"7" ,x\n', {}),
    ("a.csv", b'id,name\n2,"say ""hi"""\n', {"options": {"escape": '"'}}),
    ("a.csv", b'id,name\n2,"say ""hi"""\n', {"options": {"escape": "\\"}}),
    (
        "a.csv",
        b'id,name\n#2,"open\n3,"a\n# ""b""\nc"\n',
        {"options": {"escape": '"', "multiLine": True, "comment": "#"}},
    ),
    ("a.csv", b'id,name\n1,"a\nb"\n', {"options": {"multiLine": True}}),
    ("a.csv", b'id,name\n1,"a\n', {"options": {"mode": "DROPMALFORMED"}}),
    ("a.csv", b"id;name\n1;a\n", {"options": {"sep": ","}}),
    ("a.csv", b"id;name\n1;a\n", {"options": {"sep": ";"}}),
    ("a.json", b'{"a":"}{"}\n[{"a":1},{"a":2}]\n{"a":[[1],[2]]},\n{"a":"] x"}\n', {}),
    ("a.json", b'{"a":1} // x\n', {"options": {"allowComments": True}}),
    ("a.json", b'{"id":1,"m":{"ID":2}}\n{"ID":2,"id":3}\n', {"schema": "id int, m struct<ID: int>"}),
    ("a.json", b'[\n{"a":1},\n{"a":2}]\n', {"options": {"multiLine": True}}),
]


@pytest.mark.parametrize(("name", "content", "arguments"), TAKEN)
def test_what_is_right_or_asked_for_is_taken(
    tmp_path: Path, name: str, content: bytes, arguments: dict[str, Any]
) -> None:
    (tmp_path / name).write_bytes(content)
    assert OF_FORMAT[name.split(".")[1]](str(tmp_path), **arguments).inputs(DAY)


def test_an_empty_file_beside_others_is_a_file_without_rows(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"")
    (tmp_path / "b.csv").write_bytes(b"id\n1\n")
    assert len(CsvSource(str(tmp_path)).inputs(DAY)) == 2


def test_of_large_files_each_has_a_share_that_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "FIRST_BYTES", 4)
    (tmp_path / "a.csv").write_bytes(b"id,name\n1,\xc3\xbc\n2,M\xfcller\n")  # the share ends within `ü`
    (tmp_path / "b.csv").write_bytes(b'id,name\n1,"a\n')
    monkeypatch.setattr(checks, "MOST_BYTES", 22)
    assert len(CsvSource(str(tmp_path)).inputs(DAY)) == 2

    (tmp_path / "b.csv").write_bytes(b"id,n\n1,\xfc" + b"\n1,a" * 9)
    with pytest.raises(MissingDataError, match=r"b\.csv, line 2: the byte 0xFC is no UTF-8"):
        CsvSource(str(tmp_path)).inputs(DAY)


@pytest.mark.parametrize("ending", ["gz", "bz2"])
def test_what_is_unpacked_of_all_files_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str) -> None:
    lengths = list[int]()

    def counted(*arguments: Any, **more: Any) -> tuple[bytes, bool]:
        plain, is_whole = unpacked(*arguments, **more)
        lengths.append(len(plain))
        return plain, is_whole

    monkeypatch.setattr(checks, "MOST_BYTES", 100_000)
    monkeypatch.setattr(checks, "unpacked", counted)
    pack = gzip.compress if ending == "gz" else bz2.compress
    for number in range(8):
        (tmp_path / f"{number}.csv.{ending}").write_bytes(pack(b"id\n" + b"1\n" * 100_000))
    CsvSource(str(tmp_path)).inputs(DAY)
    assert len(lengths) == 8
    assert sum(lengths) <= 100_000 + 8 * checks.FIRST_BYTES


def test_a_letter_is_not_cut_where_one_gzip_ends_and_the_next_begins(tmp_path: Path) -> None:
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"id\n\xc3") + gzip.compress(b"\xbc\n"))
    assert CsvSource(str(tmp_path)).inputs(DAY)


def test_the_header_of_a_packed_file_is_read_without_the_rest(tmp_path: Path) -> None:
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"id,name\n" + b"1,a\n" * 5_000_000, 1)[: 1 << 20])
    tracemalloc.start()
    try:
        assert csv_schema(f"{tmp_path}/a.csv.gz", {}) == {"id": "string", "name": "string"}
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


def test_a_line_of_json_is_parsed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed = list[str]()
    monkeypatch.setattr(json_file, "_second_document", parsed.append)
    line = '{"text": "' + "} {" * 100 + '"}'
    assert not list(json_file.find_silent_json_faults(str(tmp_path), f"{line}\n{line}\n", {}))
    assert parsed == [line, line]


def test_a_large_document_takes_little_more_than_its_text() -> None:
    text = '{"rows": [' + '{"id": 1234, "value": 1.5},\n' * 100_000 + "1]}\n{}"
    tracemalloc.start()
    try:
        (fault,) = json_file.find_silent_json_faults("a.json", text, {"multiline": True})
        assert tracemalloc.get_traced_memory()[1] < 3 * len(text)
    finally:
        tracemalloc.stop()
    assert "line 100002: a second document" in fault.message
