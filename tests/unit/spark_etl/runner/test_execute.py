"""A failure names its culprit, also where no feature was started yet."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any

import pytest
from spark_etl.errors import FeatureError
from spark_etl.runner.execute import Execution, Work
from spark_etl.runner.inputs import ResolvedInputs
from spark_etl.runner.outage import StoreOutage
from spark_etl.runner.plan import Plan
from spark_etl.runner.publish.outputs import Publication
from spark_etl.runner.report.progress import Progress
from spark_etl.runner.resume.decide import ReuseDecision, decide
from spark_etl.store import Manifest, StoredRun
from spark_etl.store.layout import new_run_id

from tests.support.runs import run_writer
from tests.unit.spark_etl.runner.conftest import Line

UNREADABLE = """
from spark_etl import Source

class Table(Source):
    def inputs(self, dates):
        return []
    def read(self, spark, dates):
        raise LookupError("no such table")

class Feature(SparkFeature):
    def __init__(self):
        self.sources = {"raw": Table()}
    def transform(self, spark, start_date, end_date, raw):
        return raw
"""
BACKEND: Any = SimpleNamespace(spark=None, cancel=lambda: None)  # nothing is asked of Spark so early


def work_of(plan: Plan, **reused: ReuseDecision) -> Work:
    """Returns what a run of the plan works with."""
    paths = StoredRun.at(plan.options.scratch, "team", plan.pipeline, new_run_id())
    inputs = ResolvedInputs(plan.graph, plan.order, plan.options.dates)
    decisions, known = decide(plan, inputs)
    features: dict[str, dict[str, Any]] = {alias: {} for alias in plan.order}
    record, progress = run_writer(paths, {}, features), Progress(plan.order, io.StringIO())
    decided = {**decisions, **reused}
    publication, outage = Publication((), paths, "revenue"), StoreOutage(record, progress)
    return Work(BACKEND, plan, record, inputs, decided, known, publication, progress, outage)


def test_a_source_that_can_not_be_read_is_reported_before_its_feature_is_started(line: Line) -> None:
    line.project.write("orders", UNREADABLE)
    work = work_of(line.plan("--sample", "0.5", "--sample-key", "id"))
    with pytest.raises(FeatureError, match="feature `orders` failed: LookupError: no such table"):
        Execution(work).run()
    orders = work.record.feature("orders")
    assert (orders.state, orders.seconds) == ("failed", None)
    assert orders.error
    assert "no such table" in str(orders.error.message)


def test_what_a_store_that_is_away_has_ended_is_the_failed_feature_of_the_run(line: Line) -> None:
    """The watcher knows of no feature: it ends what Spark does, and the first work that fails then is the one."""
    line.project.write("orders", UNREADABLE)
    work = work_of(line.plan("--sample", "0.5", "--sample-key", "id"))
    execution = Execution(work)
    work.outage.give_up()
    execution._cancel()
    with pytest.raises(FeatureError, match=r"feature `orders` failed: the S3 store at .* does not answer any more"):
        execution.run()
    assert isinstance(work.outage.error, FeatureError)
    assert work.outage.error.feature == "orders"
    assert work.record.feature("orders").state == "failed"
    with pytest.raises(FeatureError, match="feature `orders` failed"), execution._failing("net"):
        raise LookupError
    assert work.record.feature("net").state == "interrupted"


def test_a_checkpoint_that_can_not_be_read_again_names_its_feature(line: Line) -> None:
    known: dict[str, Any] = {"spark_schema": {}, "files": [], "code": {}, "inputs": {}, "written": ""}
    manifest = Manifest("orders", "run", columns={}, rows=0, bytes=0, **known)
    work = work_of(line.plan(), orders=ReuseDecision("reuse", "as in run 1", manifest, str(line.scratch)))
    with pytest.raises(FeatureError, match="feature `orders` failed: "):
        Execution(work).run()
    orders = work.record.feature("orders")
    assert (orders.state, orders.seconds) == ("failed", None)


ODD_ERRORS = """
class OddError(Exception):
    def __str__(self):
        raise ValueError
"""


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (r'ValueError("bad \ud800 \x1b]52;c;aGk=\x07")', r"ValueError: bad \ud800 \x1b]52;c;aGk=\x07"),
        ('OddError("no rate")', "OddError: no rate (its text is not known: __str__ raises ValueError)"),
        ('ValueError("x" * 9_000_000)', "ValueError: xxxxx"),
    ],
)
def test_whatever_an_exception_says_its_feature_is_named_and_recorded(line: Line, raised: str, expected: str) -> None:
    source = UNREADABLE.replace('LookupError("no such table")', raised)
    line.project.write("orders", ODD_ERRORS + source)
    work = work_of(line.plan("--sample", "0.5", "--sample-key", "id"))
    with pytest.raises(FeatureError) as failed:
        Execution(work).run()
    assert failed.value.message.startswith(f"feature `orders` failed: {expected}")
    assert len(failed.value.message) < 3_000
    error = work.record.feature("orders").error
    assert error
    assert error.message == failed.value.reason
    assert "raise " in failed.value.frames
    (failed.value.message + failed.value.frames).encode()
    work.record.store()


def test_a_source_whose_repr_ends_the_program_is_its_features(line: Line) -> None:
    repr_ends = "    def __repr__(self):\n        raise SystemExit(0)\n"
    line.project.write("orders", UNREADABLE.replace("    def inputs", f"{repr_ends}    def inputs"))
    with pytest.raises(FeatureError, match=r"feature `orders` failed: source `raw`: its repr\(\): it ends the program"):
        work_of(line.plan())
