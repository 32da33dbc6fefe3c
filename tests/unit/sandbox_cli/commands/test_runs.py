"""`sandbox runs` over a folder of runs, without a stack."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pytest
from pyarrow import parquet
from spark_etl.code.archive import make_archive
from spark_etl.reading import Runs
from spark_etl.storage import normalise

from sandbox_cli.app import run_command
from sandbox_cli.commands import runs as command
from tests.unit.spark_etl.conftest import scratch
from tests.unit.spark_etl.reading.conftest import SCHEMA, MakeRun, make_run

__all__ = ["SCHEMA", "make_run", "scratch"]
FIRST, SECOND, OWN = "20240228T101112Z-aaaaaa", "20240229T101112Z-bbbbbb", "20240301T101112Z-cccccc"

PAGES = "http://127.0.0.1:8000/services/runs/"


@pytest.fixture(autouse=True)
def part_file(make_run: MakeRun, scratch: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A stack with two runs of a team and one that ada keeps; returns the file of a checkpoint."""
    monkeypatch.setenv("SANDBOX_STATE_DIR", str(tmp_path / "state"))
    make_run(FIRST)
    make_run(SECOND, status="failed")
    make_run(OWN, team="users/ada", pipeline="billing")
    links = {"hub": "http://127.0.0.1:8000/", "runs": PAGES}
    found = SimpleNamespace(runs=Runs(normalise(str(scratch)), every_user=True), links=lambda: links)
    monkeypatch.setattr(command.session, "running", lambda *_: found)
    return scratch / "team" / "revenue" / FIRST / "orders" / "part-00001.parquet"


def test_the_list_has_users_own_runs_by_a_name_that_show_takes(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["runs", "list"]) == 0
    first, *_ = capsys.readouterr().out.splitlines()[1:]
    name = first.split()[0]
    assert name == f"users/ada/billing/{OWN}"
    assert run_command(["runs", "show", name]) == 0
    assert f"run {OWN} of ada/billing" in capsys.readouterr().out
    assert run_command(["runs", "show", "latest"]) == 0
    assert f"run {SECOND}" in capsys.readouterr().out, "what a user keeps is not the latest of anybody else"


def test_a_failed_run_says_what_opens_it(
    part_file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run_command(["runs", "show", SECOND]) == 0
    assert "debug" not in capsys.readouterr().err, "it has kept no code"
    file = part_file.parents[2] / SECOND / "run.json"
    kept = {"sha256": "ab" * 32, "files": 1, "bytes": 1, "left_out": {}}
    file.write_text(json.dumps(json.loads(file.read_text()) | {"code": kept}))
    monkeypatch.setattr("spark_etl.reading.commands.is_s3", lambda _: True)
    assert run_command(["runs", "show", SECOND]) == 0
    command, link, page = capsys.readouterr().err.splitlines()
    assert command == f"next: sandbox debug {SECOND}"
    assert link == f"      http://127.0.0.1:8000/hub/user-redirect/sandbox/debug/open?run={SECOND}"
    assert page == f"its page: {PAGES}{SECOND}"
    assert run_command(["runs", "show", SECOND, "--json"]) == 0
    assert capsys.readouterr().err == ""
    assert run_command(["runs", "show", FIRST]) == 0
    assert capsys.readouterr().err == f"its page: {PAGES}{FIRST}\n"


def test_a_narrow_terminal_has_cells_of_several_lines(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run_command(["runs", "show", FIRST]) == 0
    headline, head, row, *_ = capsys.readouterr().out.splitlines()
    monkeypatch.setenv("COLUMNS", str(len(head) - 4))
    assert run_command(["runs", "show", FIRST]) == 0
    narrow = capsys.readouterr().out.splitlines()
    assert narrow[0] == headline
    assert max(map(len, narrow[1:3])) <= len(head) - 4
    assert narrow[1].split()[0] == "feature"
    assert row.split()[0] in narrow[2]


def test_the_json_of_a_list_has_each_run_and_what_is_cut_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["runs", "list", "--json", "--limit", "2"]) == 0
    shown = capsys.readouterr()
    rows = json.loads(shown.out)
    assert [(row["run_id"], row["name"]) for row in rows] == [(OWN, f"users/ada/billing/{OWN}"), (SECOND, SECOND)]
    assert rows[1]["status"] == "failed"
    assert {"team", "pipeline", "start_date", "end_date", "started", "seconds", "path"} < rows[1].keys()
    assert rows[1]["started"]
    assert "--limit" in shown.err
    assert run_command(["runs", "list", "--json", "--no-users"]) == 0
    assert [row["run_id"] for row in json.loads(capsys.readouterr().out)] == [SECOND, FIRST]
    assert run_command(["runs", "list", "--json", "--limit", "9"]) == 0
    assert "--limit" not in capsys.readouterr().err


def test_verify_is_0_for_a_whole_run_and_1_for_another(part_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["runs", "verify", FIRST]) == 0
    assert "whole" in capsys.readouterr().out
    part_file.write_bytes(part_file.read_bytes()[:100])
    assert run_command(["runs", "verify", FIRST]) == 1
    shown = capsys.readouterr().out
    assert f"{FIRST}/orders/part-00001.parquet: it has 100 B" in shown
    assert f"--resume {FIRST} --checkpoint orders" in shown
    assert run_command(["runs", "verify", FIRST, "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["whole"] is False
    assert found["checkpoints"][0]["problems"][0]["kind"] == "size"


def test_the_json_of_a_run_is_json_whatever_a_parameter_is(part_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = part_file.parents[1] / "run.json"
    content = json.loads(document.read_text()) | {"config": {"limit": float("inf"), "list": [float("nan"), 1.5]}}
    document.write_text(json.dumps(content))
    assert run_command(["runs", "show", FIRST, "--json"]) == 0
    shown = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert shown["config"] == {"limit": "inf", "list": ["nan", 1.5]}


def test_adopt_makes_a_run_that_list_marks_and_show_finds(
    tmp_path: Path, scratch: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "production/orders").mkdir(parents=True)
    parquet.write_table(pa.table({"id": [1, 2]}), tmp_path / "production/orders/part-0.parquet")
    adopt = ["runs", "adopt", str(tmp_path / "production")]
    assert run_command([*adopt, "--feature", "orders", "--pipeline", "shop", "--failed", "net", "--json"]) == 0
    row = json.loads(capsys.readouterr().out)
    features = {"orders": {"state": "succeeded", "rows": 2}, "net": {"state": "failed", "rows": None}}
    assert (row["status"], row["features"]) == ("failed", features)
    assert run_command([*adopt, "--feature", "again=orders", "--into", row["run_id"]]) == 0
    shown = capsys.readouterr()
    assert f"adopted run {row['run_id']} of sandbox/shop: failed" in shown.out
    assert f'runs["{row["run_id"]}"]["orders"].head()' in shown.err
    assert run_command(["runs", "list", "--pipeline", "shop"]) == 0
    assert "failed, adopted" in capsys.readouterr().out
    assert run_command(["runs", "show", "latest"]) == 0
    assert row["run_id"] not in capsys.readouterr().out
    assert run_command(adopt) == 2
    assert "Folders with Parquet in" in capsys.readouterr().err


def with_code(scratch: Path, project: Path) -> str:
    """Gives the second run the code of a project; returns the text of a file of it."""
    text = "PRICE = '\x1b]0;owned\x07'\nTAX = 1\n"
    (project / "shop").mkdir(parents=True)
    (project / "shop" / "prices.py").write_text(text)
    (project / ".env").touch()
    stored = Runs(normalise(str(scratch)))[SECOND].stored
    document = stored.document()
    assert document
    document.code = stored.write_code(make_archive(project))
    stored.write_document(document)
    return text


@pytest.mark.parametrize("line", [[SECOND, "--code"], ["--code", SECOND], ["--code", "latest"], ["--code"]])
def test_the_code_of_a_run_is_listed_with_what_was_left_out(
    scratch: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], line: list[str]
) -> None:
    with_code(scratch, tmp_path / "project")
    assert run_command(["runs", "show", *line]) == 0
    shown = capsys.readouterr().out
    assert f"code of run {SECOND}: 1 file" in shown
    assert "shop/prices.py" in shown
    assert ".env" in shown
    assert "looks like a secret" in shown
    assert run_command(["runs", "show", *line, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (list(found["files"]), list(found["left_out"])) == (["shop/prices.py"], [".env"])


@pytest.mark.parametrize("line", [[SECOND, "--code"], ["--code"], ["latest", "--code"]])
def test_a_file_of_the_code_is_printed_as_text(
    scratch: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], line: list[str]
) -> None:
    text = with_code(scratch, tmp_path / "project")
    assert run_command(["runs", "show", *line, "shop/prices.py"]) == 0
    assert capsys.readouterr().out == text.replace("\x1b", r"\x1b").replace("\x07", r"\x07")
    assert run_command(["runs", "show", *line, "shop/prices.py", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"file": "shop/prices.py", "text": text}
    assert run_command(["runs", "show", *line, "shop/price.py"]) == 1
    assert "Did you mean `shop/prices.py`?" in capsys.readouterr().err


def test_a_run_without_code_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["runs", "show", FIRST, "--code"]) == 1
    assert f"run {FIRST} has no code: it is of an earlier version" in capsys.readouterr().err
