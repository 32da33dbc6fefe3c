from __future__ import annotations

import itertools
import threading
from typing import Any

import pytest
from spark_etl.trace import Trace


@pytest.fixture
def trace(monkeypatch: pytest.MonkeyPatch) -> Trace:
    monkeypatch.delenv("TRACEPARENT", raising=False)
    ticks = itertools.count(1_000)
    return Trace("20240229T101112Z-abc123", {"spark_etl.team": "ads"}, clock=lambda: next(ticks))


def spans(trace: Trace) -> dict[str, dict[str, Any]]:
    (resource,) = trace.otlp()["resourceSpans"]
    return {span["name"]: span for span in resource["scopeSpans"][0]["spans"]}


def test_a_span_lies_in_the_one_around_it_and_in_another_thread_in_the_first(trace: Trace) -> None:
    def elsewhere() -> None:
        with trace.span("feature b"):
            pass

    with trace.span("run"), trace.span("feature a"), trace.span("transform"):
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
    found = spans(trace)
    assert found["run"]["parentSpanId"] == ""
    assert found["feature a"]["parentSpanId"] == found["run"]["spanId"]
    assert found["transform"]["parentSpanId"] == found["feature a"]["spanId"]
    assert found["feature b"]["parentSpanId"] == found["run"]["spanId"]
    assert int(found["run"]["startTimeUnixNano"]) < int(found["transform"]["startTimeUnixNano"])
    assert int(found["transform"]["endTimeUnixNano"]) < int(found["run"]["endTimeUnixNano"])


def test_what_is_raised_inside_marks_the_span_and_goes_on(trace: Trace) -> None:
    with pytest.raises(ValueError, match="no rate"), trace.span("run"), trace.span("feature a"):
        raise ValueError("no rate for CHF")
    failed = {"code": 2, "message": "no rate for CHF"}
    assert {name: span["status"] for name, span in spans(trace).items()} == {"run": failed, "feature a": failed}


def test_attributes_are_typed_as_a_collector_wants_them(trace: Trace) -> None:
    with trace.span("feature a", feature="a") as span:
        span.set(rows=3, seconds=0.5, sampled=False, bytes=None)
    assert spans(trace)["feature a"]["attributes"] == [
        {"key": "spark_etl.feature", "value": {"stringValue": "a"}},
        {"key": "spark_etl.rows", "value": {"intValue": "3"}},
        {"key": "spark_etl.seconds", "value": {"doubleValue": 0.5}},
        {"key": "spark_etl.sampled", "value": {"boolValue": False}},
    ]


@pytest.mark.parametrize(
    ("given", "parent"),
    [
        ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "b7ad6b7169203331"),
        ("00-00000000000000000000000000000000-b7ad6b7169203331-01", ""),
        ("nonsense", ""),
    ],
)
def test_a_run_belongs_to_the_trace_of_whoever_starts_it(
    given: str, parent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACEPARENT", given)
    trace = Trace("run")
    with trace.span("run"):
        pass
    found = spans(trace)["run"]
    assert found["parentSpanId"] == parent
    assert (found["traceId"] == given.split("-")[1]) is bool(parent) if parent else len(found["traceId"]) == 32
