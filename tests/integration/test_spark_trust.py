"""Who may join the Spark cluster: nobody without the secret, and not over REST."""

from __future__ import annotations

import pytest

from tests.support.engine import Containers
from tests.support.sandbox import Sandbox, until

OPEN = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=3)"
WORKERS = "import json, urllib.request; print(urllib.request.urlopen('http://spark-master:8080/json/').read().decode())"
INTRUDER = """
import os, sys
os.environ["_SPARK_AUTH_SECRET"] = sys.argv[1]
from pyspark.sql import SparkSession
builder = SparkSession.builder.master("spark://spark-master:7077").config("spark.eventLog.enabled", "false")
if not sys.argv[1]:
    builder = builder.config("spark.authenticate", "false").config("spark.network.crypto.enabled", "false")
print("ROWS", builder.getOrCreate().range(10).count())
"""


def test_the_rest_submission_port_is_closed(containers: Containers) -> None:
    assert containers.run("spark-connect", "python3", "-c", OPEN, "spark-master", "7077").exit_code == 0
    assert containers.run("spark-connect", "python3", "-c", OPEN, "spark-master", "6066").exit_code != 0


@pytest.mark.waive("intruder refused", "spark peers gone")
@pytest.mark.parametrize("secret", ["", "wrong"], ids=["no authentication", "wrong secret"])
def test_a_driver_without_the_secret_is_refused(containers: Containers, secret: str) -> None:
    """Spark itself tries three times, for a minute; a driver that is let in answers within ten seconds."""
    command = ["timeout", "30", "python", "-c", INTRUDER, secret]

    done = containers.run("spark-connect", *command, env={"_SPARK_AUTH_SECRET": secret})

    assert done.exit_code != 0
    assert "ROWS 10" not in done.out


@pytest.mark.waive("intruder refused", "spark peers gone")
def test_a_worker_without_the_secret_is_refused(containers: Containers) -> None:
    before = containers.run("spark-connect", "python3", "-c", WORKERS).out.count('"id" : "worker-')
    worker = "org.apache.spark.deploy.worker.Worker"
    command = f"timeout 20 spark-class {worker} -c 1 -m 512m --webui-port 0 --work-dir /tmp/x spark://spark-master:7077"

    done = containers.run("spark-connect", "sh", "-c", command, env={"_SPARK_AUTH_SECRET": "wrong"})

    assert "Successfully registered with master" not in done.out, done.out[-2000:]
    assert containers.run("spark-connect", "python3", "-c", WORKERS).out.count('"id" : "worker-') == before


def test_what_goes_between_spark_processes_is_encrypted(containers: Containers) -> None:
    environment = containers.run("spark-connect", "sh", "-c", "cat /opt/spark/conf/spark-defaults.conf").out

    settings = dict(line.split(None, 1) for line in environment.splitlines() if line.startswith("spark."))
    assert settings["spark.authenticate"].strip() == "true"
    assert settings["spark.network.crypto.enabled"].strip() == "true"
    assert settings["spark.io.encryption.enabled"].strip() == "true"


def test_as_many_workers_as_asked_for_are_registered(stack: Sandbox, containers: Containers) -> None:
    def alive() -> int:
        return containers.run("spark-connect", "python3", "-c", WORKERS).out.count('"state" : "ALIVE"')

    until(lambda: alive() == 2, within=30, what="two workers alive")
