"""The parts of a test run: what each one runs, and what it has to wait for."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tests.matrix import OWN

TOOLS = Path(".venv") / "bin"
HUB_PATHS = "hub:hub/docker-api:hub/notebook"
UNIT = ("tests/unit",)
STACK = ("tests/integration", "tests/browser", "tests/faults")
# On stacks of their own: of these no documented command counts, and none of them looks at what others did.
BESIDE = (
    "tests/browser/test_subdomains.py",
    "tests/faults/test_interrupted_up.py",
    "tests/faults/test_stopped_store.py",
    "tests/integration/test_isolation.py",
    "tests/integration/test_notebooks.py",
    "tests/integration/test_other_repository.py",
    "tests/integration/test_resilience.py",
    "tests/integration/test_sessions.py",
    "tests/integration/test_spark_trust.py",
)


@dataclass(frozen=True)
class Part:
    """One child process of a test run.

    Attributes:
        name: In the output and in the table.
        command: Its command line.
        after: The parts that have to pass before it starts; parts that wait for nothing start at once.
        report: The JUnit file that it writes; None if it runs no tests.
    """

    name: str
    command: Sequence[str]
    after: tuple[str, ...] = ()
    report: Path | None = None


def checks() -> list[Part]:
    """Returns the parts that only read the code. They wait for each other: unit tests take the other core."""
    ruff = TOOLS / "ruff"
    return [
        Part("lint", ["sh", "-c", f"{ruff} check . && {ruff} format --check ."]),
        Part("types", [str(TOOLS / "mypy")], after=("lint",)),
        Part("arrows", ["sh", "-c", f"PYTHONPATH={HUB_PATHS} {TOOLS / 'lint-imports'}"], after=("types",)),
    ]


def fast_parts(folder: Path, options: Sequence[str]) -> list[Part]:
    """Returns what one runs while working: no engine is needed."""
    return [*checks(), pytest_part("unit", UNIT, folder, options)]


def all_parts(folder: Path, options: Sequence[str]) -> list[Part]:
    """Returns everything.

    Images are built while the code is checked, and nothing waits for the checks: the first part to fail ends all
    others. The stack, which leaves a quarter of two cores idle, has the unit tests and tests/spark beside it, then what
    can do with a stack of its own. Where tests are chosen, all are the stack's: a part of which none is chosen fails.
    """
    fast = fast_parts(folder, options)
    build = Part("images", [sys.executable, "-u", "-m", "tests.run.images", str(folder)])
    parts = [*fast, build, spark_part(folder, options)]
    if any(option.startswith(("-k", "-m")) for option in options):
        return [*parts, pytest_part("stack", STACK, folder, options, after=(build.name,))]
    others = [*(f"--ignore={path}" for path in BESIDE), *options]
    return [
        *parts,
        beside(folder, options),
        pytest_part("stack", STACK, folder, others, after=(build.name,)),
    ]


def beside(folder: Path, options: Sequence[str]) -> Part:
    """Returns the part on stacks of its own, at ports of their own: see `prefer_ports` in tests/conftest.py."""
    part = pytest_part("beside", BESIDE, folder, options, after=("unit", "spark"))
    return replace(part, command=["env", "SANDBOX_TEST_PORTS=18000", *part.command])


def spark_part(folder: Path, options: Sequence[str]) -> Part:
    """Returns the part that runs tests/spark inside of the Spark image, on its own Spark."""
    report = folder / "spark.xml"
    command = [sys.executable, "-u", "-m", "tests.matrix", "--only", OWN, "--report", str(report), *options]
    return Part("spark", command, after=("images",), report=report)


def pytest_part(
    name: str, paths: Sequence[str], folder: Path, options: Sequence[str], *, after: tuple[str, ...] = ()
) -> Part:
    """Returns a part that runs tests and reports how long each took, with its fixtures."""
    report = folder / f"{name}.xml"
    junit = [f"--junitxml={report}", "-o", "junit_family=xunit1", "-o", "junit_duration_report=total"]
    return Part(name, [sys.executable, "-u", "-m", "pytest", *paths, *junit, *options], after, report)
