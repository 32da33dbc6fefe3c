"""Parts of the cluster die or are replaced while work goes on."""

from __future__ import annotations

import pytest

from tests.support.engine import Containers, spark_state
from tests.support.hub import HubClient
from tests.support.sandbox import until

SLOW_JOB = """
from pyspark.sql import SparkSession
import os, pathlib, time
spark = SparkSession.builder.master(os.environ["SPARK_MASTER_URL"]).appName("survivor").getOrCreate()
pathlib.Path("/tmp/survivor").touch()
def slow(rows):
    time.sleep(1)
    return [sum(1 for _ in rows)]
print("ROWS", sum(spark.sparkContext.parallelize(range(4000), 90).mapPartitions(slow).collect()))
spark.stop()
"""


def has_begun(containers: Containers) -> bool:
    """Returns whether the job's session is there, and takes its mark away."""
    return containers.run("user-engineer", "rm", "/tmp/survivor").exit_code == 0


@pytest.mark.disrupts
@pytest.mark.waive("spark peers gone", "executor reported twice")
def test_a_running_job_survives_a_killed_master_and_worker(engineer: HubClient, containers: Containers) -> None:
    with engineer.kernel() as kernel:
        started = kernel.start(SLOW_JOB)
        until(lambda: has_begun(containers), within=90, what="the job runs")
        until(lambda: cores(containers) > 0, within=60, what="it has cores")
        kill(containers, "spark-master")
        until(lambda: spark_state(containers).get("status") == "ALIVE", within=60, what="the master has recovered")
        until(lambda: cores(containers) > 0, within=60, what="it has taken the job up again")
        kill(containers, "spark-worker")
        assert cores(containers) > 0, "the job goes on"

        done = kernel.finish(started, timeout=240)

    assert "ROWS 4000" in done.text, done


def kill(containers: Containers, service: str) -> None:
    container = containers.one(service)
    container.kill("SIGKILL")
    container.start()


def cores(containers: Containers) -> int:
    """Returns how many cores the job holds, as far as the master knows."""
    apps = spark_state(containers).get("activeapps") or []
    return sum(int(app["cores"]) for app in apps if app["name"] == "survivor")
