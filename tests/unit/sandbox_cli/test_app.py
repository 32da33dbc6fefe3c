"""Every error becomes one exit code and one message; nothing else does."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from spark_etl import errors as runner

from sandbox_cli import __version__, errors, program
from sandbox_cli.app import run_command
from sandbox_cli.commands import share, status, unshare

REPORT = {"up": True, "healthy": True, "services": [], "servers": [], "links": {}, "last_run": None}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of this machine's stacks is seen or touched."""
    monkeypatch.setenv("SANDBOX_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("DOCKER_HOST", "unix:///nosuch.sock")
    monkeypatch.delenv("SANDBOX_STACK", raising=False)


@pytest.fixture
def status_ends(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], None]:
    """Lets `sandbox status` end with an error."""

    def ends(error: BaseException) -> None:
        def attach(*arguments: Any) -> None:
            raise error

        monkeypatch.setattr(status.session, "attach", attach)

    return ends


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.SandboxError("it is so", hint="do this"), 1),
        (errors.UsageError("it is so", hint="do this"), 2),
        (errors.EngineError("it is so", hint="do this"), 3),
        (errors.StackError("it is so", hint="do this"), 4),
        (errors.PipelineError("it is so", hint="do this"), 5),
        (runner.ArgumentError("it is so", hint="do this"), 2),
        (runner.ConfigError("it is so", hint="do this"), 2),
        (runner.RunNotFoundError("it is so", hint="do this"), 1),
        (runner.StorageError("it is so", hint="do this"), 5),
    ],
)
def test_an_error_is_shown_with_its_hint_and_becomes_its_exit_code(
    status_ends: Callable[[BaseException], None], capsys: pytest.CaptureFixture[str], error: Exception, code: int
) -> None:
    status_ends(error)

    assert run_command(["status", "--json"]) == code
    assert tuple(capsys.readouterr()) == ("", "error: it is so\n  next: do this\n")


def test_every_error_class_has_a_row_above() -> None:
    codes = {kind.__name__: kind.exit_code for kind in errors.SandboxError.__subclasses__()}
    assert codes == {"UsageError": 2, "EngineError": 3, "StackError": 4, "PipelineError": 5}


@pytest.mark.parametrize("error", [KeyboardInterrupt(), typer.Abort()])
def test_an_interruption_is_shown_in_a_line(
    status_ends: Callable[[BaseException], None], capsys: pytest.CaptureFixture[str], error: BaseException
) -> None:
    status_ends(error)
    assert run_command(["status"]) == 130
    assert capsys.readouterr().err.strip() == "interrupted"


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), OSError("No space left on device")])
def test_what_this_machine_lacks_is_not_said_of_docker(
    status_ends: Callable[[BaseException], None], capsys: pytest.CaptureFixture[str], error: Exception
) -> None:
    status_ends(error)
    assert run_command(["status"]) == 1
    assert capsys.readouterr().err == "error: No space left on device.\n"


def test_a_bug_is_no_answer(status_ends: Callable[[BaseException], None]) -> None:
    status_ends(ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        run_command(["status"])


def test_a_traceback_is_shown_on_demand_only(
    status_ends: Callable[[BaseException], None], capsys: pytest.CaptureFixture[str]
) -> None:
    status_ends(errors.StackError("it is so"))
    run_command(["status"])
    assert "Traceback" not in capsys.readouterr().err
    run_command(["--debug", "status"])
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (["nosuch"], "No such command 'nosuch'"),
        (["stat"], "No such command 'stat'"),
        (["up", "--nosuch"], "No such option: --nosuch"),
        (["up", "--workers", "many"], "--workers"),
        (["up", "--workers", "0"], "--workers"),
        (["up", "--hub-port", "65536"], "--hub-port"),
        (["up", "--without", "minio"], "can't be without `minio`"),
        (["--stack", "My_Stack", "status"], "`My_Stack` can't be a stack's name"),
        (["run"], "Missing argument 'CONFIG'"),
        (["users", "add"], "Missing argument 'NAME'"),
        (["runs", "nosuch"], "No such command 'nosuch'"),
        (["run", "nosuch.yaml"], "no feature config at nosuch.yaml"),
        (["run", "nosuch.yaml", "--start-date", "2024-02-29", "--end-date", "2024-02-29"], "nosuch.yaml"),
    ],
)
def test_wrong_usage_is_refused_before_anything_is_started(
    capsys: pytest.CaptureFixture[str], line: list[str], expected: str
) -> None:
    assert run_command(line) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert expected in err
    assert "Traceback" not in err


def test_wrong_usage_names_the_help_of_its_own_verb(capsys: pytest.CaptureFixture[str]) -> None:
    run_command(["users", "add", "--nosuch"])
    assert "next: sandbox users add --help" in capsys.readouterr().err


def test_without_a_verb_the_help_is_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command([]) == 2
    assert capsys.readouterr().err.startswith("Usage: sandbox")


@pytest.mark.parametrize("line", [["--help"], ["up", "--help"], ["runs", "show", "--help"], ["--version"]])
def test_help_and_version_are_answers(capsys: pytest.CaptureFixture[str], line: list[str]) -> None:
    assert run_command(line) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert out.startswith((f"sandbox {__version__}", f"Usage: {' '.join(['sandbox', *line[:-1]])}"))


def test_the_help_of_run_has_the_runners_options(capsys: pytest.CaptureFixture[str]) -> None:
    run_command(["run", "--help"])

    shown = capsys.readouterr().out.replace("-\n  ", "-")
    for option in (
        "--team-name TEAM",
        "--[no-]checkpoint-on-failure",
        "--sample-key COLUMN",
        "--log-format {text,json}",
    ):
        assert option in " ".join(shown.split())
    assert "--feature-config" not in shown


def test_the_help_has_every_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    run_command(["--help"])
    text = " ".join(capsys.readouterr().out.split())
    for expected in ("0 done", "1 the answer", "2 wrong usage", "3 no engine", "4 the stack", "5 the pipeline", "130"):
        assert expected in text


@pytest.mark.parametrize(
    ("change", "code", "error"),
    [({}, 0, ""), ({"healthy": False}, 1, ""), ({"up": False, "healthy": False}, 4, "`demo` is not up")],
)
def test_status_answers_by_its_exit_code_and_in_json(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    change: dict[str, Any],
    code: int,
    error: str,
) -> None:
    seen: list[str] = []
    monkeypatch.setattr(status.session, "attach", lambda console, settings: seen.append(settings.stack))
    monkeypatch.setattr(status, "report", lambda session: REPORT | change)

    assert run_command(["--stack", "demo", "status", "--json"]) == code
    out, err = capsys.readouterr()
    assert json.loads(out) == REPORT | change
    assert error in err
    assert seen == ["demo"]


@pytest.mark.parametrize(
    ("old", "new", "arguments", "result"),
    [("publish", "share", ["x.ipynb"], "ada/x"), ("unpublish", "unshare", ["ada/x", "--yes"], "ada/x")],
)
def test_old_names_do_the_same_and_say_the_new_one(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    old: str,
    new: str,
    arguments: list[str],
    result: str,
) -> None:
    shared = {"author": "ada", "name": "x", "version": 1, "verdict": "runs", "why": [], "link": "http://…/ada/x"}
    for verb in (share, unshare):
        monkeypatch.setattr(verb.session, "running", lambda *_: None)
    monkeypatch.setattr(share.users, "resolve_user", lambda *_: "ada")
    monkeypatch.setattr(share.sharing, "share", lambda *_: shared)
    monkeypatch.setattr(unshare.sharing, "unshare", lambda *_: [1])

    assert run_command([old, *arguments]) == 0
    out, err = capsys.readouterr()
    assert err.count(f"`sandbox {old}` is called `sandbox {new}` now\n") == 1
    assert result in out + err

    assert run_command([new, *arguments]) == 0
    assert "is called" not in capsys.readouterr().err


@pytest.mark.parametrize("json_wanted", [False, True])
def test_who_shares_reads_who_will_see_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *, json_wanted: bool
) -> None:
    shared = {"author": "ada", "name": "x", "version": 2, "verdict": "runs", "why": [], "link": "http://…/ada/x"}
    monkeypatch.setattr(share.session, "running", lambda *_: None)
    monkeypatch.setattr(share.users, "resolve_user", lambda *_: "ada")
    monkeypatch.setattr(share.sharing, "share", lambda *_: shared)

    assert run_command(["share", "x.ipynb", *(["--json"] if json_wanted else [])]) == 0

    out, err = capsys.readouterr()
    said = "everybody with an account on this hub can see it; withdraw: `sandbox unshare ada/x --version 2`"
    assert (said in err) is not json_wanted
    assert said not in out


def test_every_verb_is_in_the_overview_and_has_a_page_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    run_command(["--help"])
    overview = capsys.readouterr().out
    assert not re.search("publish", overview), "names that only old scripts use"
    for verb in program.VERBS:
        assert re.search(rf"^\W*{verb}\b", overview, re.MULTILINE), verb
        assert run_command([verb, "--help"]) == 0
        assert f"sandbox {verb}" in capsys.readouterr().out
