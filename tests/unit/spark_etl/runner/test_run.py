"""A run takes what its features read, and which of them are computed, from its caller: a replay gives others."""

from __future__ import annotations

import io

import pytest
from spark_etl.runner import run
from spark_etl.runner.inputs import ResolvedInputs
from spark_etl.runner.plan import Plan
from spark_etl.runner.report.progress import Progress
from spark_etl.runner.resume.cache_key import CacheKey
from spark_etl.runner.resume.decide import ReuseDecision

from tests.unit.spark_etl.runner.conftest import Line


@pytest.fixture
def plan(line: Line, monkeypatch: pytest.MonkeyPatch) -> Plan:
    monkeypatch.setattr(run, "_started", lambda *_: pytest.fail("Spark was started"))
    line.project.configure(line.features)  # publishes nothing
    return line.plan("--checkpoint", "orders")


def skip_all(plan: Plan, inputs: ResolvedInputs) -> tuple[dict[str, ReuseDecision], dict[str, CacheKey]]:
    del inputs
    keys = {alias: CacheKey(f"key of {alias}", {"seen": "before"}) for alias in plan.order}
    return {alias: ReuseDecision("skip", "nothing to do") for alias in plan.order}, keys


def test_what_is_computed_is_the_callers_to_decide(plan: Plan) -> None:
    outcome = run.run_plan(plan, Progress(plan.order, io.StringIO()), reuse=skip_all)
    assert outcome.status == "succeeded"
    assert {feature.reason for feature in outcome.record.document.features.values()} == {"nothing to do"}
    inputs = outcome.run.inputs()
    assert inputs
    assert {known.cache_key["hash"] for known in inputs.features.values()} == {f"key of {one}" for one in plan.order}


def test_what_features_read_is_the_callers_to_find(plan: Plan) -> None:
    def refuse(plan: Plan) -> ResolvedInputs:
        raise LookupError(f"no inputs of {plan.pipeline}")

    outcome = run.run_plan(plan, Progress(plan.order, io.StringIO()), resolve=refuse)
    assert outcome.status == "failed"
    assert outcome.record.document.error
    assert f"no inputs of {plan.pipeline}" in str(outcome.record.document.error.message)


def test_what_a_run_was_asked_for_is_recorded(plan: Plan) -> None:
    outcome = run.run_plan(plan, Progress(plan.order, io.StringIO()), reuse=skip_all)
    document = outcome.run.document()
    assert document
    assert (document.kind, document.session, document.format) == ("run", "classic", 2)
    assert document.options
    assert (document.options["checkpoints"], document.options["start_date"]) == (["orders"], "2024-02-29")
    assert document.user
    outcome.record.store_log()
    assert f"run {outcome.run.run_id} of team/" in outcome.run.log()
