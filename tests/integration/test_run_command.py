"""`sandbox run`, and the runner's own command line: what a team's engineer types."""

from __future__ import annotations

import io
import signal
from typing import Any

import httpx
import pytest
from pyarrow import parquet

from tests.integration.conftest import DATES, SAMPLE
from tests.support.engine import Containers
from tests.support.hub import HubClient
from tests.support.s3 import S3Client
from tests.support.sandbox import Sandbox

OUTSIDE = "tests/fixtures/outside_project"


@pytest.fixture
def store(stack: Sandbox) -> S3Client:
    """The object store as the runner sees it."""
    return S3Client(stack, "runner")


def checkpoints(store: S3Client, folder: str) -> set[str]:
    """Returns the features that have a whole checkpoint below a folder of the scratch bucket."""
    return {key.split("/")[-2] for key in store.keys("scratch", folder) if key.endswith("/_manifest.json")}


def rows(store: S3Client, folder: str) -> list[dict[str, Any]]:
    """Returns the rows of a checkpoint."""
    parts = [key for key in store.keys("scratch", folder) if "/part-" in key]
    return [row for part in parts for row in parquet.read_table(io.BytesIO(store.read("scratch", part))).to_pylist()]


def ordinal(number: int) -> str:
    """Returns `1st`, `2nd`, `11th`, …"""
    teens = number % 100 in {11, 12, 13}
    return f"{number}{'th' if teens else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


@pytest.mark.timeout(600)
def test_a_project_of_somebody_else_with_packages_of_its_own(
    stack: Sandbox, containers: Containers, store: S3Client, engineer: HubClient
) -> None:
    """The executors call `inflection.ordinalize`, of a package that no image has; so do those of its debug notebook."""
    assert containers.run("spark-worker", "python", "-c", "import inflection").exit_code == 1

    done = stack(
        "run", f"{OUTSIDE}/feature_config.yaml", *DATES, "--checkpoint", "orders,", "loyalty",
        "--requirements", f"{OUTSIDE}/requirements.txt", "--team-name", "mine", timeout=400,
    )  # fmt: skip

    assert checkpoints(store, "mine/outside/") == {"orders", "loyalty"}, done
    (run,) = {key.split("/")[2] for key in store.keys("scratch", "mine/outside/") if key.endswith("/run.json")}
    loyalty = rows(store, f"mine/outside/{run}/loyalty/")
    assert loyalty, done
    assert [row["latest"] for row in loyalty] == [f"{ordinal(row['orders'])} order" for row in loyalty]

    opened = stack("debug", f"{run}/loyalty", "--json").json
    with engineer.kernel() as kernel:
        for source in engineer.code_cells(opened["path"]):
            if not source.startswith(("debug.replay_and_compare", "debug.save_patch")):
                kernel.run(source)
        again = kernel.run("print(sorted((row.orders, row.latest) for row in result.collect()))").stdout
    assert again.strip() == str(sorted((row["orders"], row["latest"]) for row in loyalty))
    assert containers.run("user-engineer", "touch", "/opt/packages/mine").exit_code == 1


@pytest.mark.timeout(600)
def test_the_command_line_of_the_original_as_it_was_printed(
    stack: Sandbox, engineer: HubClient, containers: Containers, store: S3Client
) -> None:
    """In a terminal of a user's server, where the shell splits `feature1, feature2, feature3` into three words.

    Its code is the user's: on the host it is executed only once somebody has said that it may be.
    """
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
    assert checkpoints(store, "users/engineer/my_team/") == {"orders_clean", "orders_in_usd", "net_orders"}
    (name,) = [run["name"] for run in stack("runs", "list", "--team", "my_team", "--json").json]
    assert "user engineer writes there" in stack("replay", f"{name}/net_orders", code=2).err
    assert stack("debug", f"{name}/net_orders", "--json").json["trusted"], "in their own server"
    assert "code: " in stack("trust", name, code=2).err, "what would be executed is listed, and nothing is said unasked"
    stack("trust", name, "--yes")
    assert "is trusted already" in stack("trust", name).err


@pytest.mark.timeout(600)
def test_a_run_that_is_terminated_stops_its_driver_and_says_so(stack: Sandbox, containers: Containers) -> None:
    elsewhere = ["--team-name", "killed", "--publish-path", "s3a://published/killed/"]
    with stack.running("run", SAMPLE, *DATES, *elsewhere) as process:
        assert process.stderr is not None
        next(line for line in process.stderr if " planned, " in line)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)

    assert process.returncode == 130
    assert not [c.name for c in containers.all() if "-driver-" in str(c.name)]
    assert stack("runs", "list", "--team", "killed", "--json").json[0]["status"] == "interrupted"


@pytest.mark.timeout(600)
def test_a_run_whose_client_was_killed_is_found_followed_and_ended(stack: Sandbox, containers: Containers) -> None:
    elsewhere = ["--team-name", "orphan", "--publish-path", "s3a://published/orphan/"]
    with stack.running("run", SAMPLE, *DATES, *elsewhere) as process:
        assert process.stderr is not None
        run_id = next(line for line in process.stderr if line.startswith("run ")).split()[1]
        process.kill()
        with stack.running("runs", "attach", run_id) as attached:
            assert attached.stderr is not None
            shown = [next(line for line in attached.stderr if line.startswith(f"run {run_id}"))]  # from the start
            stopped = stack("runs", "stop", run_id)
            shown += attached.stderr.readlines()
            attached.communicate(timeout=60)

    assert attached.returncode == 130, shown
    assert f"run {run_id}: interrupted" in stopped.err
    assert any(line.startswith("interrupted after ") for line in shown), shown
    assert not [c.name for c in containers.all() if "-driver-" in str(c.name)]
    assert stack("runs", "list", "--team", "orphan", "--json").json[0]["status"] == "interrupted"
    assert "is not running: interrupted" in stack("runs", "attach", run_id, code=2).err


def test_an_unreachable_page_is_an_error_and_does_not_hang(engineer: HubClient) -> None:
    answer = engineer.http.get("/services/ui/nosuch/", timeout=httpx.Timeout(10))

    assert answer.status_code == 404
