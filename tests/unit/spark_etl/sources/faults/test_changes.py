"""Values that Spark would take for others: refused, or read with a warning."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from spark_etl.dates import DateRange
from spark_etl.errors import MissingDataError
from spark_etl.sources import CsvSource, JsonSource

DAY = DateRange(date(2024, 2, 29), date(2024, 2, 29))
SEMICOLON = {"sep": ";"}
GERMAN = {"sep": ";", "locale": "de-DE"}
SCHEMA = "id int, p decimal(10,2)"


def source(folder: Path, content: str, schema: str, options: dict[str, Any]) -> CsvSource | JsonSource:
    kind = JsonSource if content.startswith("{") else CsvSource
    path = folder / ("a.json" if kind is JsonSource else "a.csv")
    path.write_text(content)
    return kind(str(folder), schema=schema, options=options)


@pytest.mark.parametrize(
    ("content", "options", "message", "hint"),
    [
        ("id;p\n1;1,234.5\n2;1,50\n", SEMICOLON, "line 3, column `p`: '1,50' is no decimal(10,2)", "de-DE"),
        ('id,p\n1,"1.234,50"\n', {}, "line 2, column `p`: '1.234,50' is no decimal(10,2)", "de-DE"),
        ("id;p\n1;1.50\n", GERMAN, "line 2, column `p`: '1.50' is no decimal(10,2)", "en-US"),
        ('{"id":1,"p":"1,50"}\n', {}, "line 1, column `p`: '1,50' is no decimal(10,2)", "de-DE"),
        ('{"id":1}\n{"id":2,"P":5}\n', {}, "line 2: its field `P` is `p` in the schema", "as the documents do"),
    ],
)
def test_another_number_is_refused(
    tmp_path: Path, content: str, options: dict[str, Any], message: str, hint: str
) -> None:
    with pytest.raises(MissingDataError) as refused:
        source(tmp_path, content, SCHEMA, options).inputs(DAY)
    assert message in refused.value.message
    assert hint in str(refused.value.hint)


@pytest.mark.parametrize(
    ("content", "schema", "options", "message"),
    [
        ("id,p\n1,1.230\n2,1.239\n3,1.239\n", SCHEMA, {}, "line 3, column `p`: Spark rounds '1.239' to decimal(10,2)"),
        ("t\n2024-02-29 10:00:00.123456789\n", "t timestamp", {}, "to microseconds; next: type `t` as string"),
        ('{"id":1,"p":1.239}\n', SCHEMA, {}, "line 1, column `p`: Spark rounds '1.239'"),
        ('{"id":1}\n', "id int, nmae string", {}, "no document has a field `nmae`"),
        ('{"id":1}\n{"ID":2}\n', None, {}, "line 2: its field `ID` is `id` in others"),
    ],
)
def test_a_changed_value_is_warned_of_once(
    tmp_path: Path, content: str, schema: str, options: dict[str, Any], message: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert source(tmp_path, content, schema, options).inputs(DAY)
    (record,) = caplog.records
    assert message in record.getMessage()


@pytest.mark.parametrize(
    ("content", "schema", "options"),
    [
        ("id;p\n1;1,500\n2;-1,234,567.50\n3;12,34,567.00\n4;.5\n5;1e2\n", SCHEMA, SEMICOLON),
        ("id;p\n1;1,5\n2;1.234,50\n3;1.500\n", SCHEMA, GERMAN),
        ("id;p\n1;1 234,50\n", SCHEMA, {**SEMICOLON, "locale": "fr-FR"}),
        ("t\n2024-02-29 10:00:00.123456000Z\n2024\n", "t timestamp", {}),
        ('{"id":1,"p":1.5}\n{"p":"1.5","id":3}\n', SCHEMA, {"locale": "en-US"}),
        ('{"id":1,"p":1.50}\n', SCHEMA, GERMAN),  # a number of JSON has its point in any language
        ("{'id':1,p:1.5}\n", SCHEMA, {"allowUnquotedFieldNames": True}),
        ("id;p\n1;1,50\n", SCHEMA, {**SEMICOLON, "mode": "PERMISSIVE"}),
    ],
)
def test_values_that_are_read_as_they_are_pass(
    tmp_path: Path, content: str, schema: str, options: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    assert source(tmp_path, content, schema, options).inputs(DAY)
    assert not caplog.records
