"""Cores are few: an idle session gives them back, and who waits is told who has them."""

from __future__ import annotations

import json

import pytest

from tests.support.engine import Containers
from tests.support.hub import HubClient
from tests.support.sandbox import Sandbox, until

USED = """
import json, urllib.request
state = json.load(urllib.request.urlopen("http://spark-master:8080/json/"))
print(json.dumps({"used": state["coresused"], "apps": [a["name"] for a in state["activeapps"]]}))
"""
SESSION = """
from pyspark.sql import SparkSession
import os
spark = (SparkSession.builder.master(os.environ["SPARK_MASTER_URL"]).appName("{name}")
         .config("spark.cores.max", "{cores}").config("spark.dynamicAllocation.initialExecutors", "{cores}")
         .config("spark.dynamicAllocation.executorIdleTimeout", "{idle}")
         .getOrCreate())
print(spark.range(1000).repartition(4).count())
"""


def master(containers: Containers) -> dict[str, object]:
    state: dict[str, object] = json.loads(containers.run("spark-connect", "python3", "-c", USED).out)
    return state


@pytest.mark.waive("spark peers gone")
def test_an_idle_session_gives_its_cores_back(engineer: HubClient, containers: Containers) -> None:
    with engineer.kernel() as kernel:
        assert "1000" in kernel.run(SESSION.format(name="idler", cores=2, idle="5s")).text
        assert "idler" in str(master(containers)["apps"])
        until(lambda: master(containers)["used"] == 0, within=150, what="all cores free while the session lives")
        assert "1000" in kernel.run("print(spark.range(1000).count())").text
        kernel.run("spark.stop()")


@pytest.mark.timeout(600)
@pytest.mark.waive("spark peers gone")
def test_a_run_that_waits_for_cores_is_told_who_holds_them(
    stack: Sandbox, engineer: HubClient, containers: Containers
) -> None:
    with engineer.kernel() as kernel:
        assert "1000" in kernel.run(SESSION.format(name="the hog", cores=4, idle="600s")).text
        until(lambda: master(containers)["used"] == 4, within=60, what="all cores are taken")
        with stack.running("run", *quick_run(stack)) as waiting:
            seen = []
            assert waiting.stderr is not None
            for line in waiting.stderr:
                seen.append(line)
                if "the hog" in line:
                    break
            assert "the hog" in "".join(seen[-3:]), "".join(seen)
        kernel.run("spark.stop()")
    until(lambda: "the hog" not in str(master(containers)["apps"]), within=60, what="the hog is gone")


def quick_run(stack: Sandbox) -> list[str]:
    """Returns the arguments of a small run of the sample pipeline."""
    return ["spark/pipelines/revenue/feature_config.yaml", "--start-date", "2024-02-29", "--end-date", "2024-02-29"]
