from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from spark_etl import runs
from spark_etl.errors import CheckpointError
from spark_etl.reading import Run
from spark_etl.reading.failure import load_failure
from spark_etl.storage import join, storage_for
from spark_etl.store import CodeRecord, ErrorRecord, StoredRun

from tests.unit.spark_etl.reading.conftest import MakeRun, keep

FIRST, SECOND = "20240229T101112Z-aaaaaa", "20240301T101112Z-bbbbbb"
FRAMES = '  File "late.py", line 7, in transform\n    10 / 0\n'
FAILURE_REPORT = {
    "feature": "late",
    "type": "ZeroDivisionError",
    "message": "division <by> zero",
    "frames": FRAMES,
    "traceback": "all of it",
    "plan": "== Physical Plan ==",
    "metrics": [{"execution": 3, "description": "late", "node": "Scan parquet", "metrics": {"number of files": "3"}}],
    "inputs": {"orders": "orders", "raw": "late.raw"},
    "not_kept": {"rates": "it is too <large>"},
}


def change(paths: StoredRun, feature: str | None = None, **known: Any) -> Run:
    """Changes run.json, or what it says of a feature."""
    content = json.loads(storage_for(paths.root).read(paths.document_path) or b"")
    (content["features"][feature] if feature else content).update(known)
    storage_for(paths.root).write(paths.document_path, json.dumps(content).encode())
    return runs[paths.run_id]


@pytest.fixture
def failed(make_run: MakeRun) -> StoredRun:
    paths = make_run(FIRST, status="failed")
    keep(paths, "late.raw", [pa.table({"id": [7], "name": ["x"]})])
    storage_for(paths.root).write(join(paths.root, "late", "_failure.json"), json.dumps(FAILURE_REPORT).encode())
    return paths


@pytest.mark.usefixtures("failed")
def test_a_failure_opens_what_the_feature_had_read() -> None:
    failure = runs[FIRST].failure
    assert failure is not None
    assert (failure.feature, failure.type, failure.traceback) == ("late", "ZeroDivisionError", FRAMES)
    assert list(failure.inputs) == ["orders", "raw"]
    assert failure.inputs["orders"].rows == 5
    assert list(failure.inputs["raw"].head()["id"]) == [7]
    with pytest.raises(CheckpointError, match=r"`order` was kept\. Did you mean `orders`"):
        failure.inputs["order"]
    with pytest.raises(CheckpointError, match="`rates` could not be kept: it is too <large>"):
        failure.inputs["rates"]


@pytest.mark.usefixtures("failed")
def test_a_failure_shows_itself() -> None:
    failure = runs[FIRST].failure
    text = repr(failure)
    assert text.startswith("late failed: division <by> zero\n\ntraceback:\n" + FRAMES.rstrip())
    for part in ("Physical Plan", "Scan parquet: number of files 3", "rates: it is too", "inputs: orders, raw"):
        assert part in text
    assert failure is not None
    assert "division &lt;by&gt; zero" in failure._repr_html_()


def test_a_failure_says_what_opens_its_feature(failed: StoredRun) -> None:
    failure = change(failed, code={"sha256": "ab" * 32, "files": 1, "bytes": 1, "left_out": {}}).failure
    assert failure is not None
    scratch = failed.scratch.removeprefix("file://")
    assert repr(failure).endswith(f"inputs: orders, raw\n\nnext: spark-etl debug {FIRST} --scratch-path {scratch}")
    assert "<a" not in failure._repr_html_(), "a hub can't read a folder of this machine"


def test_on_the_stack_it_has_the_link(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPARK_ETL_HUB", "http://127.0.0.1:8000")
    run = StoredRun.at("s3a://scratch/users/ada", "ada", "my shop", FIRST)
    document = run.new_document(error=ErrorRecord("broke", feature="late"), code=CodeRecord("ab"))
    monkeypatch.setattr(StoredRun, "failure_report", lambda *_: {})
    failure = load_failure(run, document, lambda _: None)
    name = f"users/ada/ada/my%20shop/{FIRST}"
    page = f"http://127.0.0.1:8000/hub/user-redirect/sandbox/debug/open?run={name}"
    assert repr(failure).endswith(f"next: ./sandbox debug 'users/ada/ada/my shop/{FIRST}'\n      {page}")
    assert f'<a href="{page}" target="_blank">' in failure._repr_html_()
    monkeypatch.setenv("SPARK_ETL_HUB", 'javascript:alert("x")')
    assert "<a" not in load_failure(run, document, lambda _: None)._repr_html_()


def test_without_evidence_run_json_tells_why(make_run: MakeRun) -> None:
    make_run(FIRST, status="failed")
    failure = runs[FIRST].failure
    assert failure is not None
    assert repr(failure) == "late failed: late broke\n\ninputs: none"


@pytest.mark.parametrize("status", ["succeeded", "running", "interrupted"])
def test_what_did_not_fail_has_no_failure(make_run: MakeRun, status: Any) -> None:
    make_run(FIRST, status=status)
    assert runs[FIRST].failure is None


def test_a_reused_checkpoint_is_read_where_it_lies_and_says_so(make_run: MakeRun) -> None:
    origin, paths = make_run(FIRST), make_run(SECOND, kept=False)
    run = change(paths, "orders", state="reused", reused_from=origin.root, rows=5, bytes=9)
    assert f"; reused by run {SECOND}" in repr(run["orders"])
    assert run["orders"].path == origin.checkpoint_path("orders")
    assert list(run["orders"].head(1)["id"]) == [1]
    assert f"reused from {FIRST}" in repr(run)
    Path(origin.manifest_path("orders").removeprefix("file://")).unlink()
    with pytest.raises(CheckpointError, match=f"reused `orders` of run {FIRST}, and nothing is left"):
        run["orders"]


def test_a_run_that_no_longer_says_it_is_alive_has_died(make_run: MakeRun) -> None:
    paths = make_run(FIRST, status="running")
    change(paths, "late", state="running")
    assert runs[FIRST].status == "running"
    paths.beat(15)
    assert runs[FIRST].status == "running"
    assert "its run is still running" in repr(runs[FIRST]["orders"])
    last = {"at": (datetime.now(UTC) - timedelta(minutes=5)).isoformat(), "every": 15}
    storage_for(paths.root).write(join(paths.root, "_heartbeat.json"), json.dumps(last).encode())
    (run,) = runs.list(status="died")
    assert f"run {FIRST} of team/revenue for 2024-02-29: died" in repr(run)
    assert "late     died" in repr(run)
    assert "its run died" in repr(run["orders"])
    assert runs.list(status="running") == []
    with pytest.raises(CheckpointError, match=r"`late` has no manifest: run .* died"):
        run["late"]


def test_a_frame_computed_after_a_failure_says_so(make_run: MakeRun) -> None:
    paths = make_run(FIRST, status="failed")
    manifest = json.loads(storage_for(paths.root).read(paths.manifest_path("orders")) or b"")
    content = json.dumps({**manifest, "after_failure": True}).encode()
    storage_for(paths.root).write(paths.manifest_path("orders"), content)
    assert "computed once more, after what reads it had failed" in repr(runs[FIRST]["orders"])


def test_in_a_notebook_a_message_of_several_lines_keeps_them(failed: StoredRun) -> None:
    message = "its rows break its response:\n  `id` must be unique\n    id  rows\n     7     2"
    report = json.dumps({**FAILURE_REPORT, "message": message}).encode()
    storage_for(failed.root).write(join(failed.root, "late", "_failure.json"), report)
    run = change(failed, error={"feature": "late", "message": message})

    assert run.failure is not None
    html = run.failure._repr_html_()
    assert "<b>late failed: its rows break its response:</b>" in html
    assert "<pre>  `id` must be unique\n    id  rows\n     7     2</pre>" in html
    assert "<p>error: its rows break its response:</p>" in run._repr_html_()


def test_in_a_notebook_a_run_is_drawn_above_its_table(make_run: MakeRun) -> None:
    make_run(FIRST)
    html = runs[FIRST]._repr_html_()
    assert 0 <= html.index("<img") < html.index("<table>")
