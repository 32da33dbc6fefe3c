"""What several of the tests look at, done once."""

from __future__ import annotations

import signal
import subprocess
import threading
import uuid
from dataclasses import dataclass

import pytest

from tests.support.engine import Containers, spark_state
from tests.support.hub import HubClient
from tests.support.kernel import UserKernel
from tests.support.sandbox import Sandbox, until

DATES = ["--start-date", "2024-02-29", "--end-date", "2024-02-29"]
SAMPLE = "spark/pipelines/revenue/feature_config.yaml"
SAMPLE_DATES = ["--start-date", "2024-02-27", "--end-date", "2024-02-29"]  # of the run that `up` makes
SESSION = """
from spark_etl import spark
session = spark(classic=True, settings={settings!r})
print(session.range(1000).repartition(4).count())
"""
HOG = {
    "spark.cores.max": "4",
    "spark.dynamicAllocation.initialExecutors": "4",
    "spark.dynamicAllocation.executorIdleTimeout": "600s",
}
WAIT_FOR_CORES = """
import os, signal, threading
from spark_etl import spark
session = spark(classic=True)
threading.Timer(8, os.kill, (os.getpid(), signal.SIGINT)).start()
session.range(4).count()
"""


@dataclass(frozen=True)
class ContendedRun:
    """A run of the sample, and a cell, that found all cores taken.

    The run goes on from the one that `up` has made, and publishes over its outputs.

    Attributes:
        address: Where its mails would go.
        cell: What the cell said until it was interrupted.
        run: What the run said until it named the holder; the cores were given back then.
        exit_code: The run's.
        rest: What it said afterwards.
    """

    address: str
    cell: str
    run: str
    exit_code: int
    rest: str


@pytest.fixture(scope="session")
def contended_run(stack: Sandbox) -> ContendedRun:
    """The sample run, gone on from the first one, on a cluster whose cores a notebook held at first."""
    containers = Containers(stack.stack)
    with (
        HubClient(stack.port("hub")).login("engineer", stack.password("engineer")) as engineer,
        engineer.kernel() as hog,
        engineer.kernel() as other,
    ):
        until(lambda: spark_state(containers)["coresused"] == 0, within=150, what="all cores are free")
        assert "1000" in hog.run(SESSION.format(settings=HOG)).text
        until(lambda: spark_state(containers)["coresused"] == 4, within=60, what="all cores are taken")
        cell = other.run(WAIT_FOR_CORES, check=False).text
        other.run("session.stop()")
        return _waiting_run(stack, hog, cell)


def _waiting_run(stack: Sandbox, hog: UserKernel, cell: str) -> ContendedRun:
    first = stack("runs", "list", "--team", "sandbox", "--pipeline", "revenue", "--json").json[-1]["name"]
    address = f"{uuid.uuid4().hex}@example.com"
    line = ["run", SAMPLE, *SAMPLE_DATES, "--resume", first, "--notify-email", address]
    with stack.running(*line, "--checkpoint", "orders_clean,", "orders_in_usd") as process:
        before = _lines_until(process, "cores are taken", seconds=120)
        hog.run("session.stop()")
        out, err = process.communicate(timeout=240)
    return ContendedRun(address, cell, before, process.returncode, err + out)


def _lines_until(process: subprocess.Popen[str], wanted: str, *, seconds: float) -> str:
    """Returns what a command says until a line has the words in it; interrupts the command when the time is over."""
    lines = []
    assert process.stderr is not None
    timer = threading.Timer(seconds, process.send_signal, [signal.SIGINT])
    timer.start()
    for line in process.stderr:
        lines.append(line)
        if wanted in line:
            break
    timer.cancel()
    return "".join(lines)
