from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

HEALTHCHECK = Path(__file__).parents[3] / "spark/docker/healthcheck"
WORKER = "worker-20240229-172.18.0.4-40001"


def pretty(value):
    """As Spark prints it."""
    return json.dumps(value, indent=2, separators=(",", " : "))


def master(status="ALIVE", worker=WORKER, state="ALIVE"):
    row = {
        "id": worker,
        "host": "172.18.0.4",
        "port": 40001,
        "cores": 2,
        "memory": 2048,
        "resources": {},
        "state": state,
    }
    return pretty({"url": "spark://spark-master:7077", "workers": [row], "activeapps": [], "status": status})


CURL = """#!/bin/sh
for last; do :; done
name=$(echo "$last" | tr -c "a-z0-9\\n" _)
exec cat "$(dirname "$0")/$name" 2>/dev/null
"""


@pytest.fixture
def healthcheck(tmp_path):
    """Runs the script with a curl that answers from a table of addresses."""
    curl = tmp_path / "curl"
    curl.write_text(CURL)
    curl.chmod(0o755)

    def run(role, **pages):
        for name, text in pages.items():
            (tmp_path / name).write_text(text)
        environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
        return subprocess.run([str(HEALTHCHECK), role], env=environment, capture_output=True, check=False).returncode

    return run


MASTER_PAGE = "http___127_0_0_1_8080_json_"
WORKER_PAGE = "http___127_0_0_1_8081_json_"
MASTER_FROM_WORKER = "http___spark_master_8080_json_"


@pytest.mark.parametrize(("status", "healthy"), [("ALIVE", True), ("STANDBY", False), ("RECOVERING", False)])
def test_a_master_is_healthy_when_alive(healthcheck, status, healthy):
    assert (healthcheck("master", **{MASTER_PAGE: master(status, state="DEAD")}) == 0) is healthy


@pytest.mark.parametrize(
    ("seen", "healthy"),
    [
        (master(), True),
        (master(state="DEAD"), False),
        (master(worker="worker-of-another-address"), False),
        (master("RECOVERING", state="UNKNOWN"), False),
    ],
)
def test_a_worker_is_healthy_when_the_master_knows_it(healthcheck, seen, healthy):
    own = pretty({"id": WORKER, "masterurl": "spark://spark-master:7077"})
    assert (healthcheck("worker", **{WORKER_PAGE: own, MASTER_FROM_WORKER: seen}) == 0) is healthy


def test_a_worker_without_a_page_is_not_healthy(healthcheck):
    assert healthcheck("worker", **{MASTER_FROM_WORKER: master()}) != 0


@pytest.mark.parametrize("role", ["master", "worker", "connect", "history"])
def test_nothing_that_answers_is_not_healthy(healthcheck, role):
    assert healthcheck(role) != 0


def test_an_unknown_role_is_a_wrong_usage(healthcheck):
    assert healthcheck("boss") == 2
