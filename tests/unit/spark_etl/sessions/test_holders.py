from __future__ import annotations

from typing import Any

import pytest
from spark_etl.sessions.holders import who_holds

RUN = "sandbox/revenue 20261125T101112Z-7f3a2c"


def worker(cores: int, used: int) -> dict[str, Any]:
    return {"cores": cores, "coresused": used, "memory": 2048, "memoryused": 1024 * used, "state": "ALIVE"}


def app(number: int, name: str, cores: int) -> dict[str, Any]:
    return {"id": f"app-{number}", "name": name, "user": "spark", "cores": cores}


OWN = app(2, "ada's notebook", 0)
FULL = [worker(2, 2), worker(2, 2)]

STATES: list[tuple[dict[str, Any] | None, bool, str]] = [
    (
        {"workers": FULL, "activeapps": [app(1, "bob's notebook", 1), OWN, app(3, RUN, 3)]},
        False,
        "`sandbox run` of revenue, 20261125T101112Z-7f3a2c (3 cores), bob's notebook (1 core). An idle notebook gives",
    ),
    (
        {"workers": FULL, "activeapps": [app(1, "ada's notebook", 4), OWN]},
        False,
        "ada's notebook (4 cores). Another notebook of yours is among them: shut its kernel down",
    ),
    (
        {"workers": FULL, "activeapps": [app(1, "Spark Connect", 4), OWN]},
        False,
        "Spark Connect, everybody's `spark()` (4 cores)",
    ),
    (
        {"workers": FULL, "activeapps": [app(2, "Spark Connect", 2), app(3, RUN, 2)]},
        True,
        "2 cores of Spark Connect are starting, or busy: its executors serve everybody's `spark()`",
    ),
    (
        {"workers": FULL, "activeapps": [app(2, "Spark Connect", 0), app(3, RUN, 4)]},
        True,
        "`sandbox run` of revenue, 20261125T101112Z-7f3a2c (4 cores)",
    ),
    ({"workers": FULL, "activeapps": [app(2, "x", 1)]}, False, "1 core granted, executors are starting"),
    ({"workers": [worker(2, 1)], "activeapps": [app(1, "y", 1), OWN]}, False, "1 of 2 cores are free and 1024 MB"),
    ({"workers": [], "activeapps": [OWN]}, False, "the cluster has no worker"),
    (None, True, "the master does not tell"),
]


@pytest.mark.parametrize(("state", "shared", "told"), STATES)
def test_a_cell_is_told_who_holds_the_cores(state: dict[str, Any] | None, shared: bool, told: str) -> None:
    said = who_holds(state, "app-2", 5.2, shared=shared)
    assert said.startswith("waiting for cores, 5s so far")
    assert told in said
