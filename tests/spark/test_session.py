"""Sessions of a real Spark: a Spark Connect server started here, and drivers of our own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import functions
from spark_etl.errors import SparkEtlError
from spark_etl.runner.backend import connect_mode
from spark_etl.sessions.classic import build_session
from spark_etl.sessions.connect import connect_session, token_channel
from spark_etl.sessions.queries import ClassicMonitor, ConnectMonitor, QueryCounts, QueryMonitor

from tests.spark.support import TOKEN, SharedSpark

NAP = "lambda _: __import__('time').sleep({seconds}) or 1"
LEFT_BY_A_KILL = f"""
import os
from spark_etl.sessions.connect import connect_session
from spark_etl.sessions.session_reaper import start_reaper
url = os.environ["SERVER"]
session = connect_session(url, "{TOKEN}")
start_reaper(url, "{TOKEN}", session.session_id)
from pyspark.sql.functions import udf
print("reported: ready", flush=True)
session.range(0, 4000, 1, 2000).select(udf({NAP.format(seconds=0.5)}, "int")("id")).count()
session.range(0, 4000, 1, 2000).select(udf({NAP.format(seconds=0.5)}, "int")("id")).collect()
"""
DRIVER = """
from pyspark import SparkContext
from spark_etl import spark
session = spark(classic=True)
assert spark() is session
assert session.range(3).count() == 3
print("reported:", SparkContext._gateway.proc.pid, flush=True)
input()
"""


@contextmanager
def python(code: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """A process that runs code, which is killed in the end if it is still there."""
    path = os.pathsep.join(entry for entry in sys.path if entry)
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": path, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        yield process
        process.kill()


def reported_by(process: subprocess.Popen[str]) -> str:
    """Returns what follows `reported: ` on a line of its output; the JVM may write there too."""
    assert process.stdout is not None
    return next(line.removeprefix("reported: ").strip() for line in process.stdout if line.startswith("reported: "))


def counts_during(monitor: QueryMonitor, query: Any) -> list[QueryCounts]:
    """Returns the counts while a query runs, and those in the end."""
    monitor.start_cell()
    done, seen = threading.Event(), []

    def look() -> None:
        while not done.wait(0.1):
            seen.append(monitor.counts())

    thread = threading.Thread(target=look)
    thread.start()
    query()
    done.set()
    thread.join()
    end = time.monotonic() + 10
    while monitor.counts().busy and time.monotonic() < end:
        time.sleep(0.05)  # a driver hears of its last task a moment after the query has returned
    return [*seen, monitor.counts()]


@pytest.fixture(autouse=True)
def no_context(shared_spark: SharedSpark) -> None:
    """Nothing is running in this process before a test."""
    shared_spark.stop()


def test_a_token_is_sent_without_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPARK_CONNECT_AUTHENTICATE_TOKEN", "from the environment")
    channel = token_channel("sc://spark-connect:15002", "given")
    assert not channel.secure
    assert ("authorization", "Bearer given") in channel.metadata()


def test_with_tls_the_token_is_the_clients_own_affair() -> None:
    channel = token_channel("sc://spark-connect:15002/;use_ssl=true", "given")
    assert channel.secure
    assert channel.token == "given"
    assert "authorization" not in dict(channel.metadata())


def test_a_server_that_is_down_is_reported_at_once() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    began = time.monotonic()
    with pytest.raises(SparkEtlError, match=f"no Spark Connect server answers at 127.0.0.1:{port}"):
        connect_session(f"sc://127.0.0.1:{port}")
    assert time.monotonic() - began < 5


def test_without_an_address_one_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SANDBOX_CONNECT_URL", "SPARK_REMOTE"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SparkEtlError, match="no Spark Connect server is named"):
        connect_session()


def test_a_server_reports_what_a_query_does(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPARK_CONNECT_AUTHENTICATE_TOKEN", TOKEN)
    monitor = ConnectMonitor()
    with connect_mode(server):
        session: Any = connect_session(server)
        session.conf.set("spark.connect.progress.reportInterval", "100ms")
        session.registerProgressHandler(monitor.on_progress)
        nap = functions.udf(lambda _: time.sleep(0.3) or 1, "int")
        seen = counts_during(monitor, session.range(0, 8, 1, 8).select(nap("id")).collect)

    assert any(look.busy and look.tasks == 8 and look.running for look in seen)
    assert (seen[-1].tasks, seen[-1].done, seen[-1].busy) == (8, 8, False)


def test_a_driver_of_ones_own_knows_what_a_query_does() -> None:
    session: Any = build_session("tests")
    try:
        monitor = ClassicMonitor(session.sparkContext)
        session.range(0, 3, 1, 3).collect()  # not of this cell
        nap = functions.udf(lambda _: time.sleep(0.3) or 1, "int")
        seen = counts_during(monitor, session.range(0, 8, 1, 8).select(nap("id")).collect)
    finally:
        session.stop()

    assert any(look.busy and look.tasks == 8 and look.running for look in seen)
    assert (seen[-1].stages, seen[-1].tasks, seen[-1].done, seen[-1].busy) == (1, 8, 8, False)


@pytest.mark.timeout(120)
def test_the_query_of_a_killed_process_gives_way_to_others(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPARK_CONNECT_AUTHENTICATE_TOKEN", TOKEN)
    with python(LEFT_BY_A_KILL, SERVER=server) as left:
        assert reported_by(left) == "ready"
        time.sleep(3)  # it has every core of the server for a quarter of an hour
        left.kill()
        with connect_mode(server):
            session: Any = connect_session(server)
            assert session.range(0, 4, 1, 4).count() == 4


def test_a_killed_kernel_takes_its_driver_along() -> None:
    with python(DRIVER, SPARK_MASTER_URL="local[1]", SPARK_LOCAL_IP="127.0.0.1") as kernel:
        driver = int(reported_by(kernel))
        os.kill(driver, 0)
        kernel.send_signal(signal.SIGKILL)
        end = time.monotonic() + 30
        while is_alive(driver):
            assert time.monotonic() < end, "the driver's JVM outlives its kernel"
            time.sleep(0.1)


def is_alive(process: int) -> bool:
    """Returns whether a process runs; one that nobody has waited for yet does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except FileNotFoundError:
        return False
