from __future__ import annotations

import json

import pytest
from spark_etl.errors import DamagedError
from spark_etl.store import FeatureInputs, ObjectRecord, RunInputs, SourceRecord
from spark_etl.store.inputs import dump_inputs, parse_inputs

SOURCE = SourceRecord("S3PublishedSource('raw', 'orders')", (ObjectRecord("s3a://raw/a", 10, "e1"),))
KEY = {"hash": "h", "parts": {"dates": "2024-02-29"}}
INPUTS = RunInputs(
    {
        "orders": FeatureInputs({"raw": SOURCE}, KEY),
        "again": FeatureInputs({"raw": SOURCE, "other": SourceRecord("Table()")}, KEY),
        "net": FeatureInputs({"orders": "orders"}, KEY),
    }
)


def test_what_is_written_is_read() -> None:
    assert parse_inputs(dump_inputs(INPUTS), "i") == INPUTS


def test_a_source_that_many_features_read_is_stored_once() -> None:
    assert dump_inputs(INPUTS).count(b"s3a://raw/a") == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no JSON"),
        (b"[]", "i is damaged"),
        (b'{"format": 99}', "newer format"),
        (b'{"format": 1, "sources": {}, "features": {"a": {"sources": {"x": {"source": "y"}}}}}', "i is damaged"),
    ],
)
def test_what_is_no_list_of_inputs_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(DamagedError, match=message):
        parse_inputs(content, "i")


@pytest.mark.parametrize("wrong", [["p", -1, None], ["p", "1", None], ["p", 1, 7], [3, 1, None], ["p"], "x"])
def test_an_object_of_wrong_types_is_refused(wrong: object) -> None:
    document = json.loads(dump_inputs(INPUTS))
    for source in document["sources"].values():
        source["objects"] = [wrong]
    with pytest.raises(DamagedError, match="i is damaged"):
        parse_inputs(json.dumps(document).encode(), "i")
