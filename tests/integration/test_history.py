"""What a finished application did stays readable, while the stack runs and after `down` and `up`."""

from __future__ import annotations

import pytest

from tests.support.hub import HubClient
from tests.support.sandbox import Sandbox, until

APPLICATIONS = "/services/ui/history/api/v1/applications"


def applications(client: HubClient) -> set[str]:
    answer = client.http.get(APPLICATIONS)
    return {entry["id"] for entry in answer.json()} if answer.status_code == 200 else set()


def test_the_sample_run_is_in_the_history(engineer: HubClient) -> None:
    assert until(lambda: applications(engineer), within=30, what="an application in the history")


@pytest.mark.disrupts
def test_the_history_and_the_runs_are_there_after_down_and_up(stack: Sandbox, engineer: HubClient) -> None:
    before = until(lambda: applications(engineer), within=30, what="an application in the history")
    runs = stack("runs", "list", "--json").json

    stack("down")
    stack("up", "--json")

    with HubClient(stack.port("hub")) as again:
        again.login("engineer", stack.password("engineer"))
        until(lambda: applications(again) >= before, within=60, what=f"{before} in the history again")
    assert stack("runs", "list", "--json").json == runs
