"""`sandbox diff`: on the stack, and of runs in a folder without one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from spark_etl.compare import RunDiff
from spark_etl.compare.request import DiffRequest
from spark_etl.reading import Runs

from sandbox_cli import errors
from sandbox_cli.app import run_command
from sandbox_cli.commands import diff as command
from tests.support.comparisons import A, B, bracketed, different

Compared = list[tuple[str, DiffRequest, Any]]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of this machine's stacks is seen or touched."""
    monkeypatch.setenv("SANDBOX_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("DOCKER_HOST", "unix:///nosuch.sock")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("SANDBOX_STACK", raising=False)
    monkeypatch.delenv("SANDBOX_PROGRAM", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def needed(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The services that the command has needed of a stack."""
    seen: list[Any] = []

    def running(_console: Any, _settings: Any, needs: Any) -> SimpleNamespace:
        seen.append(needs)
        return SimpleNamespace(runs=Runs("s3a://scratch"))

    monkeypatch.setattr(command.session, "running", running)
    return seen


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> Compared:
    """What the command has asked to be compared: below which path, what, and by what missing rows are computed."""
    seen: Compared = []

    def compare(runs: Any, request: DiffRequest, *, compute: Any, on_progress: Callable[..., None]) -> RunDiff:
        on_progress("net", 1, 5)
        seen.append((runs.scratch, request, compute))
        return bracketed() if request.feature == "total" else different()

    monkeypatch.setattr(command, "compare", compare)
    return seen


def test_it_needs_the_store_of_a_stack(
    needed: list[Any], compared: Compared, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["diff"]) == 1
    assert needed == [command.session.STORE]
    assert compared == [("s3a://scratch", DiffRequest("last-success", "latest"), None)]
    shown = capsys.readouterr()
    assert shown.out.startswith("A and B differ. They part at `net`")
    assert f"next: sandbox replay {A}/net --code PROJECT" in shown.out
    assert max(map(len, shown.out.splitlines())) <= 80
    assert "[compare] done in" in shown.err


def test_compute_needs_the_cluster(
    needed: list[Any], compared: Compared, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    line = ["diff", A, B, "--feature", "total", "--keys", "a, b"]
    assert run_command(line) == 1
    assert f"next: sandbox diff {A} {B} --feature total --keys a,b --compute" in capsys.readouterr().out
    monkeypatch.setattr(command.computed, "compute_missing", lambda _console, found: found.runs.scratch)
    assert run_command([*line, "--compute"]) == 1
    assert needed[1] == command.session.CLUSTER
    assert compared[1][2] == "s3a://scratch"


def test_runs_in_a_folder_need_no_stack(compared: Compared, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for run in (A, B):
        (tmp_path / "runs/team/shop" / run).mkdir(parents=True)
        (tmp_path / "runs/team/shop" / run / "run.json").touch()
    assert run_command(["diff", f"runs/team/shop/{A}", f"runs/team/shop/{B}"]) == 1
    assert run_command(["diff", A[-6:], "latest", "--scratch-path", "runs"]) == 1
    assert [scratch for scratch, *_ in compared] == [f"file://{tmp_path}/runs"] * 2
    assert compared[1][1] == DiffRequest(A[-6:], "latest")
    assert f"next: spark-etl replay {A}/net --code PROJECT --scratch-path {tmp_path}/runs" in capsys.readouterr().out
    assert run_command(["diff", "--scratch-path", "nosuch"]) == 2
    assert run_command(["diff", f"runs/team/shop/{A}", B]) == errors.EngineError.exit_code, "B is a run of the stack"


def test_json_and_the_file_for_a_ticket(
    needed: list[Any], compared: Compared, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["diff", A, B, "--json", "--html", "diff.html"]) == 1
    shown = capsys.readouterr()
    assert json.loads(shown.out)["features"]["net"]["state"] == "differs"
    assert "written: diff.html" in shown.err
    assert f"by <code>sandbox diff {A} {B}</code>" in (tmp_path / "diff.html").read_text()
    assert run_command(["diff", A, B, "--html", "nosuch/diff.html"]) == 2
    assert run_command(["diff", A, B, "--tolerance", "-1"]) == 2
    assert (len(needed), len(compared)) == (1, 1), "nothing is compared before that is known"
