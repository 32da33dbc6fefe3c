"""Rows that do not fit: file, line, column, value, and the option that helps."""

from __future__ import annotations

import bz2
import gzip
from pathlib import Path
from typing import Any

import pytest
from spark_etl.sources import CsvSource

# Content, schema, options → what is said after the file's name, and what helps.
FAULTS: list[tuple[str | bytes, str | None, dict[str, Any], str, str]] = [
    ("id,name\n1,a\n2,b,x\n", None, {}, ", line 3: 3 values in '2,b,x', but 2 columns: `id`, `name`", "needs quotes"),
    ("id,name\n1,'a,b'\n", None, {}, ", line 2: 3 values", """{"quote": "'"}"""),
    ("id,name\n1\n", None, {}, ", line 2: 1 value in '1', but 2 columns", "DROPMALFORMED"),
    ("id,name\n1,a,\n", None, {}, "the line ends with `,`", "give the last column a name"),
    ("id;price\n1;1,50\n", None, {}, ", line 2: 2 values in '1;1,50', but 1 column: `id;price`", '"sep": ";"'),
    ("# x\nid,name\n", None, {}, "the first line is taken for the header", '"comment": "#"'),
    ("Report\nid,name\n", None, {}, "the first line is taken for the header", "take out the lines above"),
    (
        'id,name\n1,"a\nb"\n',
        None,
        {},
        ", line 2: a quoted value does not end in its line: '1,\"a'",
        '"multiLine": True',
    ),
    ('id,name\n1,"a\nb"\n2,b,c\n', None, {"multiLine": True}, ", line 4: 3 values in '2,b,c'", "needs quotes"),
    ("id,,name\n1,2,a\n", None, {}, ", line 1: its header 'id,,name' has a column without a name", "`_c1`"),
    ("id,ID\n1,2\n", None, {}, "has 2 columns called `id`", "`id0` and `id1`"),
    ("id;name\n1;a\n", "id int, name string", {}, "its header is 'id;name', but the schema has", '"sep": ";"'),
    ("id\tname\n1\ta\n", "id int, name string", {}, "its header is 'id\\tname'", r'"sep": "\t"'),
    ("id, name \n1,a\n", "id int, name string", {}, "its header is", "ignoreLeadingWhiteSpace"),
    ("name,id\na,1\n", "id int, name string", {}, "its header is 'name,id'", "in the order of the header"),
    ("1,a\n2,b\n", "id int, name string", {}, "its header is '1,a'", '"header": False'),
    ("id,nom\n1,a\n", "id int, name string", {}, "the header lacks `name`", "enforceSchema"),
    ("id,v\n1,x\n", "id int, v int", {}, ", line 2, column `v`: 'x' is no int", "try_cast"),
    ("id,v\n1,NA\n", "id int, v int", {}, "'NA' is no int", "\"nullValue\": 'NA'"),
    ("id,v\n1, 5\n", "id int, v int", {}, "' 5' is no int", "ignoreLeadingWhiteSpace"),
    ("id,v\n1,1.5\n", "id int, v int", {}, "'1.5' is no int", "double or decimal"),
    ("id,v\n1,3000000000\n", "id int, v int", {}, "'3000000000' is no int", "as bigint"),
    ('id,v\n1,"1,234.50"\n', "id int, v double", {}, "'1,234.50' is no double", "as decimal(18,2)"),
    ("id;v\n1;1,50\n", "id int, v double", {"sep": ";"}, "'1,50' is no double", '"locale": "de-DE"'),
    ("id,v\n1,123456.7\n", "id int, v decimal(5,2)", {}, "'123456.7' is no decimal(5,2)", "more digits"),
    ("id,d\n1,29/02/2024\n", "id int, d date", {}, "'29/02/2024' is no date", '"dateFormat": "dd/MM/yyyy"'),
    ("id,d\n1,02/29/24\n", "id int, d date", {}, "'02/29/24' is no date", '"dateFormat": "MM/dd/yy"'),
    ("id,d\n1,30.02.2024\n", "id int, d date", {"dateFormat": "dd.MM.yyyy"}, "'30.02.2024' is no date", "dateFormat"),
    ("id,t\n1,29.02.2024 10:00:00\n", "id int, t timestamp", {}, "is no timestamp", "dd.MM.yyyy HH:mm:ss"),
    ("id,t\n1,2024-02-29 10:00Z\n", "id int, t timestamp_ntz", {}, "is no timestamp_ntz", "as timestamp"),
    ("id,t\n1,2024-02-29 24:00\n", "id int, t timestamp", {}, "is no timestamp", "timestampFormat"),
    ("id,d\n 1,2024-02-29x\n", "id double, d date", {}, "'2024-02-29x' is no date", "dateFormat"),
    ("p\n 1.5\n1.5 EUR\n", "p decimal(5,2)", {}, ", line 2, column `p`: ' 1.5' is no", "ignoreLeadingWhiteSpace"),
    ("id,b\n1,yes\n", "id int, b boolean", {}, "'yes' is no boolean", "as string"),
    (gzip.compress(b"id,v\n1,x\n"), "id int, v int", {}, ".gz, line 2, column `v`: 'x' is no int", "try_cast"),
    (bz2.compress(b"id,v\n1,x\n"), "id int, v int", {}, ".bz2, line 2, column `v`: 'x' is no int", "try_cast"),
    (gzip.compress(bytes(range(250)) * 99)[:-9], None, {}, "can't be unpacked: it is cut off", "write it again"),
]


def written(folder: Path, content: str | bytes) -> str:
    data = content.encode() if isinstance(content, str) else content
    ending = ".gz" if data.startswith(b"\x1f\x8b") else ".bz2" if data.startswith(b"BZh") else ""
    (folder / f"a.csv{ending}").write_bytes(data)
    return f"file://{folder}/a.csv{ending}"


@pytest.mark.parametrize(("content", "schema", "options", "message", "hint"), FAULTS)
def test_the_first_row_that_does_not_fit_is_found(
    tmp_path: Path, content: str | bytes, schema: str | None, options: dict[str, Any], message: str, hint: str
) -> None:
    path = written(tmp_path, content)
    fault = CsvSource(path, schema=schema, options=options).find_fault(path)
    assert fault
    assert fault.message.startswith(path)
    assert message in fault.message
    assert hint in str(fault.hint)


@pytest.mark.parametrize(
    ("schema", "read", "refused"),
    [
        ("x int", ["5", "+5"], [" 5", "5 ", "1_0"]),
        ("x double", [" 5", "5 ", " NaN", "Infinity ", "-Inf"], ["\xa05", "1_0", "5 x"]),
        ("x decimal(5,2)", ["5", '"1,0"', "1e2"], [" 5", "5 ", "1_0", "NaN"]),
        ("x boolean", ["TRUE"], [" true"]),
        ("x date", [" 2024-01-01", "2024-01-01 x", "2024-1-1", "2024"], ["2024-01-01x", "2024-02-30"]),
        ("x timestamp", [" 2024-01-01 10:00:00 ", "2024-01-01T10:00Z", "10:00"], ["2024-01-01 25:00:00", "x"]),
    ],
)
def test_a_value_is_read_or_refused_as_by_spark(
    tmp_path: Path, schema: str, read: list[str], refused: list[str]
) -> None:
    """What is read and what is not was tried with Spark 4.1."""
    for value in refused:
        path = written(tmp_path, "\n".join(["x", *read, value]) + "\n")
        fault = CsvSource(path, schema=schema).find_fault(path)
        assert f", line {len(read) + 2}, " in str(fault and fault.message), value


def test_the_row_that_only_spark_can_not_read_is_found(tmp_path: Path) -> None:
    record = '2,"a ""b, c"" d"'
    path = written(tmp_path, f"id,name\n1,x\n{record}\n")
    assert CsvSource(path).find_fault(path) is None
    fault = CsvSource(path).find_fault(path, record)
    assert fault
    assert f", line 3: Spark can't read '{record}'" in fault.message
    assert '"escape"' not in fault.message
    assert str(fault.hint) == """options={"escape": '"'}"""


def test_columns_of_folders_are_not_looked_for_in_the_file(tmp_path: Path) -> None:
    folder = tmp_path / "Day=2024-02-29"
    folder.mkdir()
    path = written(folder, "id,v\n1,x\n")
    fault = CsvSource(str(tmp_path), schema="id int, v int, day date").find_fault(path)
    assert fault
    assert ", line 2, column `v`: 'x' is no int" in fault.message


def test_rows_that_fit_have_no_fault(tmp_path: Path) -> None:
    rows = '1,"1,234.5",2024-02-29,TRUE,2024-02-29T10:00:00Z\n\n,,,,\n-2,+.5e1,2024-2-9,false,2024\n'
    path = written(tmp_path, f"id,v,d,b,t\n{rows}")
    schema = "id int NOT NULL, `v` decimal(10,2) COMMENT 'a, b', d date, b boolean, t timestamp"
    assert CsvSource(path, schema=schema).find_fault(path) is None
