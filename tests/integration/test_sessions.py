"""`spark()` in a notebook: both kinds of session, what the cell says meanwhile, and cores that are free afterwards."""

from __future__ import annotations

import pytest

from tests.support.engine import Containers, spark_state
from tests.support.hub import HubClient
from tests.support.sandbox import until

SLOW = """
import os
from pyspark.sql.functions import udf
nap = udf(lambda _: __import__("time").sleep(0.5) or 1, "int")
def slow(tasks):
    return session.range(0, tasks, 1, tasks).select(nap("id").alias("one"))
"""
CONNECT = "from spark_etl import spark\nsession = spark()\n" + SLOW
CLASSIC = "from spark_etl import spark\nsession = spark(classic=True)\n" + SLOW
INTERRUPTED = """
import os, signal, threading
threading.Timer(4, os.kill, (os.getpid(), signal.SIGINT)).start()
slow(2000).collect()
"""
CONNECT_JOBS = """
import json, urllib.request
api = "http://127.0.0.1:4040/api/v1/applications"
app = json.load(urllib.request.urlopen(api))[0]["id"]
print(len(json.load(urllib.request.urlopen(f"{api}/{app}/jobs?status=running"))))
"""


def connect_jobs(containers: Containers) -> int:
    return int(containers.run("spark-connect", "python3", "-c", CONNECT_JOBS).out)


@pytest.mark.waive("spark peers gone")
def test_spark_connect_shows_progress_and_an_interrupt_ends_the_query(
    engineer: HubClient, containers: Containers
) -> None:
    with engineer.kernel() as kernel:
        kernel.run(CONNECT)
        assert "True pyspark.sql.connect" in kernel.run("print(spark() is session, type(session).__module__)").text
        told = kernel.run("slow(16).collect()").text
        assert "of 16 tasks done" in told
        assert "1 stage, 16 tasks" in told.splitlines()[-1]
        cut = kernel.run(INTERRUPTED, check=False)
        assert "KeyboardInterrupt" in cut.error
        until(lambda: connect_jobs(containers) == 0, within=20, what="the interrupted query is gone")
        assert "one kind of session" in kernel.run("spark(classic=True)", check=False).error


@pytest.mark.waive("spark peers gone")
def test_the_query_of_a_kernel_that_was_killed_is_ended(engineer: HubClient, containers: Containers) -> None:
    with engineer.kernel() as kernel:
        kernel.run(CONNECT)
        process = kernel.run("print(os.getpid())").text.strip()
        kernel.start("slow(2000).collect()")
        until(lambda: connect_jobs(containers) == 1, within=30, what="the query runs")
        assert containers.run("user-engineer", "sh", "-c", f"kill -9 {process}").exit_code == 0
        until(lambda: connect_jobs(containers) == 0, within=60, what="the query is gone with its kernel")
        kernel.wait_for_restart(timeout=60)


@pytest.mark.waive("spark peers gone")
def test_a_driver_of_ones_own_ends_with_its_kernel(engineer: HubClient, containers: Containers) -> None:
    def driver_is_there() -> bool:
        return "engineer's notebook" in str(spark_state(containers)["activeapps"])

    with engineer.kernel() as kernel:
        kernel.run(CLASSIC)
        assert "of 16 tasks done" in kernel.run("slow(16).collect()").text
        assert driver_is_there()
        cut = kernel.run(INTERRUPTED, check=False)
        assert cut.error
        active = "print(*session.sparkContext.statusTracker().getActiveJobsIds())"
        until(lambda: kernel.run(active).text.strip() == "", within=20, what="no job is active")
        assert "3" in kernel.run("print(session.range(3).count())").text
    until(lambda: not driver_is_there(), within=30, what="the driver is gone")
