"""`sandbox plan`: what it is made of, where it is made, and what needs the stack."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from spark_etl.errors import ArgumentError
from spark_etl.runner.options import parse_options

from sandbox_cli.app import run_command
from sandbox_cli.console import Console
from sandbox_cli.errors import StackError
from sandbox_cli.settings import Settings
from sandbox_cli.stack.pipelines import planning
from sandbox_cli.stack.pipelines.driver import DriverResult

CONFIG = """
pipeline: shop
features:
    orders: {class: shop.Orders}
"""
DATES = ["--start-date", "2024-02-29", "--end-date", "2024-03-01"]
DOWN = StackError("The stack `sandbox` is not up.", hint="sandbox up")
DOCKER = """#!/bin/sh
printf '%s\\n' "$@" > {calls}
echo the plan
echo '  next: ./sandbox run' >&2
exit {code}
"""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SANDBOX_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.delenv("SANDBOX_STACK", raising=False)
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "feature_config.yaml").write_text(CONFIG)
    return folder / "feature_config.yaml"


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What a stack that is up has run in a driver."""
    ran: list[list[str]] = []

    def run(_session: Any, command: list[str], *, options: list[str]) -> DriverResult:
        ran.append(command)
        assert "/project:ro" in " ".join(options)
        return DriverResult(5, "")

    monkeypatch.setattr(planning.session, "running", lambda *_: SimpleNamespace())
    monkeypatch.setattr(planning.driver, "run", run)
    return ran


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The arguments of the docker command of a machine whose stack is not up; its exit code is 2."""

    def down(*_: object) -> None:
        raise DOWN

    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "docker").write_text(DOCKER.format(calls=tmp_path / "calls", code=2))
    (folder / "docker").chmod(0o755)
    engine = SimpleNamespace(environment=lambda: {"PATH": f"{folder}:/usr/bin:/bin"})
    monkeypatch.setattr(planning.session, "running", down)
    monkeypatch.setattr(planning.connection, "connect", lambda *_: engine)
    monkeypatch.setattr(planning.inventory, "identities", lambda *_: {"spark": {"ref": "x", "id": "sha256:spark"}})
    return tmp_path / "calls"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (DATES, ("2024-02-29", "2024-03-01")),
        (["--start-date", "2024-02-29"], ("2024-02-29", "2024-02-29")),
        (["--end-date=2024-03-01"], ("2024-03-01", "2024-03-01")),
    ],
)
def test_dates_that_lack_are_those_that_are_given(config: Path, given: list[str], expected: tuple[str, str]) -> None:
    request = planning.checked(config, given, requirements=None)
    dates = parse_options(["--feature-config", "x", *request.arguments]).dates
    assert (str(dates.start), str(dates.end)) == expected


def test_a_plan_needs_no_dates_and_finds_the_mistakes_of_a_run(config: Path) -> None:
    assert planning.checked(config, [], requirements=None).config == config
    with pytest.raises(ArgumentError, match="--checkpoint order: no such feature"):
        planning.checked(config, ["--checkpoint", "order"], requirements=None)
    with pytest.raises(ArgumentError, match="unknown argument --chekpoint"):
        planning.checked(config, ["--chekpoint", "orders"], requirements=None)
    with pytest.raises(ArgumentError, match="2024-02-30"):
        planning.checked(config, ["--start-date", "2024-02-30"], requirements=None)


@pytest.mark.parametrize(
    ("line", "form"),
    [([], "text"), (["--json"], "json"), (["--format", "svg"], "svg"), (["--format=mermaid"], "mermaid")],
)
def test_it_is_made_in_a_driver_of_the_stack(
    config: Path, commands: list[list[str]], line: list[str], form: str
) -> None:
    assert run_command(["plan", str(config.parent), *line, "--checkpoint", "orders", *DATES]) == 5
    (command,) = commands
    assert command[:6] == ["python", "-m", "spark_etl", "plan", "--format", form]
    assert command[6:10] == ["--feature-config", "/project/feature_config.yaml", "--project-path", "/project"]
    assert command[-6:] == ["--checkpoint", "orders", *DATES]
    assert "--publish-path s3a://published/" in " ".join(command)


def test_without_a_stack_it_is_made_without_a_network(
    config: Path, docker: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["plan", str(config), "--checkpoint", "orders"]) == 2
    shown = capfd.readouterr()
    assert shown.out == "the plan\n"
    assert "the stack `sandbox` is not up: what outputs would replace can't be seen" in shown.err
    words = docker.read_text().splitlines()
    assert words[:3] == ["run", "--rm", "--name"]
    for option, value in [("--network", "none"), ("--cap-drop", "ALL"), ("--user", "10001:100")]:
        assert words[words.index(option) + 1] == value
    assert words[words.index("sha256:spark") + 1 :][:5] == ["runner", "python", "-m", "spark_etl", "plan"]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (["--keys", "s3a://scratch/keys.csv"], "keys are read from the store"),
        (["--resume", "20240229T101112Z-7f3a2c", *DATES], "asked of the store"),
        (["--requirements", "requirements.txt"], "a volume of the stack"),
    ],
)
def test_what_needs_the_store_needs_the_stack(
    config: Path,
    docker: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    more: list[str],
    expected: str,
) -> None:
    monkeypatch.chdir(config.parent)
    (config.parent / "requirements.txt").touch()
    given = ["--team-name", "mine", "--checkpoint", "orders"]
    assert run_command(["plan", str(config), *given, *more]) == 4
    assert expected in capsys.readouterr().err
    assert not docker.exists()


def test_a_run_that_is_not_named_is_the_latest(config: Path, docker: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["plan", str(config), "--checkpoint", "orders", "--resume"]) == 4
    assert DOWN.message in capsys.readouterr().err


def test_without_stack_and_image_there_is_nothing_to_make_it_in(
    config: Path, docker: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(planning.inventory, "identities", lambda *_: {})
    assert run_command(["plan", str(config)]) == 4
    assert "the image that a plan is made in is not built" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ([], "Missing argument 'CONFIG'"),
        (["nosuch.yaml"], "nosuch.yaml"),
        (["CONFIG", "--format", "pdf"], "Known: text, mermaid, svg, json"),
        (["CONFIG", "--json", "--format", "svg"], "not both"),
    ],
)
def test_a_wrong_line_is_refused_before_anything_is_started(
    config: Path, capsys: pytest.CaptureFixture[str], line: list[str], expected: str
) -> None:
    words = [str(config) if word == "CONFIG" else word for word in line]
    assert run_command(["plan", *words]) == 2
    assert expected in capsys.readouterr().err


def test_an_interrupted_plan_leaves_no_container(config: Path, docker: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stopped: list[str] = []

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(planning.passing, "to_the_end", interrupted)
    monkeypatch.setattr(planning.driver, "stop", lambda _session, name, process: (stopped.append(name), process.wait()))
    request = planning.checked(config, [], requirements=None)
    with pytest.raises(KeyboardInterrupt):
        planning.plan(Console(plain=True), Settings(), request, "text")
    assert stopped[0].startswith("sandbox-plan-")
