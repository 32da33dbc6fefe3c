"""`up` and what reports on it."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import pytest

from tests.support import logs
from tests.support.engine import Containers, spark_state
from tests.support.sandbox import Sandbox, until

STAGES = ["engine", "base", "images", "stack", "provision", "sample", "smoke test"]
SERVICES = {"minio", "spark-master", "spark-worker", "spark-connect", "spark-history", "docker-api", "hub", "mail"}


def test_up_reported_its_stages_and_links(stack: Sandbox) -> None:
    report = json.loads((stack.state / "up.json").read_text())

    assert [stage["name"] for stage in report["stages"]] == STAGES
    assert all(stage["seconds"] >= 0 for stage in report["stages"])
    assert report["links"]["hub"].startswith(f"http://127.0.0.1:{stack.port('hub')}")


def test_nothing_went_wrong_while_it_started(stack: Sandbox, containers: Containers) -> None:
    ended = datetime.fromtimestamp((stack.state / "up.json").stat().st_mtime, tz=UTC)

    logged = logs.since(containers, datetime.fromtimestamp(1, tz=UTC), until=ended)

    assert not [f"{entry.service}: {entry.text}" for entry in logged if not logs.is_waived(entry, set())]


def test_up_again_changes_nothing(stack: Sandbox, containers: Containers) -> None:
    before = {c.name: c.id for c in containers.all() if "-user-" not in str(c.name)}
    secrets = (stack.state / "secrets.json").read_bytes()

    stack("up", "--json")

    after = {c.name: c.id for c in containers.all() if "-user-" not in str(c.name)}
    assert after == before
    assert (stack.state / "secrets.json").read_bytes() == secrets


def test_of_two_at_once_one_waits_and_says_for_whom(stack: Sandbox) -> None:
    with stack.running("up", "--offline") as first, stack.running("up", "--offline") as second:
        ends = [process.communicate(timeout=120) for process in (first, second)]

    messages = "\n".join(err for _, err in ends)
    assert (first.returncode, second.returncode) == (0, 0), messages
    assert re.search(
        rf"waiting for `\S*sandbox --stack {stack.stack} up` \(process ({first.pid}|{second.pid})\b", messages
    ), messages


def test_status_names_every_service_and_its_state(stack: Sandbox) -> None:
    report = stack("status", "--json").json

    assert {service["name"] for service in report["services"]} >= SERVICES
    assert all(service["state"] == "running" for service in report["services"]), report
    assert "spark-worker" in stack("status").out


def test_the_disk_is_shown_by_what_takes_it_and_of_whom(stack: Sandbox) -> None:
    found = stack("status", "--disk", "--json").json
    assert 0 < found["free_bytes"] < found["total_bytes"]
    bytes_of = {(part["what"], part["owner"]): part["bytes"] for part in found["parts"]}
    images = {owner: size for (what, owner), size in bytes_of.items() if what == "image"}
    assert "sandbox/notebook" in images
    assert sum(images.values()) > 100_000_000  # of one alone it may be little: an earlier one shares its layers
    assert bytes_of["runs", "sandbox/revenue"] > 100_000
    assert bytes_of["published data", "orders"] > 100_000
    assert "sandbox/revenue" in stack("status", "--disk").out


def test_status_of_a_stack_that_is_not_there_is_no(fresh_sandbox: Sandbox) -> None:
    done = fresh_sandbox("status", "--json", code=4)

    assert re.search(r"next: \S*sandbox --stack \S+ up$", done.err, re.MULTILINE)


def test_doctor_walks_the_whole_way(stack: Sandbox) -> None:
    report = stack("doctor", "--json", timeout=180).json

    checks = {check["name"]: check for check in report["checks"]}
    assert all(check["code"] and check["ok"] for check in checks.values()), report
    assert len(checks) >= 10, sorted(checks)


def test_logs_of_a_service(stack: Sandbox) -> None:
    assert "spark-master" in stack("logs", "spark-master").out.lower()


def test_an_unknown_service_is_named_with_the_known_ones(stack: Sandbox) -> None:
    done = stack("logs", "spark-mater", code=2)

    assert "spark-mater" in done.err
    assert "spark-master" in done.err


@pytest.mark.disrupts
@pytest.mark.waive("spark peers gone")
def test_workers_scale_up_and_down(stack: Sandbox, containers: Containers) -> None:
    def alive() -> int:
        return sum(worker["state"] == "ALIVE" for worker in spark_state(containers).get("workers") or [])

    stack("up", "--workers", "3", "--no-smoke-test")
    until(lambda: alive() == 3, within=60, what="three workers alive")

    stack("up", "--workers", "2", "--no-smoke-test")
    until(lambda: alive() == 2 and len(containers.of("spark-worker")) == 2, within=90, what="two workers alive")
