"""make's targets are aliases: each runs the one command it stands for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.matrix import OWN
from tests.run.part import Part, all_parts, fast_parts
from tests.support.documented import PAGES, make
from tests.support.documented import commands as documented

ROOT = Path(__file__).resolve().parents[2]
MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE)


def dry_run(target: str) -> str:
    return make("-n", target).strip()


@pytest.mark.parametrize("target", TARGETS)
def test_every_target_is_in_the_help(target: str) -> None:
    shown = make()

    assert re.search(rf"^  {target} +\S", shown, re.MULTILINE)


@pytest.mark.parametrize("verb", ["up", "down", "status", "doctor", "open", "reset"])
def test_a_verb_is_the_commands(verb: str) -> None:
    assert dry_run(verb).split() == ["./sandbox", verb]


@pytest.mark.parametrize(
    ("target", "command"),
    [
        ("test-unit", "-m pytest tests/unit"),
        ("test-integration", "-m pytest tests/integration"),
        ("test-browser", "-m pytest tests/browser"),
        ("test-faults", "-m pytest tests/faults"),
        ("test-stack", "-m pytest tests/integration tests/browser tests/faults"),
        ("test-matrix", "-m tests.matrix"),
        ("test-spark", "-m tests.matrix --only 4.1"),
        ("test", "exec .venv/bin/python -m tests.run"),
        ("test-fast", "exec .venv/bin/python -m tests.run --fast"),
        ("bench", "-m bench"),
        ("bench-hub", "-m bench.hub"),
        ("types", ".venv/bin/mypy"),
        ("arrows", ".venv/bin/lint-imports"),
        ("lint", ".venv/bin/ruff format --check ."),
    ],
)
def test_a_target_makes_the_environment_first(target: str, command: str) -> None:
    line = dry_run(target)

    assert line.startswith("python3 scripts/bootstrap.py dev && ")
    assert command in line


SHOWN = sorted({line for page in PAGES for line in documented(page) if line.startswith("make ")})


@pytest.mark.parametrize("command", SHOWN)
def test_a_documented_target_is_there(command: str) -> None:
    """The verbs among them are run by tests/integration/test_docs.py; the others run tests or checks."""
    (target,) = command.split()[1:]

    assert target in TARGETS
    assert dry_run(target)


def commands(parts: list[Part]) -> dict[str, str]:
    """Returns what each part runs, as make would print it."""
    return {part.name: " ".join(part.command).removeprefix("sh -c ") for part in parts}


@pytest.mark.parametrize("name", ["lint", "types", "arrows"])
def test_a_part_of_the_tests_is_the_target_of_its_name(name: str) -> None:
    assert dry_run(name).removeprefix("python3 scripts/bootstrap.py dev && ") == commands(fast_parts(ROOT, []))[name]


def test_test_is_everything_and_ci_runs_it() -> None:
    parts = commands(all_parts(ROOT, ["-k", "shelf"]))

    assert dry_run("test").endswith("-m tests.run")
    assert list(parts) == ["lint", "types", "arrows", "unit", "images", "spark", "stack"]
    for part, target in (("unit", "test-unit"), ("stack", "test-stack")):
        paths = re.search(r"-m pytest (tests/\S+( tests/\S+)*)", dry_run(target))
        assert paths
        assert f"-m pytest {paths[1]} --junitxml" in parts[part]
        assert parts[part].endswith(" -k shelf")
    others = "fixtures"  # whose tests are of other repositories
    folders = {path.name for path in (ROOT / "tests").iterdir() if path.name != others and any(path.rglob("test_*.py"))}
    assert folders - {"spark"} == set(re.findall(r"tests/(\w+) ", parts["unit"] + parts["stack"]))
    assert dry_run("test-spark").partition("-m ")[2].split() == ["tests.matrix", "--only", OWN]
    assert f"-m tests.matrix --only {OWN} " in parts["spark"]
    assert "exec make test <" in (ROOT / ".ci" / "run").read_text()


def test_what_is_run_while_working_is_all_that_needs_no_engine() -> None:
    every = commands(all_parts(ROOT, []))

    assert commands(fast_parts(ROOT, [])) == {name: every[name] for name in ("lint", "types", "arrows", "unit")}
