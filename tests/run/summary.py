"""The end of a test run: how long each part took, and the slowest tests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree as ET

from tests.run.runner import Result

SLOWEST = 25
# CI keeps the end of what a run prints: a failure has to be told from that alone.
MOST_FAILURES, MOST_REASON = 6, 300
# Rows below a part: what its tests' paths begin with. The first that fits has the test.
GROUPS = {
    "tests/integration": "integration",
    "tests/browser": "browser",
    "tests/faults": "faults",
}


class TimedTest(NamedTuple):
    """A test and its seconds, fixtures included: the first that needs the stack also waits for it to start."""

    seconds: float
    name: str


def read_tests(report: Path | None) -> list[TimedTest]:
    """Returns the tests of a JUnit file; none if it is missing or broken off."""
    return [TimedTest(float(case.get("time", 0)), _name(case)) for case in _cases(report)]


def read_failures(report: Path | None) -> list[str]:
    """Returns the tests of a JUnit file that failed, each with the beginning of why."""
    found = []
    for case in _cases(report):
        for kind in ("failure", "error"):
            if (reason := case.find(kind)) is not None:
                found.append(f"{_name(case)}\n    {' '.join(reason.get('message', '').split())[:MOST_REASON]}")
    return found


def _cases(report: Path | None) -> Iterable[ET.Element]:
    try:
        root = ET.parse(report).getroot() if report else None  # noqa: S314 - written by our own pytest
    except (OSError, ET.ParseError):
        return []
    return [] if root is None else root.iter("testcase")


def _name(case: ET.Element) -> str:
    return f"{case.get('file')}::{case.get('name')}"


def summary(results: Sequence[Result], total: float, slowest: int = SLOWEST) -> str:
    """Returns the tables.

    Args:
        results: The parts, in their order.
        total: Seconds from start to end: less than the sum, since parts run side by side.
        slowest: How many tests to list.
    """
    tests = {result.part.name: read_tests(result.part.report) for result in results if result.log}
    lines = [f"{'part':<16}{'seconds':>9}"]
    for result in results:
        took = f"{result.seconds:>9.1f}" if result.log else f"{'–':>9}"
        lines.append(f"{result.part.name:<16}{took}  {result.outcome}")
        lines += [f"  {name:<14}{seconds:>9.1f}" for name, seconds in _groups(tests.get(result.part.name, []))]
    lines.append(f"{'all':<16}{total:>9.1f}")
    ranked = sorted((test for part in tests.values() for test in part), reverse=True)[:slowest]
    if ranked:
        lines += ["", f"the {len(ranked)} slowest tests", *(f"{test.seconds:>9.2f}  {test.name}" for test in ranked)]
    return "\n".join([*lines, *_failures(results)])


def _groups(tests: Iterable[TimedTest]) -> Iterator[tuple[str, float]]:
    totals: dict[str, float] = {}
    for test in tests:
        group = next((name for start, name in GROUPS.items() if test.name.startswith(start)), None)
        if group:
            totals[group] = totals.get(group, 0.0) + test.seconds
    yield from totals.items()


def _failures(results: Iterable[Result]) -> Iterator[str]:
    for result in results:
        if result.outcome == "failed":
            failed = read_failures(result.part.report)
            yield ""
            yield from [f"{len(failed)} failed in {result.part.name}"] if failed else []
            yield from (f"  {line}" for line in failed[:MOST_FAILURES])
            yield f"{result.part.name} failed with exit code {result.code}; its output is in {result.log}"
