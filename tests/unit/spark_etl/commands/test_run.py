"""Exit codes and messages of a run, as far as they need no Spark; tests/spark has the rest."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest
from spark_etl.cli import run_main
from spark_etl.commands.run import _next_steps, _show_outcome
from spark_etl.errors import FeatureError
from spark_etl.runner import run as module
from spark_etl.runner.report.progress import Progress
from spark_etl.runner.run import Outcome
from spark_etl.store import CodeRecord, ErrorRecord, FeatureRecord, RunStore, Status, StoredRun

from tests.support.runs import run_writer
from tests.unit.spark_etl.runner.conftest import PUBLISH, Line


def no_spark(*_: object, **__: object) -> None:
    raise AssertionError("Spark was started")


@pytest.fixture(autouse=True)
def sparkless(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_started", no_spark)
    monkeypatch.delenv("SMTP_HOST", raising=False)


def stored(line: Line) -> dict[str, object]:
    (file,) = line.scratch.rglob("run.json")
    content: dict[str, object] = json.loads(file.read_text())
    return content


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--checkpoint", "nett"], "error: --checkpoint names an unknown feature `nett`. Did you mean `net`?"),
        (["--start-date", "yesterday"], "error: --start-date 'yesterday' is not a date"),
        (["--end-date", "2024-02-01"], "error: --end-date 2024-02-01 is before"),
        (["--bogus"], "error: unknown argument --bogus"),
    ],
)
def test_wrong_usage_exits_2_without_traceback_and_leaves_no_run(
    line: Line, capsys: pytest.CaptureFixture[str], more: list[str], message: str
) -> None:
    assert run_main(line.argv(*more)) == 2
    shown = capsys.readouterr()
    assert message in shown.err
    assert "Traceback" not in shown.err
    assert shown.out == ""
    assert not line.scratch.exists()


AT_IMPORT = "import sys\nclass Feature(SparkFeature): pass\nsys.exit(0)"
IN_INIT = "import sys\nclass Feature(SparkFeature):\n    def __init__(self):\n        sys.exit('not today')"
HARD = "import os\nclass Feature(SparkFeature):\n    def __init__(self):\n        os._exit(0)"
ARGUMENTS = """
    import argparse
    parser = argparse.ArgumentParser()
    parser.add_argument("--input", required=True)
    parser.parse_args()
"""


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (AT_IMPORT, "it ends the program: sys.exit(0) (PACKAGE/leaving.py:4)"),
        (IN_INIT, "Feature(): it ends the program: sys.exit('not today') (PACKAGE/leaving.py:5)"),
        (HARD, "Feature(): it ends the program: os._exit(0) (PACKAGE/leaving.py:5)"),
        (ARGUMENTS, "its argparse reads the runner's command line, and ends the program: sys.exit(2)"),
    ],
)
def test_a_project_that_ends_the_program_is_refused(
    line: Line, capsys: pytest.CaptureFixture[str], module: str, message: str
) -> None:
    line.project.write("leaving", module)
    line.project.configure({"orders": f"{line.project.package}.leaving.Feature"})
    assert run_main(line.argv("--checkpoint", "orders")) == 2
    shown = capsys.readouterr().err
    assert "error: feature `orders`: " in shown
    assert message.replace("PACKAGE", line.project.package) in shown
    assert not line.scratch.exists()


def test_a_source_that_ends_the_program_fails_its_feature(line: Line, capsys: pytest.CaptureFixture[str]) -> None:
    source = """
        from spark_etl import Source
        class Gone(Source):
            def inputs(self, dates):
                raise SystemExit
            def read(self, spark, dates): pass
        class Feature(SparkFeature):
            def __init__(self):
                self.sources = {"raw": Gone()}
    """
    line.project.write("gone", source)
    line.project.configure({"orders": f"{line.project.package}.gone.Feature"})
    assert run_main(line.argv("--checkpoint", "orders")) == 5
    assert "error: feature `orders` failed: source `raw`: it ends the program: sys.exit()" in capsys.readouterr().err
    assert stored(line)["status"] == "failed"


@pytest.mark.parametrize("form", ["{}", "file:{}", "file://{}"])
def test_an_output_over_what_a_source_of_ones_own_has_found_is_refused(
    line: Line, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    own = line.published / "out" / "net" / "part-0.parquet"
    own.parent.mkdir(parents=True)
    own.write_bytes(b"rows")
    source = f"""
        from spark_etl import InputObject, Source
        class Own(Source):
            def inputs(self, dates):
                return [InputObject({form.format(own)!r}, 4, "etag")]
            def read(self, spark, dates): pass
        class Feature(SparkFeature):
            def __init__(self):
                self.sources = {{"raw": Own()}}
    """
    line.project.write("own", source)
    config = PUBLISH + "            overwrite: True\n"
    line.project.configure({"net": f"{line.project.package}.own.Feature"}, config)
    assert run_main(line.argv("--adopt-output")) == 2
    assert "`net` reads its source `raw` from there" in capsys.readouterr().err
    assert own.read_bytes() == b"rows"


def test_missing_dates_exit_5_before_spark_starts(line: Line, capsys: pytest.CaptureFixture[str]) -> None:
    source = f'S3PublishedSource(base_s3_path={str(line.published)!r}, source_schema_id="orders")'
    line.project.configure({"orders": line.project.feature("snapshot", raw=source)})
    assert run_main(line.argv("--checkpoint", "orders")) == 5
    assert "no snapshot of orders for 2024-02-29" in capsys.readouterr().err
    run = stored(line)
    assert run["status"] == "failed"
    assert run["error"]["type"] == "MissingDataError"  # type: ignore[index]


def test_an_interruption_exits_130_and_is_stored(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "_started", interrupt)
    assert run_main(line.argv()) == 130
    assert stored(line)["status"] == "interrupted"


def test_whatever_is_raised_is_stored_as_a_failure(
    line: Line, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise OSError("no java")

    monkeypatch.setattr(module, "_started", fail)
    assert run_main(line.argv("--json")) == 5
    shown = capsys.readouterr()
    assert stored(line)["error"]["type"] == "OSError"  # type: ignore[index]
    summary = json.loads(shown.out)
    assert (summary["status"], summary["run_id"]) == ("failed", stored(line)["run_id"])
    assert "Traceback" not in shown.err


def test_debug_shows_the_traceback(
    line: Line, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise FeatureError("net", "KeyError: 'x'", frames="  File net.py\n") from KeyError("x")

    monkeypatch.setattr(module, "_started", fail)
    assert run_main(line.argv()) == 5
    assert "Traceback (the project's own frames):\n  File net.py" in capsys.readouterr().err
    assert run_main(line.argv("--debug")) == 5
    assert "Traceback (most recent call last)" in capsys.readouterr().err


def test_the_run_tells_what_ran(line: Line) -> None:
    (line.project.folder / "notes.txt").write_text("x")
    subprocess.run(["git", "init", "-q"], cwd=line.project.folder, check=True)
    subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-q", "--allow-empty", "-m", "first"],
        cwd=line.project.folder,
        check=True,
    )
    run_main(line.argv("--checkpoint", "orders"))
    run = stored(line)
    assert run["git"]["dirty"] is True  # type: ignore[index]
    assert len(run["git"]["commit"]) == 40  # type: ignore[index]
    assert run["graph"] == {"net": ["orders"], "orders": [], "other": ["orders"]}
    assert run["order"] == ["orders", "net"]
    assert run["versions"]["python"] == sys.version.split()[0]  # type: ignore[index]
    assert run["config"]["features"]["net"] == {"class": line.features["net"]}  # type: ignore[index]
    assert Path(str(run["project_path"])) == line.project.folder


@pytest.mark.parametrize("status", ["succeeded", "failed"])
@pytest.mark.parametrize("place", ["team", "users", "users/ada"])
def test_what_the_runner_prints_opens_the_run_in_the_users_own_notebook(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], place: str, status: Status
) -> None:
    scratch = tmp_path / "scratch"
    monkeypatch.setenv("SANDBOX_SCRATCH", str(scratch))
    monkeypatch.setenv("JUPYTERHUB_USER", "ada")
    below = scratch if place == "team" else scratch / place
    record = RunStore(str(below)).start("ada", "billing", start_date="2024-02-29", end_date="2024-02-29")
    record.document.features["orders"] = FeatureRecord(state="succeeded", bytes=1, rows=1)
    record.document.order = ["orders"]
    record.end(status, ErrorRecord("broke", feature="orders") if status == "failed" else None)
    _show_outcome(Outcome(record, status, 1.0), Namespace(debug=False), Progress())  # type: ignore[arg-type]
    snippet = capsys.readouterr().err.strip().splitlines()[-1].partition(":  ")[2]
    found: dict[str, Any] = {}
    exec(snippet, found)  # noqa: S102 - as it is printed
    (name,) = re.findall(r'runs\["(.*?)"\]', snippet)
    run = found["runs"][name]
    assert (run.path, run.status) == (record.run.root, status)
    assert run.path in [listed.path for listed in found["runs"].list()], "it is in their lists"


RUN = "20240229T101112Z-7f3a2c"
LINK = f"http://127.0.0.1:8000/hub/user-redirect/sandbox/debug/open?run={RUN}"


def next_steps(status: Status, **known: Any) -> list[str]:
    """Returns what a run of the stack offers at its end."""
    run = StoredRun.at("s3a://scratch", "team", "revenue", RUN)
    features = {"net": {"state": "succeeded", "checkpoint": True, "rows": 1, "bytes": 1}}
    record = run_writer(
        run, {"options": {"project": "/shop"}, "error": ErrorRecord("broke", feature="net"), **known}, features
    )
    return list(_next_steps(Outcome(record, status, 1.0)))


def test_a_failed_run_offers_the_debug_notebook_first_by_command_and_by_link(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPARK_ETL_PROGRAM", "./sandbox")
    monkeypatch.setenv("SPARK_ETL_HUB", "http://127.0.0.1:8000/")
    kept = {"code": CodeRecord("ab")}
    steps = next_steps("failed", **kept)
    assert steps[:4] == [
        f"  next: ./sandbox debug {RUN}",
        f"        {LINK}",
        f"  its checkpoints: ./sandbox runs show {RUN}",
        f"  test a fix: ./sandbox replay {RUN} --code /shop",
    ]
    assert steps[-1] == f"  its page: http://127.0.0.1:8000/services/runs/{RUN}"
    assert all(len(step) <= 80 for step in steps if "debug/open" not in step)
    monkeypatch.delenv("SPARK_ETL_HUB")
    assert "http" not in "".join(next_steps("failed", **kept))


@pytest.mark.parametrize(
    ("status", "known"),
    [
        ("succeeded", {"code": CodeRecord("ab")}),
        ("interrupted", {"code": CodeRecord("ab")}),
        ("failed", {"code": CodeRecord(reason="--no-keep-code")}),
        ("failed", {"code": CodeRecord("ab"), "error": ErrorRecord("the store is away")}),
        ("failed", {"code": CodeRecord("ab"), "error": None}),
    ],
)
def test_without_a_feature_and_its_code_there_is_nothing_to_open(
    monkeypatch: pytest.MonkeyPatch, status: Status, known: dict[str, Any]
) -> None:
    monkeypatch.setenv("SPARK_ETL_PROGRAM", "./sandbox")
    monkeypatch.setenv("SPARK_ETL_HUB", "http://127.0.0.1:8000/")
    steps = next_steps(status, **known)
    assert not [step for step in steps if "debug" in step]
    assert steps[0] == f"  next: ./sandbox runs show {RUN}"
