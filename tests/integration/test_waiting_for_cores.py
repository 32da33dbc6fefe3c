"""Cores are few: who waits for some is told who has them. How they are given back: test_sessions.py."""

from __future__ import annotations

import pytest

from tests.integration.conftest import ContendedRun

pytestmark = [pytest.mark.timeout(600), pytest.mark.waive("spark peers gone")]


def test_a_cell_that_waits_for_cores_shows_who_holds_them(contended_run: ContendedRun) -> None:
    assert "waiting for cores" in contended_run.cell
    assert "engineer's notebook (4 cores). Another notebook of yours is among them" in contended_run.cell


def test_a_run_that_waits_for_cores_shows_who_holds_them_and_goes_on(contended_run: ContendedRun) -> None:
    assert "all 4 cores are taken. engineer's notebook" in contended_run.run, contended_run.run
    assert contended_run.exit_code == 0, contended_run.rest
