from __future__ import annotations

import json
from pathlib import Path

import pytest
from spark_etl.errors import FeatureError
from spark_etl.storage import normalise
from spark_etl.store import ErrorRecord, RunWriter, Status, StoredRun
from spark_etl.store.layout import is_run_id, new_run_id

from tests.support.runs import run_writer


@pytest.fixture
def record(tmp_path: Path) -> RunWriter:
    paths = StoredRun.at(normalise(str(tmp_path)), "team", "revenue", new_run_id())
    outputs = [{"feature": "net", "path": "p", "overwrite": False}]
    record = run_writer(paths, {}, {"orders": {}, "net": {}, "late": {}}, outputs)
    record.store()
    return record


def stored(record: RunWriter) -> dict[str, object]:
    content: dict[str, object] = json.loads(Path(record.run.document_path.removeprefix("file://")).read_text())
    return content


def states(record: RunWriter) -> dict[str, str]:
    return {alias: feature["state"] for alias, feature in stored(record)["features"].items()}  # type: ignore[attr-defined]


def test_ids_sort_by_time_and_differ() -> None:
    ids = {new_run_id() for _ in range(50)}
    assert len(ids) == 50
    assert all(map(is_run_id, ids))
    assert not is_run_id("20240229T101112Z")


def test_it_is_there_from_the_start(record: RunWriter) -> None:
    assert stored(record)["status"] == "running"
    assert set(states(record).values()) == {"pending"}


def test_each_feature_is_stored_at_once(record: RunWriter) -> None:
    record.feature_started("orders")
    assert states(record)["orders"] == "running"
    record.feature_ended("orders", "succeeded", rows=3, bytes=10)
    orders = stored(record)["features"]["orders"]  # type: ignore[index]
    assert (orders["state"], orders["rows"]) == ("succeeded", 3)
    assert orders["seconds"] >= 0


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("failed", {"orders": "built", "net": "failed", "late": "skipped"}),
        ("interrupted", {"orders": "built", "net": "interrupted", "late": "skipped"}),
    ],
)
def test_an_end_settles_every_feature(record: RunWriter, status: Status, expected: dict[str, str]) -> None:
    record.feature_started("orders")
    record.feature_ended("orders", "built")
    record.feature_started("net")
    record.end(status)
    assert states(record) == expected
    assert stored(record)["publish"][0]["state"] == "skipped"  # type: ignore[index]
    assert stored(record)["ended"]


def test_a_success_makes_of_built_succeeded(record: RunWriter) -> None:
    for alias in ("orders", "net", "late"):
        record.feature_started(alias)
        record.feature_ended(alias, "built")
    moment = record.output_started("p")
    record.output_staged("p", moment, rows=7, size=70)
    assert stored(record)["publish"][0]["state"] == "staged"  # type: ignore[index]
    record.published()
    record.end("succeeded")
    assert set(states(record).values()) == {"succeeded"}
    assert stored(record)["features"]["net"]["rows"] == 7  # type: ignore[index]


def test_a_failure_names_feature_and_frames(record: RunWriter) -> None:
    record.feature_started("net")
    record.feature_failed("net", FeatureError("net", "KeyError: 'x'", frames="File a"))
    record.end("failed", ErrorRecord(feature="net"))
    assert stored(record)["features"]["net"]["error"] == {"message": "KeyError: 'x'", "traceback": "File a"}  # type: ignore[index]


def test_a_feature_that_was_never_started_can_fail(record: RunWriter) -> None:
    record.reused("net", "as before", root="r", rows=3, size=9)
    record.feature_failed("net", FeatureError("net", "disk full"))
    record.end("failed", ErrorRecord(feature="net"))
    net = stored(record)["features"]["net"]  # type: ignore[index]
    assert (net["state"], net["seconds"], net["rows"]) == ("failed", None, 3)
    assert net["error"]["message"] == "disk full"
