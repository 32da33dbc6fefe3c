"""`down`, then `up` with the network cut: nothing is fetched, and everything is as it was."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support import logs, offline
from tests.support.engine import client
from tests.support.hub import HubClient
from tests.support.sandbox import ROOT, Sandbox, until

pytestmark = pytest.mark.disrupts


@dataclass(frozen=True)
class Cycle:
    """What there was before, what the engine did meanwhile, and what `up` reported."""

    applications: set[str]
    runs: list[dict[str, Any]]
    ports: list[int]
    events: list[dict[str, Any]]
    report: dict[str, Any]


@pytest.fixture(scope="module")
def cycle(stack: Sandbox) -> Cycle:
    """The stack after `down` and an `up` that could reach nothing outside; only on Linux can the network be cut."""
    with HubClient(stack.port("hub")) as engineer:
        engineer.login("engineer", stack.password("engineer"))
        before = until(engineer.applications, within=30, what="an application in the history")
    runs = stack("runs", "list", "--json").json
    ports = [stack.port("hub"), stack.port("s3")]
    stack("down")
    started = logs.now()
    try:
        report = up_without_network(stack, ports) if sys.platform == "linux" else stack("up", "--json").json
    except BaseException:
        stack.restore()
        raise
    events = client().events(since=int(started.timestamp()), until=int(logs.now().timestamp()), decode=True)
    return Cycle(before, runs, ports, list(events), report)


def up_without_network(stack: Sandbox, ports: list[int]) -> dict[str, Any]:
    """Returns the report of an `up` that could reach nothing but the engine and the stack's two ports."""
    assert offline.possible(), "this user may not make a network namespace: run as root, or allow user namespaces"
    with tempfile.TemporaryDirectory() as folder, offline.host_side(Path(folder), ports):
        argv = offline.command(Path(folder), ports, [sys.executable, "-m", "sandbox_cli.app", "up", "--json"])
        done = subprocess.run(argv, cwd=ROOT, env=stack.env(), capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-5000:]
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def test_nothing_is_fetched_and_the_way_to_an_executor_is_proven(cycle: Cycle) -> None:
    assert cycle.events
    assert not [event for event in cycle.events if event.get("Type") == "image" and event["Action"] == "pull"]
    assert cycle.report["smoke_test"]


def test_the_ports_are_the_same(stack: Sandbox, cycle: Cycle) -> None:
    assert [stack.port("hub"), stack.port("s3")] == cycle.ports


def test_the_history_and_the_runs_are_there_again(stack: Sandbox, cycle: Cycle) -> None:
    with HubClient(stack.port("hub")) as again:
        again.login("engineer", stack.password("engineer"))
        until(lambda: again.applications() >= cycle.applications, within=60, what="the history of before")
    assert stack("runs", "list", "--json").json == cycle.runs
