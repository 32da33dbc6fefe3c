"""`spark()` in a notebook: both kinds of session, what the cell says meanwhile, and cores that are free afterwards."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.support.engine import Containers, spark_state
from tests.support.hub import HubClient
from tests.support.kernel import UserKernel
from tests.support.sandbox import Sandbox, until

pytestmark = pytest.mark.waive("spark peers gone")
SLOW = """
import os
from pyspark.sql.functions import udf
nap = udf(lambda _: __import__("time").sleep(0.5) or 1, "int")
def slow(tasks):
    return session.range(0, tasks, 1, tasks).select(nap("id").alias("one"))
"""
CONNECT = "from spark_etl import spark\nsession = spark()\n" + SLOW
SHORT_IDLE = {
    "spark.dynamicAllocation.executorIdleTimeout": "5s",
    "spark.dynamicAllocation.shuffleTracking.timeout": "5s",
}
CLASSIC = f"from spark_etl import spark\nsession = spark(classic=True, settings={SHORT_IDLE!r})\n" + SLOW
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


def test_spark_connect_shows_progress_and_an_interrupt_ends_the_query(
    engineer: HubClient, containers: Containers
) -> None:
    with engineer.kernel() as kernel:
        kernel.run(CONNECT)
        assert "True pyspark.sql.connect" in kernel.run("print(spark() is session, type(session).__module__)").text
        progress = kernel.run("slow(16).collect()").text
        assert "of 16 tasks done" in progress
        assert "1 stage, 16 tasks" in progress.splitlines()[-1]
        cut = kernel.run(INTERRUPTED, check=False)
        assert "KeyboardInterrupt" in cut.error
        until(lambda: connect_jobs(containers) == 0, within=20, what="the interrupted query is gone")
        assert "one kind of session" in kernel.run("spark(classic=True)", check=False).error


def test_the_query_of_a_kernel_that_was_killed_is_ended(engineer: HubClient, containers: Containers) -> None:
    with engineer.kernel() as kernel:
        kernel.run(CONNECT)
        process = kernel.run("print(os.getpid())").text.strip()
        kernel.start("slow(2000).collect()")
        until(lambda: connect_jobs(containers) == 1, within=30, what="the query runs")
        assert containers.run("user-engineer", "sh", "-c", f"kill -9 {process}").exit_code == 0
        until(lambda: connect_jobs(containers) == 0, within=60, what="the query is gone with its kernel")
        kernel.wait_for_restart(timeout=60)


class Driver:
    """A Spark driver in a kernel of the engineer's, that lets its executors go soon."""

    def __init__(self, kernel: UserKernel, containers: Containers) -> None:
        self.kernel, self._containers = kernel, containers
        kernel.run(CLASSIC)
        self.application = kernel.run("print(session.sparkContext.applicationId)").text.strip()

    def cores(self) -> int | None:
        """Returns how many cores it holds, None if the master doesn't know it."""
        apps = spark_state(self._containers)["activeapps"]
        return next((int(app["cores"]) for app in apps if app["id"] == self.application), None)


@pytest.fixture(scope="module")
def driver(stack: Sandbox, engineer: HubClient) -> Iterator[Driver]:
    """One for all the tests below; it is gone when its kernel is."""
    with engineer.kernel() as kernel:
        driver = Driver(kernel, Containers(stack.stack))
        yield driver
    until(lambda: driver.cores() is None, within=30, what="the driver is gone with its kernel")


def test_a_driver_of_ones_own_shows_progress_and_an_interrupt_ends_its_jobs(driver: Driver) -> None:
    assert "of 16 tasks done" in driver.kernel.run("slow(16).collect()").text
    assert (driver.cores() or 0) > 0
    assert driver.kernel.run(INTERRUPTED, check=False).error
    active = "print(*session.sparkContext.statusTracker().getActiveJobsIds())"
    until(lambda: driver.kernel.run(active).text.strip() == "", within=20, what="no job is active")
    assert "3" in driver.kernel.run("print(session.range(3).count())").text


def test_an_idle_driver_gives_its_cores_back_and_gets_some_again(driver: Driver) -> None:
    assert "1000" in driver.kernel.run("print(session.range(1000).repartition(4).count())").text
    assert (driver.cores() or 0) > 0
    until(lambda: driver.cores() == 0, within=60, what="its cores are free while the session lives")
    assert "1000" in driver.kernel.run("print(session.range(1000).count())").text


def test_a_driver_is_refused_the_prefix_of_another_user(driver: Driver) -> None:
    """As another user, too: test_isolation.py."""
    driver.kernel.run("session.range(3).write.mode('overwrite').parquet('s3a://scratch/users/engineer/x')")
    write = "session.range(3).write.mode('overwrite').parquet('s3a://scratch/users/ada/x')"
    refused = driver.kernel.run(write, check=False).error
    assert re.search("AccessDenied|Access Denied|Forbidden|403", refused), refused[-2000:]


def test_the_page_of_a_running_application_is_behind_the_masters(driver: Driver, engineer: HubClient) -> None:
    page = engineer.http.get(f"/services/ui/spark/proxy/{driver.application}/jobs/")

    assert page.status_code == 200, page.text[:1000]
    assert "Spark Jobs" in page.text
