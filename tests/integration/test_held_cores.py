"""Cores are few: who waits for some is told who has them. How they are given back: test_sessions.py."""

from __future__ import annotations

import pytest

from tests.integration.conftest import Waited

pytestmark = [pytest.mark.timeout(600), pytest.mark.waive("spark peers gone")]


def test_a_cell_that_waits_for_cores_is_told_who_holds_them(waited: Waited) -> None:
    assert "waiting for cores" in waited.cell
    assert "engineer's notebook (4 cores). Another notebook of yours is among them" in waited.cell


def test_a_run_that_waits_for_cores_is_told_who_holds_them_and_goes_on(waited: Waited) -> None:
    assert "all 4 cores are taken. engineer's notebook" in waited.run.splitlines()[-1], waited.run
    assert waited.exit_code == 0, waited.rest
