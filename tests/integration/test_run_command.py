"""`sandbox run`, and the runner's own command line: what a team's engineer types."""

from __future__ import annotations

import io
import json
import signal
import uuid
from pathlib import Path
from typing import Any

import httpx
import pytest
from pyarrow import parquet

from tests.support.engine import Containers
from tests.support.hub import HubClient
from tests.support.s3 import ObjectStore
from tests.support.sandbox import Sandbox, until

DATES = ["--start-date", "2024-02-29", "--end-date", "2024-02-29"]
SAMPLE = "spark/pipelines/revenue/feature_config.yaml"


@pytest.fixture
def store(stack: Sandbox) -> ObjectStore:
    """The object store as the runner sees it."""
    return ObjectStore(stack, "runner")


def rows_of_latest(store: ObjectStore, prefix: str, feature: str) -> list[dict[str, Any]]:
    """Returns the rows of a feature's checkpoint in the latest run below a prefix of the scratch bucket."""
    keys = store.keys("scratch", prefix)
    run = max(key.removeprefix(prefix).split("/")[0] for key in keys if not key.removeprefix(prefix).startswith("_"))
    parts = [key for key in keys if key.startswith(f"{prefix}{run}/{feature}/part-")]
    return [row for part in parts for row in parquet.read_table(io.BytesIO(store.read("scratch", part))).to_pylist()]


def ordinal(number: int) -> str:
    """Returns `1st`, `2nd`, `11th`, …"""
    teens = number % 100 in {11, 12, 13}
    return f"{number}{'th' if teens else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


@pytest.mark.timeout(600)
def test_a_run_writes_the_checkpoints_it_was_asked_for(stack: Sandbox, store: ObjectStore) -> None:
    done = stack("run", SAMPLE, *DATES, "--team-name", "mine", "--checkpoint", "orders_clean,net_orders", timeout=400)

    keys = store.keys("scratch", "mine/")
    written = {key.split("/")[-2] for key in keys if key.endswith("/_manifest.json")}
    assert written == {"orders_clean", "net_orders"}, done


@pytest.mark.timeout(600)
def test_a_project_of_somebody_else_with_packages_of_its_own(
    stack: Sandbox, containers: Containers, store: ObjectStore, outside_project: Path, tmp_path: Path
) -> None:
    """The executors call `inflection.ordinalize`, of a package that no image has."""
    assert containers.run("spark-worker", "python", "-c", "import inflection").exit_code == 1
    config, requirements = outside_project / "feature_config.yaml", outside_project / "requirements.txt"

    done = stack(
        "run", str(config), *DATES, "--team-name", "outside", "--requirements", str(requirements),
        "--checkpoint", "loyalty", cwd=tmp_path, timeout=400,
    )  # fmt: skip

    rows = rows_of_latest(store, "outside/outside/", "loyalty")
    assert rows, done
    assert [row["latest"] for row in rows] == [f"{ordinal(row['orders'])} order" for row in rows]


@pytest.mark.timeout(600)
def test_the_command_line_of_the_original_as_it_was_printed(
    stack: Sandbox, engineer: HubClient, containers: Containers, store: ObjectStore
) -> None:
    """In a terminal of a user's server, where the shell splits `feature1, feature2, feature3` into three words."""
    engineer.start_server()
    line = """
    cd /opt/spark_etl && spark-submit spark_etl_runner.py \\
      --team-name my_team --notify-email my_email@example.com \\
      --feature-config pipelines/revenue/feature_config.yaml \\
      --publish-path s3a://scratch/users/engineer/publish/ --scratch-path s3a://scratch/users/engineer/ \\
      --start-date 2024-02-29 --end-date 2024-02-29 \\
      --checkpoint orders_clean, orders_in_usd, net_orders
    """

    done = containers.run("user-engineer", "bash", "-lc", line)

    assert done.exit_code == 0, done.out[-5000:]
    wanted = {"orders_clean", "orders_in_usd", "net_orders"}
    keys = store.keys("scratch", "users/engineer/my_team/")
    assert {key.split("/")[-2] for key in keys if key.endswith("/_manifest.json")} == wanted


@pytest.mark.timeout(600)
def test_a_failure_and_the_recovery_after_it_are_told_by_mail(
    stack: Sandbox, engineer: HubClient, outside_project: Path
) -> None:
    address = f"{uuid.uuid4().hex}@example.com"
    config, requirements = outside_project / "feature_config.yaml", outside_project / "requirements.txt"
    told = ["run", str(config), "--requirements", str(requirements), "--team-name", "mailed", "--notify-email", address]
    published, never = ["2024-02-29"] * 2, ["1999-12-31"] * 2

    def letters() -> list[str]:
        answer = engineer.http.get("/services/ui/mail/api/email")
        assert answer.status_code == 200, answer.text[:500]
        return [json.dumps(letter) for letter in answer.json() if address in json.dumps(letter)]

    def run(days: list[str], code: int) -> None:
        stack(*told, "--start-date", days[0], "--end-date", days[1], "--checkpoint", "orders", code=code, timeout=240)

    run(published, 0)
    assert not letters(), "a success after a success is nobody's news"
    run(never, 5)
    (failed,) = until(letters, within=20, what=f"a letter to {address}")
    assert "[mailed] outside failed" in failed
    assert "no snapshot of orders for 1999-12-31" in failed
    run(published, 0)
    until(lambda: len(letters()) == 2, within=20, what="a second letter")
    assert any("[mailed] outside works again" in letter for letter in letters())


@pytest.mark.timeout(600)
def test_a_run_that_is_terminated_stops_its_driver_and_says_so(stack: Sandbox, containers: Containers) -> None:
    with stack.running("run", SAMPLE, *DATES, "--team-name", "killed") as process:
        assert process.stderr is not None
        next(line for line in process.stderr if " built " in line)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)

    assert process.returncode == 130
    assert not [c.name for c in containers.all() if "-driver-" in str(c.name)]
    assert stack("runs", "list", "--json").json[0]["status"] == "interrupted"


@pytest.mark.timeout(600)
def test_the_page_of_a_running_application_is_behind_the_masters(engineer: HubClient, containers: Containers) -> None:
    with engineer.kernel() as kernel:
        kernel.run(
            "from pyspark.sql import SparkSession; import os\n"
            "spark = SparkSession.builder.master(os.environ['SPARK_MASTER_URL']).appName('page').getOrCreate()\n"
            "spark.range(10).count()"
        )
        application = kernel.run("print(spark.sparkContext.applicationId)").text.strip()
        page = engineer.http.get(f"/services/ui/spark/proxy/{application}/jobs/")
        kernel.run("spark.stop()")

    assert page.status_code == 200, page.text[:1000]
    assert "Spark Jobs" in page.text


def test_an_unreachable_page_is_told_not_hung(engineer: HubClient) -> None:
    answer = engineer.http.get("/services/ui/nosuch/", timeout=httpx.Timeout(10))

    assert answer.status_code == 404
