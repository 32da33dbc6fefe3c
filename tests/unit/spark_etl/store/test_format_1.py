"""What was left before format 2 reads as it did: a sample that is kept of it."""

from __future__ import annotations

import json

import pytest
from spark_etl import runs
from spark_etl.errors import CheckpointError
from spark_etl.store import RunStore, manifest_at

from tests.unit.spark_etl.store.conftest import FAILED, FIRST, RESUMED, SAMPLE


def test_runs_are_listed_from_their_marks_and_from_their_documents(earlier: RunStore) -> None:
    listed = runs.list()
    assert [(run.id, run.status, run.dates) for run in listed] == [
        (FAILED, "failed", "2024-02-29"),
        (RESUMED, "succeeded", "2024-02-29"),
        (FIRST, "succeeded", "2024-02-29"),
    ]
    assert [run.summary() for run in listed] == [run.reload().summary() for run in listed]
    assert (listed[0].kind, listed[0].user) == ("run", "spark")


def test_checkpoints_are_read_where_they_lie(earlier: RunStore) -> None:
    assert runs[FIRST].checkpoints == ["rates", "net"]
    assert len(runs[FIRST]["rates"].pandas()) == 5
    assert runs[RESUMED]["net"].path == f"{runs[FIRST].path}/net"
    assert f"reused by run {RESUMED}" in repr(runs[RESUMED]["net"])
    with pytest.raises(CheckpointError, match="`rates` was not kept by run"):
        runs[RESUMED]["rates"]


def test_a_failure_opens_its_inputs(earlier: RunStore) -> None:
    failure = runs[FAILED].failure
    assert failure
    assert "no rate" in failure.message
    assert {name: kept.rows for name, kept in failure.inputs.items()} == {"net": 5, "raw": 8}


def test_what_was_not_recorded_then_is_not_known(earlier: RunStore) -> None:
    run = runs[FIRST]
    assert (run.document.format, run.document.kind, run.document.options) == (1, "run", None)
    assert run.document.session is None
    assert run.stored.inputs() is None
    assert run.log == ""


def test_a_document_says_the_same_as_before(earlier: RunStore) -> None:
    for run in runs:
        before = json.loads((SAMPLE / "scratch/sandbox/shop" / run.id / "run.json").read_text())
        now = json.loads(json.dumps(run.content).replace(earlier.scratch, "s3a://scratch"))
        for name in ("kind", "options", "session", "requirements"):
            del now[name]
        for output in now["publish"]:  # not known is as good as not there
            before_output = next(one for one in before["publish"] if one["path"] == output["path"])
            assert output == {"seconds": None, "rows": None, **before_output}
        assert {**now, "publish": before["publish"]} == before


def test_a_manifest_has_its_cache_key_under_its_new_name(earlier: RunStore) -> None:
    before = json.loads((SAMPLE / "scratch/sandbox/shop" / FIRST / "rates/_manifest.json").read_text())
    manifest = manifest_at(f"{runs[FIRST].path}/rates")
    assert manifest
    assert manifest.cache_key == before["identity"]
