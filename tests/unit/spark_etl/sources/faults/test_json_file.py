"""Documents that do not fit: file, line, field, value, and the option that helps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from spark_etl.sources import JsonSource

FAULTS: list[tuple[str, str | None, dict[str, Any], str, str]] = [
    ('{\n "id": 1\n}\n', None, {}, ", line 1: a document does not end in its line", '"multiLine": True'),
    ('[\n{"id": 1},\n{"id": 2}\n]\n', "id int", {}, "does not end in its line", '"multiLine": True'),
    ('{"id":1}\n{"id":2\n', None, {}, ", line 2, character 8: no JSON, expecting ',' delimiter", "DROPMALFORMED"),
    ('{\n"id": 1,\n}\n', None, {"multiLine": True}, ", line 3, character 1: no JSON", "correct it"),
    ('// x\n{"id":1}\n', None, {}, ", line 1, character 1: no JSON", '"allowComments": True'),
    ("{id:1}\n", None, {}, "no JSON", '"allowUnquotedFieldNames": True'),
    ('{"id":007}\n', None, {}, "no JSON", '"allowNumericLeadingZeros": True'),
    ('{"id":"a\tb"}\n', None, {}, "no JSON", '"allowUnquotedControlChars": True'),
    ('{"id":1}\n5\n', None, {}, ", line 2: 5 is no document", "correct it"),
    ('{"id":1,"Id":2}\n', None, {}, "its fields `id` and `Id` are one", "spark.sql.caseSensitive"),
    ('{"s":[{"id":1,"id":2}]}\n', None, {}, "two of its fields are called `id`", "name one of them otherwise"),
    ('{"p":""}\n', "p int", {}, 'field `p`: "" is no int', "as string"),
    ('{"d":19000}\n', "d date", {}, "field `d`: 19000 is no date", "as string"),
    ('{"id":1}\n{"id":"x"}\n', "id int", {}, ', line 2, field `id`: "x" is no int', "as string"),
    ('{"id":1.5}\n', "id int", {}, "field `id`: 1.5 is no int", "double or decimal"),
    ('{"id":3000000000}\n', "id int", {}, "3000000000 is no int", "as bigint"),
    ('{"d":"29/02/2024"}\n', "d date", {}, '"29/02/2024" is no date', '"dateFormat": "dd/MM/yyyy"'),
    ('{"v":{"x":1}}\n', "v int", {}, 'field `v`: {"x": 1} is no int', "as string"),
    ('{"v":5}\n', "v struct<a: int, b: array<int>>", {}, "5 is no struct<a: int, b: array<int>>", "from_json"),
    ('[{"b":true},{"b":"true"}]\n', "b boolean", {}, 'field `b`: "true" is no boolean', "as string"),
]


@pytest.mark.parametrize(("content", "schema", "options", "message", "hint"), FAULTS)
def test_the_first_document_that_does_not_fit_is_found(
    tmp_path: Path, content: str, schema: str | None, options: dict[str, Any], message: str, hint: str
) -> None:
    (tmp_path / "a.json").write_text(content)
    path = f"file://{tmp_path}/a.json"
    fault = JsonSource(path, schema=schema, options=options).find_fault(path)
    assert fault
    assert fault.message.startswith(f"{path}, line ")
    assert message in fault.message
    assert hint in str(fault.hint)


@pytest.mark.parametrize(
    ("content", "schema", "options"),
    [
        ('\ufeff{"id":1,"v":NaN}\n\n{"id":null}\n', "id int, v double", {}),
        ('{"id":1,"d":"2024-02-29","m":{"a":1},"l":[1]}\n', "id bigint, d date, m map<string,int>, l array<int>", {}),
        ('[{"id":1},\n{"id":2}]', None, {"multiLine": True}),
        ("{'id':1}\n", None, {}),  # Spark reads that
    ],
)
def test_documents_that_fit_have_no_fault(
    tmp_path: Path, content: str, schema: str | None, options: dict[str, Any]
) -> None:
    (tmp_path / "a.json").write_text(content)
    path = f"file://{tmp_path}/a.json"
    assert JsonSource(path, schema=schema, options=options).find_fault(path) is None
