"""MinIO is stopped: the hub, `doctor` and a run that goes on name the cause and the next command."""

from __future__ import annotations

import html
import json
import subprocess
from collections.abc import Iterator

import pytest

from tests.support.engine import Containers
from tests.support.hub import HubClient
from tests.support.sandbox import Sandbox, until

pytestmark = [
    pytest.mark.disrupts,
    pytest.mark.waive("spark peers gone", "store gone", "no server without a store"),
]
CAUSE = "The S3 store doesn't answer"
CONFIG = """
pipeline: stopped
features:
    quick: {class: slow.Quick}
    slow: {class: slow.Slow}
"""
MODULE = """
import time
from pyspark.sql import functions as F
from spark_etl import ConfiguredSparkFeature, SparkFeature

class Quick(SparkFeature):
    def __init__(self):
        self.sources = {}
    def transform(self, spark, start_date, end_date):
        return spark.range(10)

class Slow(SparkFeature):
    def __init__(self):
        self.sources = {"quick": ConfiguredSparkFeature()}
    def transform(self, spark, start_date, end_date, quick):
        return quick.withColumn("waited", F.udf(lambda number: time.sleep(60) or number, "long")("id"))
"""


@pytest.fixture(scope="module")
def run(stack: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[subprocess.Popen[str]]:
    """A run that has kept one feature, and is at the other one."""
    folder = tmp_path_factory.mktemp("stopped")
    (folder / "slow.py").write_text(MODULE)
    (folder / "feature_config.yaml").write_text(CONFIG)
    dates = ["--start-date", "2024-02-29", "--end-date", "2024-02-29"]
    with stack.running("run", str(folder), *dates, "--checkpoint", "quick", "slow") as process:
        assert process.stderr is not None
        next(line for line in process.stderr if " checkpoint " in line)
        yield process


@pytest.fixture(scope="module")
def engineer(stack: Sandbox, run: subprocess.Popen[str]) -> Iterator[HubClient]:
    """The engineer, whose server was stopped before the store was; once it is back, a server starts again."""
    with HubClient(stack.port("hub")) as client:
        client.login("engineer", stack.password("engineer"))
        client.stop_server()
        try:
            Containers(stack.stack).one("minio").stop(timeout=10)
            yield client
        finally:
            stack.restore()
        client.start_server()


def test_a_user_is_shown_why_no_server_starts(engineer: HubClient) -> None:
    page = engineer.http.get("/hub/spawn")
    # If the store is slow to be missed, the browser waits there.
    waited = until(
        lambda: (late := engineer.http.get("/hub/spawn-pending/engineer")).status_code != 200 and late,
        within=60,
        what="the page that tells of the failed start",
    )
    answer = engineer.api("POST", "/users/engineer/server")

    assert page.url.path == "/hub/spawn-pending/engineer" or page.status_code == 503, page.text
    assert (waited.status_code, answer.status_code) == (503, 503), f"{waited.text}\n{answer.text}"
    for message in (html.unescape(waited.text), answer.json()["message"]):
        assert CAUSE in message
        assert "`./sandbox doctor`" in message


def test_a_run_ends_with_one_error_and_is_recorded_when_the_store_is_back(
    stack: Sandbox, engineer: HubClient, run: subprocess.Popen[str]
) -> None:
    """The store is stopped again when the run has ended."""
    assert run.stderr is not None
    said = []
    for line in run.stderr:
        said.append(line)
        if line.startswith("waiting up to "):
            break
    store = Containers(stack.stack).one("minio")
    store.start()
    rest = run.stderr.readlines()
    run.wait(timeout=60)
    listed = stack("runs", "list", "--pipeline", "stopped", "--json").json
    store.stop(timeout=10)

    assert run.returncode == 5, [*said, *rest]
    errors = [line for line in [*said, *rest] if line.startswith("error: ")]
    assert len(errors) == 1, errors
    assert "the S3 store at http://minio:9000 does not answer any more" in errors[0]
    assert any(f"./sandbox --stack {stack.stack} run --resume " in line for line in said), said
    assert not [line for line in [*said, *rest] if line.startswith(("\tat ", "Caused by"))]
    assert listed[0]["status"] == "failed"


def test_doctor_tells_a_stopped_hop_from_a_broken_one(stack: Sandbox, engineer: HubClient) -> None:
    report = stack("doctor", "--json", code=1, timeout=240).json

    bad = [check for check in report["checks"] if not check["ok"]]
    assert bad
    assert all(check["cause"] and check["fix"] for check in bad), bad
    assert any("minio" in json.dumps(check) and "stopped" in json.dumps(check) for check in bad), bad
    assert any(CAUSE in check["cause"] for check in bad), "why the hub starts no server"
