"""Which documented commands count as run."""

from __future__ import annotations

import pytest

from tests.support import documented
from tests.support.documented import has_run, record

RUN = "./sandbox run f.yaml --start-date 2024-02-29 --checkpoint a, b"


@pytest.fixture(autouse=True)
def nothing_ran(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documented, "_ran", [])


@pytest.mark.parametrize(
    ("ran", "command"),
    [
        (["up", "--json"], "./sandbox up"),
        (["up", "--json"], "./sandbox up --json"),
        (["doctor", "--json"], "./sandbox doctor --json"),
        (["up", "--workers", "3", "--no-smoke-test", "--json"], "./sandbox up --workers 3"),
        (["run", "f.yaml", "--start-date", "2024-02-29", "--team-name", "x", "--checkpoint", "a,", "b"], RUN),
        (["users", "remove", "ada", "--yes"], "./sandbox users remove ada"),
    ],
)
def test_a_line_as_it_stands_counts(ran: list[str], command: str) -> None:
    record("mine", tuple(ran))

    assert has_run(command, "mine")
    assert not has_run(command, "another"), "of another stack"


@pytest.mark.parametrize(
    ("ran", "command"),
    [
        (["up", "--workers", "2"], "./sandbox up --workers 3"),
        (["up", "--workers", "3"], "./sandbox up"),
        (["up"], "./sandbox up --offline"),
        (["doctor", "--json"], "./sandbox doctor"),
        (["doctor"], "./sandbox doctor --json"),
        (["run", "f.yaml", "--start-date", "2024-02-29", "--checkpoint", "a"], RUN),
        (["users", "remove", "ada", "--home"], "./sandbox users remove ada"),
        (["run", "f.yaml", "--team-name", "x"], "./sandbox run f.yaml --team-name mine"),
    ],
)
def test_another_line_does_not(ran: list[str], command: str) -> None:
    record("mine", tuple(ran))

    assert not has_run(command, "mine")


def test_a_second_stack_is_any_but_the_first_and_may_be_a_light_one() -> None:
    record("test-2", ("up", "--workers", "1", "--without", "history,mail", "--no-sample"))

    assert has_run("SANDBOX_STACK=second ./sandbox up", "test-1")
    assert not has_run("SANDBOX_STACK=second ./sandbox up", "test-2")


def test_a_stack_is_reset_wherever_it_was() -> None:
    record("test-2", ("reset", "--yes"))

    assert has_run("./sandbox reset", "test-1")
