from __future__ import annotations

from pathlib import Path

import pytest
from spark_etl import runs
from spark_etl.errors import CheckpointError

from tests.unit.spark_etl.reading.conftest import MakeRun

ID = "20240229T101112Z-bbbbbb"


def test_it_shows_each_feature(make_run: MakeRun) -> None:
    make_run(ID, status="failed")
    text = repr(runs[ID])
    assert text.splitlines()[0] == f"run {ID} of team/revenue for 2024-02-29: failed"
    assert text.splitlines()[-1] == "error: late broke"
    assert [line.split()[:4] for line in text.splitlines()[2:5]] == [
        ["orders", "succeeded", "✓", "5"],
        ["net", "skipped"],
        ["late", "skipped"],
    ]
    assert "<table>" in runs[ID]._repr_html_()
    assert list(runs[ID]) == ["orders"]


def test_an_unknown_feature_is_reported_with_the_nearest(make_run: MakeRun) -> None:
    make_run(ID)
    with pytest.raises(CheckpointError, match=r"no feature `order`\. Did you mean `orders`\?"):
        runs[ID]["order"]


def test_a_feature_that_was_not_kept_says_how_to_keep_it(make_run: MakeRun) -> None:
    make_run(ID)
    with pytest.raises(CheckpointError, match=r"`net` was not kept .*; kept: orders") as caught:
        runs[ID]["net"]
    assert caught.value.hint == "run it again with --checkpoint net"


def test_a_running_run_says_so(make_run: MakeRun) -> None:
    make_run(ID, status="running", kept=False)
    with pytest.raises(CheckpointError, match=r"is still running \(now at: orders\); `late` is not written yet"):
        runs[ID]["late"]


def test_files_without_a_manifest_are_no_checkpoint(make_run: MakeRun) -> None:
    paths = make_run(ID, status="interrupted")
    Path(paths.manifest_path("orders").removeprefix("file://")).unlink()
    with pytest.raises(CheckpointError, match=r"`orders` has no manifest: run .* interrupted"):
        runs[ID]["orders"]


def test_a_run_that_has_ended_stays_what_it_was_when_it_was_looked_at(make_run: MakeRun) -> None:
    file = Path(make_run(ID).document_path.removeprefix("file://"))
    run = runs[ID]
    assert run.document.config == {}
    file.write_text(file.read_text().replace('"config": {}', '"config": {"spark": {"spark.plugins": "other"}}'))
    with pytest.raises(CheckpointError):
        run["late"]
    assert run.document.config == {}, "who has checked what a run carries must get no other one"
    assert run.reload().document.config


def test_a_run_that_goes_on_can_be_read_again(make_run: MakeRun) -> None:
    make_run(ID, status="running", kept=False)
    run = runs[ID]
    make_run(ID)
    assert run.status == "running"
    assert run.reload().status == "succeeded"
