"""The hub's figures: what is made of what was measured, and who is left behind when something breaks meanwhile."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

import pytest

from bench import hub
from bench.figures import table
from sandbox_cli.errors import StackError
from sandbox_cli.stack.hub.kernel import CellOutput
from tests.support.hub import HubClient
from tests.support.sandbox import Done, Sandbox


@pytest.mark.parametrize("cell", [hub.PATH, hub.OURS, hub.CLASSIC, hub.BY_HAND.format(path="scratch/a/b")])
def test_what_a_kernel_is_given_is_python(cell: str) -> None:
    assert ast.parse(cell).body


def test_a_start_is_measured_by_its_best_round() -> None:
    ready, answered = hub.start_figures([(3.5, 4.5), (3.0, 4.8), (3.2, 4.2)], raw=0.5)

    assert (ready.value, ready.holds) == (3.0, True)
    assert (answered.value, answered.limit, answered.raw, answered.holds) == (4.2, 6, 0.5, True)


@pytest.mark.parametrize(
    ("ours", "classic", "holds", "shown"),
    [
        (0.6, 6.0, [True, True], "0.100     0.125  0.050  holds  0.60 s / 6.00 s"),
        (0.9, 6.0, [True, False], "OVER THE LIMIT  0.90 s / 6.00 s"),
        (1.2, 12.0, [False, True], "OVER THE LIMIT"),
    ],
)
def test_first_rows_are_measured_alone_and_beside_a_classic_session(
    ours: float, classic: float, holds: list[bool], shown: str
) -> None:
    figures = hub.row_figures(ours, by_hand=0.3, classic=classic)

    assert [figure.holds for figure in figures] == holds
    assert figures[0].raw == 0.3
    assert shown in table(figures)


@pytest.mark.parametrize(("used", "holds"), [([149.0] * 10, True), ([149.0] * 9 + [190.0], False)])
def test_the_servers_count_together(used: list[float], holds: bool) -> None:
    figure = hub.memory_figure(used)

    assert figure.name == "10 users' servers, idle"
    assert figure.value == pytest.approx(sum(used))
    assert figure.holds is holds
    assert f"149 to {max(used):.0f} MB each" in table([figure])


def test_sharing_is_measured_with_its_verdict_beside_papermill_alone() -> None:
    figure = hub.share_figure(17.2, {"verdict": "reproduces", "seconds": 9.4})

    assert "17.2 s    30.0 s  9.4 s  holds  it reproduces" in table([figure])


@pytest.mark.parametrize("error", [AssertionError("ada's server:\nnot within 60s"), StackError("It is down.", hint="")])
def test_a_figure_that_breaks_is_reported_and_keeps_no_other_back(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def broken(sandbox: Sandbox) -> None:
        raise error

    monkeypatch.setattr(hub, "first_rows", broken)
    monkeypatch.setattr(hub, "idle_servers", broken)
    monkeypatch.setattr(hub, "runs_page", broken)
    monkeypatch.setattr(hub, "share", lambda sandbox: hub.share_figure(9, {"verdict": "runs", "seconds": 5.0}))

    rows, shared, runs, servers = hub.in_use(Sandbox("none", None))  # type: ignore[arg-type]

    assert [figure.holds for figure in (rows, shared, runs, servers)] == [False, True, False, False]
    assert " ".join(str(error).split()) in rows.problem


@dataclass
class Commands:
    """The command; it fails to make the user of that name."""

    fails_for: str = ""
    calls: list[tuple[str, ...]] = field(default_factory=list)

    def __call__(self, *argv: str) -> Done:
        self.calls.append(argv)
        assert argv[2] != self.fails_for, "no room"
        return Done(argv, 0, "", "", 0.1)

    try_ = __call__

    def names(self, verb: str) -> list[str]:
        return [call[2] for call in self.calls if call[1] == verb]


def test_the_users_are_removed_with_their_homes() -> None:
    commands = Commands()

    with hub.users(commands) as names:  # type: ignore[arg-type]
        assert commands.names("add") == names
        assert len(names) == 10

    assert commands.names("remove") == names
    assert all("--home" in call for call in commands.calls if call[1] == "remove")


def test_users_that_were_made_are_removed_when_the_next_one_can_not_be() -> None:
    commands = Commands(fails_for="bench-3")

    with pytest.raises(AssertionError, match="no room"), hub.users(commands):  # type: ignore[arg-type]
        pass

    assert commands.names("remove") == ["bench-1", "bench-2"]


class Slow(HubClient):
    """A user whose server and kernel are there at once; the kernel says what it was told to say."""

    def __init__(self, says: str) -> None:
        self.says = says

    def token(self) -> str:
        return "token"

    def start_server(self, *, within: float = 60) -> dict[str, object]:
        return {}

    def kernel(self) -> Slow:  # type: ignore[override]
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def run(self, code: str) -> CellOutput:
        return CellOutput(text=self.says)


def test_a_kernel_that_answers_something_else_has_not_answered() -> None:
    ready, answered = hub.started(Slow("2"))
    assert 0 <= ready <= answered

    with pytest.raises(RuntimeError, match="of 1 \\+ 1"):
        hub.started(Slow(""))
