"""What a finished application did stays readable; after `down` and `up`: test_down_and_up.py."""

from __future__ import annotations

from tests.support.hub import HubClient
from tests.support.sandbox import until


def test_the_sample_run_is_in_the_history(engineer: HubClient) -> None:
    assert until(engineer.applications, within=30, what="an application in the history")
