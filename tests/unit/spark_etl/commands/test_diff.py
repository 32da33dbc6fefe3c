"""`spark-etl diff`: what is compared, what is printed, and the exit code."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from spark_etl import cli
from spark_etl.commands import diff as command
from spark_etl.compare import RunDiff
from spark_etl.compare.request import DiffRequest, refused_as_usage
from spark_etl.errors import ArgumentError, CheckpointError, RunFailedError

from tests.support.comparisons import A, B, different, same

Compared = list[tuple[str, DiffRequest, Any]]


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Compared:
    """What the command has asked to be compared: below which path, what, and by what missing rows are computed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SANDBOX_SCRATCH", raising=False)
    seen: Compared = []

    def compare(runs: Any, request: DiffRequest, *, compute: Any, on_progress: Callable[..., None]) -> RunDiff:
        on_progress("net", 1, 5)
        seen.append((runs.scratch, request, compute))
        return different()

    monkeypatch.setattr(command, "compare", compare)
    return seen


def test_it_prints_how_they_differ_and_ends_with_1(compared: Compared, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["diff", A, B, "--scratch-path", "runs", "--keys", "a, b", "--keys", "c"]) == 1
    shown = capsys.readouterr()
    assert shown.out.startswith("A and B differ. They part at `net`")
    assert f"next: spark-etl replay {A}/net --code PROJECT --scratch-path runs" in shown.out
    assert "compared 5 features in 0.0s" in shown.err
    assert compared[0][1:] == (DiffRequest(A, B, keys=("a", "b", "c")), None)


def test_without_names_it_is_the_last_success_and_the_latest(compared: Compared) -> None:
    assert cli.main(["diff", "--local", "--feature", "net", "--tolerance", "0.01", "--compute"]) == 1
    scratch, request, compute = compared[0]
    assert scratch.endswith("/.spark-etl/scratch")
    assert request == DiffRequest("last-success", "latest", "net", (), 0.01)
    assert compute is command.compute_missing


def test_runs_named_by_their_folders_need_no_scratch_path(compared: Compared, tmp_path: Path) -> None:
    for run in (A, B):
        (tmp_path / "runs/team/shop" / run).mkdir(parents=True)
        (tmp_path / "runs/team/shop" / run / "run.json").touch()
    os.chdir(tmp_path / "runs")
    assert cli.main(["diff", f"team/shop/{A}", f"./team/shop/{B}"]) == 1
    scratch, request, _ = compared[0]
    assert scratch == f"file://{tmp_path}/runs"
    assert (request.a, request.b) == (f"{tmp_path}/runs/team/shop/{A}", f"{tmp_path}/runs/team/shop/{B}")


def test_json_is_a_line_and_the_file_is_a_page(
    compared: Compared, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["diff", A, B, "--scratch-path", "runs", "--feature", "net", "--compute", "--json", "--html", "diff.html"]
    assert cli.main(line) == 1
    assert compared
    found = json.loads(capsys.readouterr().out)
    assert (found["answer"], found["exit_code"], found["first"]) == ("different", 1, ["net"])
    page = (tmp_path / "diff.html").read_text()
    assert f"by <code>spark-etl diff {A} {B} --scratch-path runs --feature net --compute</code>" in page


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--html", "nosuch/diff.html"], "there is no folder nosuch"),
        (["--html", "."], "that is a folder"),
        (["--tolerance", "x"], "--tolerance"),
        (["--tolerance", "nan"], "a number of 0 or more"),
        (["--bogus"], "unknown argument --bogus"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_compared(
    compared: Compared, capsys: pytest.CaptureFixture[str], more: list[str], message: str
) -> None:
    assert cli.main(["diff", A, B, "--scratch-path", "runs", *more]) == 2
    assert message in capsys.readouterr().err
    assert compared == []


def test_the_same_is_0_and_what_cannot_be_compared_2(
    compared: Compared, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compared == []
    answers = iter([RunDiff(A, B, features={"orders": same("orders")}), RunDiff(A, B)])
    monkeypatch.setattr(command, "compare", lambda *_, **__: next(answers))
    assert cli.main(["diff", A, B, "--scratch-path", "runs"]) == 0
    assert cli.main(["diff", A, B, "--scratch-path", "runs"]) == 2
    assert "A and B can't be compared." in capsys.readouterr().out


def test_a_run_that_is_not_there_is_2_as_1_means_that_runs_differ(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["diff", A, B, "--scratch-path", str(tmp_path)]) == 2
    assert A in capsys.readouterr().err


@pytest.mark.parametrize("error", [CheckpointError("gone"), OSError(5, "gone"), KeyError("gone")])
def test_what_cannot_be_read_is_2_and_a_fault_too(error: Exception, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ArgumentError, match="gone"), refused_as_usage():
        raise error
    assert ("Traceback" in capsys.readouterr().err) == isinstance(error, KeyError), "for a report"


def test_an_error_with_an_exit_code_of_its_own_keeps_it() -> None:
    with pytest.raises(RunFailedError), refused_as_usage():
        raise RunFailedError("of the driver that computes")
