"""The runner's figures: how one is computed, and that one that fails is reported while the others are measured."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from bench.runner.contest import BROKEN, FIXED, NAIVE, OURS_BARE, OURS_CHECKPOINTED, PLAIN, READ_BACK, Contest
from bench.runner.figures import Figures, ratio
from bench.runner.lab import ContestantError

SECONDS = {OURS_CHECKPOINTED: 75.0, READ_BACK: 80.0, NAIVE: 150.0, PLAIN: 40.0, OURS_BARE: 42.0}


class Measured(Contest):
    """A contest whose times are known; who isn't in it has failed."""

    def __init__(self, seconds: dict[str, float]) -> None:
        self.best = seconds
        self.raced: list[str] = []

    def generate(self) -> None:
        """Nothing: no contestant reads it."""

    def race(self, names: Sequence[str]) -> None:
        self.raced += names

    def seconds(self, name: str) -> float:
        if name not in self.best:
            raise ContestantError(f"{name} ended with 1:\nTraceback …")
        return self.best[name]

    def known(self, name: str) -> float | None:
        return self.best.get(name)


def test_a_ratio_has_the_seconds_of_both_and_the_raw_limit_as_a_ratio() -> None:
    figure = ratio("kept", 75.0, 150.0, limit=0.55, raw=30.0, note="keep nothing")

    assert (figure.value, figure.raw, figure.holds) == (0.5, 0.2, True)
    assert figure.detail == "75.00 s / 150.00 s"
    assert figure.note == "keep nothing 30.00 s"


def test_ratios_are_ours_by_theirs() -> None:
    figures = Figures(Measured(SECONDS), "abc").measured()

    assert [round(figure.value or 0, 3) for figure in figures] == [0.938, 0.5, 1.05]
    assert [figure.holds for figure in figures] == [True, True, False]


def test_a_contestant_of_several_figures_runs_once_a_round() -> None:
    contest = Measured(SECONDS)

    Figures(contest, "ba").measured()

    assert contest.raced == [OURS_CHECKPOINTED, READ_BACK, NAIVE]


def test_one_that_fails_is_reported_and_the_others_are_measured(capsys: pytest.CaptureFixture[str]) -> None:
    without_naive = {name: seconds for name, seconds in SECONDS.items() if name != NAIVE}

    checkpointed, naive, bare = Figures(Measured(without_naive), "abc").measured()

    assert (naive.value, naive.problem, naive.holds) == (None, f"ContestantError: {NAIVE} ended with 1:", False)
    assert checkpointed.value is not None
    assert bare.value is not None
    assert "Traceback" in capsys.readouterr().err


def test_the_last_feature_can_be_broken() -> None:
    assert BROKEN != FIXED
