"""`spark()` in a notebook: both kinds of session, what the cell says meanwhile, and cores that are free afterwards."""

from __future__ import annotations

import json

import pytest

from tests.support.engine import Containers
from tests.support.hub import HubClient
from tests.support.sandbox import until

SLOW = """
from pyspark.sql.functions import udf
nap = udf(lambda _: __import__("time").sleep(0.5) or 1, "int")
def slow(tasks):
    return session.range(0, tasks, 1, tasks).select(nap("id").alias("one"))
"""
CONNECT = "from spark_etl import spark\nsession = spark()\n" + SLOW
CLASSIC = "from spark_etl import spark\nsession = spark(classic=True)\n" + SLOW
HOG = """
from spark_etl import spark
hog = spark(classic=True, settings={"spark.cores.max": "4", "spark.dynamicAllocation.initialExecutors": "4",
                                    "spark.dynamicAllocation.executorIdleTimeout": "600s"})
print(hog.range(1000).repartition(4).count())
"""
SIGNALLED = """
import os, signal, threading
threading.Timer({seconds}, os.kill, (os.getpid(), signal.{signal})).start()
"""
STATE = """
import json, urllib.request
state = json.load(urllib.request.urlopen("http://spark-master:8080/json/"))
print(json.dumps({"used": state["coresused"], "apps": [app["name"] for app in state["activeapps"]]}))
"""
CONNECT_JOBS = """
import json, urllib.request
api = "http://127.0.0.1:4040/api/v1/applications"
app = json.load(urllib.request.urlopen(api))[0]["id"]
print(len(json.load(urllib.request.urlopen(f"{api}/{app}/jobs?status=running"))))
"""


def cluster(containers: Containers) -> dict[str, object]:
    state: dict[str, object] = json.loads(containers.run("spark-connect", "python3", "-c", STATE).out)
    return state


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
        cut = kernel.run(SIGNALLED.format(seconds=5, signal="SIGINT") + "slow(2000).collect()", check=False)
        assert "KeyboardInterrupt" in cut.error
        until(lambda: connect_jobs(containers) == 0, within=20, what="the interrupted query is gone")
        assert "one kind of session" in kernel.run("spark(classic=True)", check=False).error


@pytest.mark.waive("spark peers gone")
def test_the_query_of_a_kernel_that_was_killed_is_ended(engineer: HubClient, containers: Containers) -> None:
    with engineer.kernel() as kernel:
        kernel.run(CONNECT)
        kernel.start(SIGNALLED.format(seconds=20, signal="SIGKILL") + "slow(2000).collect()")
        until(lambda: connect_jobs(containers) == 1, within=20, what="the query runs")
        until(lambda: connect_jobs(containers) == 0, within=60, what="the query is gone with its kernel")


@pytest.mark.waive("spark peers gone")
def test_a_driver_of_ones_own_ends_with_its_kernel(engineer: HubClient, containers: Containers) -> None:
    with engineer.kernel() as kernel:
        kernel.run(CLASSIC)
        assert "of 16 tasks done" in kernel.run("slow(16).collect()").text
        assert "engineer's notebook" in str(cluster(containers)["apps"])
        cut = kernel.run(SIGNALLED.format(seconds=5, signal="SIGINT") + "slow(2000).collect()", check=False)
        assert cut.error
        active = "print(*session.sparkContext.statusTracker().getActiveJobsIds())"
        until(lambda: kernel.run(active).text.strip() == "", within=20, what="no job is active")
        assert "3" in kernel.run("print(session.range(3).count())").text
    until(lambda: "engineer's notebook" not in str(cluster(containers)["apps"]), within=30, what="the driver is gone")


@pytest.mark.timeout(600)
@pytest.mark.waive("spark peers gone")
def test_a_cell_that_waits_for_cores_says_who_holds_them(engineer: HubClient, containers: Containers) -> None:
    until(lambda: cluster(containers)["used"] == 0, within=150, what="all cores are free")
    with engineer.kernel() as first, engineer.kernel() as second:
        assert "1000" in first.run(HOG).text
        until(lambda: cluster(containers)["used"] == 4, within=60, what="all cores are taken")
        second.run(CLASSIC)
        told = second.run(SIGNALLED.format(seconds=12, signal="SIGINT") + "slow(4).collect()", check=False).text
        assert "waiting for cores" in told
        assert "engineer's notebook (4 cores). Another notebook of yours is among them" in told
    until(lambda: cluster(containers)["used"] == 0, within=30, what="the cores of both kernels are free")
