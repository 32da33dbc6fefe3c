"""The newcomer's path: a CSV of their own, a project, a first run, and a bug that `diff` finds."""

from __future__ import annotations

import shlex
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.support.sandbox import Sandbox

OWN_CSV = """order_id,customer,status,amount_cents
1,grace,paid,12000
2,grace,cancelled,700
3,linus,paid,300
4,linus,paid,50
5,ken,cancelled,4100
"""
RIGHT = 'kwargs["orders"].where(sf.col("status") != "cancelled")'
BUG = 'kwargs["orders"]'


@pytest.fixture
def project(stack: Sandbox, tmp_path: Path) -> dict[str, Any]:
    """A new project, as `sandbox new` says that it has made it."""
    made: dict[str, Any] = stack("new", f"shop_{uuid.uuid4().hex[:8]}", "--into", str(tmp_path), "--json").json
    return made


def call(stack: Sandbox, line: str, *more: str) -> Any:
    """Runs a command that `new` has recommended."""
    return stack(*shlex.split(line)[1:], *more, timeout=300)


def runs_of(stack: Sandbox, name: str) -> list[str]:
    """Returns the runs of a pipeline, the newest first."""
    return [run["run_id"] for run in stack("runs", "list", "--pipeline", name, "--json").json]


@pytest.mark.timeout(600)
def test_from_a_csv_of_ones_own_to_the_feature_that_has_the_bug(stack: Sandbox, project: dict[str, Any]) -> None:
    name, folder = project["name"], Path(project["path"])
    put, plan, run = project["next"]
    (folder / "data/orders.csv").write_text(OWN_CSV)

    call(stack, put)
    planned = call(stack, plan, "--json").json
    assert (planned["pipeline"], planned["order"]) == (name, ["orders", "revenue_by_customer"])
    assert [output["path"] for output in planned["features"]["revenue_by_customer"]["publish"]] == [
        f"s3a://published/{name}/revenue_by_customer"
    ]

    call(stack, run)
    (first,) = runs_of(stack, name)
    shown = stack("runs", "show", first).out
    assert "succeeded" in shown
    assert "revenue_by_customer" in shown

    features = folder / name / "features.py"
    assert RIGHT in features.read_text()
    features.write_text(features.read_text().replace(RIGHT, BUG))
    call(stack, run)
    second, _ = runs_of(stack, name)

    found = stack("diff", first, second, "--json", code=1).json
    assert (found["answer"], found["first"]) == ("different", ["revenue_by_customer"])
    parted = found["features"]["revenue_by_customer"]
    assert [cause["kind"] for cause in parted["causes"]] == ["code"]
    assert (parted["rows"]["keys"], parted["rows"]["changed"], parted["rows"]["only_b"]) == (["customer"], 1, 1)
    (only,) = parted["rows"]["samples_b"]
    assert only["values"] == {"customer": "ken", "orders": 1, "revenue_cents": 4100}


def test_a_plan_needs_no_stack(stack: Sandbox, project: dict[str, Any], tmp_path: Path) -> None:
    elsewhere = Sandbox("never-started", tmp_path / "state")
    _, plan, _ = project["next"]

    done = call(elsewhere, plan)
    assert f"plan of {project['name']}: 2 features, 2 run" in done.out
    assert "is not up: what outputs would replace can't be seen" in done.err

    (Path(project["path"]) / project["name"] / "features.py").write_text("import nosuch_module\n")
    refused = elsewhere(*shlex.split(plan)[1:], code=2)
    assert "nosuch_module" in refused.err
    needs = elsewhere("plan", project["path"], "--resume", "20240229T000000Z-000000", *shlex.split(plan)[3:], code=4)
    assert "never-started" in needs.err
