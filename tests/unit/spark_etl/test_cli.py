"""Exit codes and streams of the `spark-etl` command, and of spark_etl_runner.py."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Callable
from importlib import import_module

import pytest
from spark_etl import cli
from spark_etl.command_line import COMMANDS
from spark_etl.commands import run as run_command_module
from spark_etl.config import json_schema
from spark_etl.runner import run
from spark_etl.runner.options import Options, parse_options

from tests.support.sandbox import ROOT
from tests.unit.spark_etl.runner.conftest import Line
from tests.unit.spark_etl.runner.conftest import line as line  # noqa: PLC0414 - a fixture, used by its name


def plan(line: Line, *more: str) -> list[str]:
    return ["plan", "--feature-config", str(line.project.config), "--publish-path", str(line.published), *more]


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (
            [],
            "error: no command is given. Known: run, replay, debug, diff, plan, trust, adopt, export, import, gc, "
            "learn, schema.\n  next: spark-etl",
        ),
        (["paln"], "error: unknown command `paln`. Did you mean `plan`?"),
        (["schema", "extra"], "error: spark-etl schema takes no argument"),
        (["plan", "--feature-config", "nowhere.yaml"], "error: no feature config at nowhere.yaml"),
        (["plan"], "error: the following arguments are required: --feature-config"),
        (["run"], "error: the following arguments are required: --team-name"),
    ],
)
def test_wrong_usage_exits_2_with_the_reason_on_stderr(
    argv: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(argv) == 2
    shown = capsys.readouterr()
    assert shown.err.startswith(message)
    assert shown.out == ""


def test_a_plan_goes_to_stdout(line: Line, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(plan(line)) == 0
    shown = capsys.readouterr()
    assert shown.out.startswith("plan of revenue: 3 features")
    assert shown.out.endswith("\n")
    assert shown.err == ""


def test_the_schema_goes_to_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["schema"]) == 0
    assert capsys.readouterr().out == json_schema()


def test_help_names_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert all(f"  {command} " in shown for command in cli.COMMANDS)
    assert list(cli.COMMANDS) == list(COMMANDS)


def test_a_command_is_imported_when_it_is_called() -> None:
    """What is slow to import waits for the command that needs it."""
    code = "import sys, spark_etl.cli; print(*sys.modules)"
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}/spark"}
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    late = {"duckdb", "minio", "pyarrow", "pydantic", "pyspark", "spark_etl.config", "spark_etl.store.bundle", "yaml"}
    assert "spark_etl.reading" in done.stdout.split()
    assert sorted(late & set(done.stdout.split())) == []


@pytest.mark.parametrize(("command", "option"), [("run", "--team-name"), ("plan", "--format"), ("schema", "--help")])
def test_help_of_a_command_exits_0(command: str, option: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main([command, "--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"usage: spark-etl {command} ")
    assert option in shown


def test_the_script_of_spark_submit_is_run(monkeypatch: pytest.MonkeyPatch, line: Line) -> None:
    given: list[Options] = []
    monkeypatch.setattr(run_command_module, "run_command", lambda options, _: given.append(options) or 5)
    assert cli.main(["run", *line.argv()]) == 5
    assert cli.run_main(line.argv()) == 5
    assert given[0] == given[1] == parse_options(line.argv())


@pytest.mark.parametrize(("main", "program"), [(cli.main, "spark-etl run"), (cli.run_main, "spark_etl_runner.py")])
def test_a_wrong_option_of_a_run_points_to_the_help_of_what_was_called(
    main: Callable[[list[str]], int], program: str, line: Line, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["run"] if main is cli.main else []
    assert main([*command, *line.argv("--bogus")]) == 2
    assert capsys.readouterr().err.endswith(f"  next: {program} --help\n")


def test_a_wrong_option_of_a_run_is_an_event_of_a_json_log(line: Line, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["run", *line.argv("--log-format", "json", "--bogus")]) == 2
    event = json.loads(capsys.readouterr().err)
    assert (event["event"], event["level"]) == ("error", "error")
    assert event["message"].startswith("unknown argument --bogus.")


def test_an_interrupted_plan_exits_130(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setitem(cli.COMMANDS, "plan", interrupt)
    assert cli.main(plan(line)) == 130


def test_no_variables_value_gets_into_run_json(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    text = line.project.config.read_text()
    line.project.config.write_text(text + "spark: {spark.x.password: '${SHOP_PASSWORD}'}\n")
    monkeypatch.setenv("SHOP_PASSWORD", "hunter2")
    monkeypatch.setattr(run, "_started", lambda *_: 1 / 0)
    assert cli.main(["run", *line.argv()]) == 5
    (file,) = line.scratch.rglob("run.json")
    assert json.loads(file.read_text())["config"]["spark"] == {"spark.x.password": "${SHOP_PASSWORD}"}
    assert "hunter2" not in file.read_text()


def test_it_runs_as_a_module(line: Line) -> None:
    code = [sys.executable, "-m", "spark_etl", *plan(line, "--format", "json")]
    done = subprocess.run(code, cwd=ROOT / "spark", capture_output=True, text=True, check=True)
    assert '"order": [' in done.stdout
    assert done.stderr == ""


def test_the_entry_point_and_the_images_executable_are_the_command() -> None:
    scripts = tomllib.loads((ROOT / "spark" / "pyproject.toml").read_text())["project"]["scripts"]
    module, _, name = scripts["spark-etl"].partition(":")
    assert getattr(import_module(module), name) is cli.run_and_exit
    executable = ROOT / "spark" / "docker" / "spark-etl"
    assert executable.stat().st_mode & 0o111
    assert f"from {module} import {name}" in executable.read_text()
