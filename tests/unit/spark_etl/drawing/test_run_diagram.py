from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest
from spark_etl.drawing import as_svg, run_diagram
from spark_etl.drawing.states import STATES
from spark_etl.storage import normalise
from spark_etl.store import ErrorRecord, FeatureRecord, OutputRecord, RunDocument, State, StoredRun

from tests.support.runs import run_writer

RUN = RunDocument(
    run_id="20240229T101112Z-7f3a2c",
    path="s3a://scratch/team/revenue/20240229T101112Z-7f3a2c",
    team="team",
    pipeline="revenue",
    order=["orders", "net", "late"],
    graph={"orders": [], "net": ["orders"], "late": ["net"], "other": ["orders"]},
    features={
        "orders": FeatureRecord(state="succeeded", rows=1234, bytes=3400000, seconds=12.3),
        "net": FeatureRecord(state="failed", seconds=0.4, error=ErrorRecord("KeyError: 'x'")),
        "late": FeatureRecord(state="skipped"),
    },
    outputs=[OutputRecord("orders", "a", state="succeeded"), OutputRecord("late", "b", state="skipped")],
    error=ErrorRecord("feature `net` failed: KeyError: 'x'", feature="net"),
)


def test_each_feature_shows_state_rows_size_and_seconds() -> None:
    diagram = run_diagram(RUN)
    shown = {node.alias: (node.state, list(node.marks), node.detail, node.reason) for node in diagram.nodes}
    assert shown == {
        "orders": ("succeeded", ["checkpoint", "published"], "1,234 rows · 3.4 MB · 12s", ""),
        "net": ("failed", [], "0.4s", "KeyError: 'x'"),
        "late": ("skipped", ["publish skipped"], "", ""),
    }
    assert diagram.upstreams == {"orders": [], "net": ["orders"], "late": ["net"]}
    assert diagram.summary() == (
        "run 20240229T101112Z-7f3a2c of team/revenue: 3 features, 1 succeeded, 1 failed, 1 skipped"
    )


def test_what_was_not_computed_by_itself_does_not_read_as_succeeded() -> None:
    features = {
        "lazy": FeatureRecord(state="succeeded", seconds=0.0),
        "out": FeatureRecord(state="succeeded", seconds=0.1, rows=7),
    }
    outputs = [OutputRecord("out", "a", state="succeeded", seconds=3.25, rows=7)]
    diagram = run_diagram(replace(RUN, features=features, order=[*features], outputs=outputs, error=None))
    shown = {node.alias: (node.state, list(node.marks), node.detail) for node in diagram.nodes}
    assert shown == {"lazy": ("planned, not computed", [], ""), "out": ("published", [], "7 rows · 3.2s")}


def test_a_failure_is_the_tooltip_of_its_feature() -> None:
    assert "net: failed\n0.4s\nKeyError: &#x27;x&#x27;\nreads orders</title>" in as_svg(run_diagram(RUN))


def test_what_was_reused_tells_from_where() -> None:
    feature = FeatureRecord(state="reused", reused_from="s3a://scratch/team/revenue/x")
    (node,) = run_diagram(replace(RUN, order=["orders"], features={"orders": feature})).nodes
    assert node.reason == "from s3a://scratch/team/revenue/x"


@pytest.mark.parametrize("state", get_args(State))
def test_every_state_of_a_record_has_a_look(state: str) -> None:
    assert state in STATES


def test_a_run_is_drawn_at_any_moment_of_its_record(scratch: Path) -> None:
    paths = StoredRun.at(normalise(str(scratch)), "team", "revenue", "20240229T101112Z-000001")
    head = {
        "order": ["orders", "net"],
        "graph": {"orders": [], "net": ["orders"]},
    }
    record = run_writer(paths, head, {"orders": {"checkpoint": True}, "net": {}})
    seen = [[node.state for node in run_diagram(record.document).nodes]]
    record.feature_started("orders")
    seen.append([node.state for node in run_diagram(record.document).nodes])
    record.feature_ended("orders", "succeeded", rows=1, bytes=10)
    record.end("interrupted")
    seen.append([node.state for node in run_diagram(record.document).nodes])
    assert seen == [["pending", "pending"], ["running", "pending"], ["succeeded", "skipped"]]
    assert "1 row · 10 B" in run_diagram(record.document).nodes[0].detail
