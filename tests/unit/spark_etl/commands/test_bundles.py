"""`spark-etl export` and `import`: what they print, ask and refuse, and their exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from spark_etl import cli
from spark_etl.reading import Runs

from tests.support.bundles import RUN_ID, failed_run, keep, tree
from tests.support.sandbox import ROOT


@pytest.fixture
def scratch(tmp_path: Path) -> str:
    failed_run(tmp_path)
    return str(tmp_path / "scratch")


def call(capsys: pytest.CaptureFixture[str], *line: str) -> tuple[int, str, str]:
    code = cli.main(list(line))
    shown = capsys.readouterr()
    return code, shown.out, shown.err


def test_there_and_back(scratch: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, there = str(tmp_path / "x.bundle"), str(tmp_path / "there")
    code, out, err = call(capsys, "export", RUN_ID, file, "--scratch-path", scratch, "--json")
    assert code == 0, err
    row = json.loads(out)
    assert (row["run_id"], row["sample"], row["features"]) == (RUN_ID, None, ["orders", "users", "net.rates"])
    assert "nothing is masked" in err
    assert f"next: spark-etl import {file} --local" in err
    code, out, err = call(capsys, "import", file, "--as", "ci", "--scratch-path", there)
    assert code == 0, err
    assert f"imported run {RUN_ID} of ci/revenue" in out
    assert f"next: spark-etl replay {there}/ci/revenue/{RUN_ID}/net" in err
    code, out, err = call(capsys, "import", file, "--as", "ci", "--scratch-path", there, "--json")
    assert (code, json.loads(out)["was_there"]) == (0, True)
    assert "it is there already" in err


def test_what_looks_personal_is_asked_about(scratch: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keep(Runs(scratch)[RUN_ID].stored, "orders", pa.table({"email": ["ada@example.com"]}))
    line = ["export", RUN_ID, str(tmp_path / "x"), "--scratch-path", scratch]
    code, _, err = call(capsys, *line)
    assert code == 2
    assert "orders.email: personal, by its name" in err
    assert "--yes-unmasked takes them along" in err
    assert not (tmp_path / "x").exists()
    code, _, err = call(capsys, *line, "--yes-unmasked")
    assert code == 0, err


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 1), ("", 1)])
def test_a_terminal_is_asked(
    answer: str,
    code: int,
    scratch: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keep(Runs(scratch)[RUN_ID].stored, "orders", pa.table({"email": ["ada@example.com"]}))
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(sys.stdin, "readline", lambda: answer, raising=False)
    found, _, err = call(capsys, "export", RUN_ID, str(tmp_path / "x"), "--scratch-path", scratch)
    assert found == code, err
    assert (tmp_path / "x").exists() == (code == 0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--feature", "nte"], "Did you mean `net`"),
        (["--sample", "5"], "no share of the keys"),
        (["--sample", "0.5"], "needs a key column"),
        (["--sample", "0.5", "--sample-key", "custmer"], "Did you mean `customer`"),
        (["--keys", "nothing.csv"], "there is no such file"),
    ],
)
def test_wrong_options(
    options: list[str], message: str, scratch: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = call(capsys, "export", RUN_ID, str(tmp_path / "x"), "--scratch-path", scratch, *options)
    assert code == 2
    assert message in err
    assert not (tmp_path / "x").exists()


def test_no_such_run(scratch: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = call(capsys, "export", "20990101", str(tmp_path / "x"), "--scratch-path", scratch)
    assert (code, "no such run" in err) == (2, True)


def test_no_such_folder(scratch: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = call(capsys, "export", RUN_ID, str(tmp_path / "no" / "x"), "--scratch-path", scratch)
    assert (code, "there is no folder" in err) == (2, True)


def test_a_damaged_file_is_an_answer(scratch: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "x"
    assert call(capsys, "export", RUN_ID, str(file), "--scratch-path", scratch)[0] == 0
    content = bytearray(file.read_bytes())
    content[content.index(b"PAR1") + 20] ^= 1
    file.write_bytes(content)
    code, _, err = call(capsys, "import", str(file), "--scratch-path", str(tmp_path / "there"))
    assert code == 1
    assert "run/orders/part-00000.parquet" in err
    assert tree(tmp_path / "there") == {}


def test_it_needs_no_spark_and_no_store(scratch: str, tmp_path: Path) -> None:
    program = "import sys; sys.modules['pyspark'] = None; from spark_etl import cli; sys.exit(cli.main({}))"
    for argv in (
        ["export", RUN_ID, "x.bundle", "--scratch-path", scratch],
        ["import", "x.bundle", "--local"],
    ):
        done = subprocess.run(
            [sys.executable, "-c", program.format(argv)],
            cwd=tmp_path,
            env={"PYTHONPATH": str(ROOT / "spark")},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    assert (tmp_path / ".spark-etl/scratch/imported/revenue" / RUN_ID / "run.json").is_file()
