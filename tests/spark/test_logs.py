from __future__ import annotations

import json

from tests.spark.support import Pipeline

NET = """
class Net(SparkFeature):
    def __init__(self):
        self.sources = {"orders": ConfiguredSparkFeature()}
    def transform(self, spark, start_date, end_date, orders):
        import logging, warnings
        logging.getLogger("shop").warning("a rate is missing")
        return orders.withColumn("net", F.lit(1) / F.lit(%d))
"""


def test_every_line_of_a_json_log_is_an_event_of_the_run(pipeline: Pipeline, orders: str) -> None:
    pipeline.write(orders + NET % 2, {"net": "net"})
    ended = pipeline.run("--checkpoint", "orders", "--log-format", "json")
    assert ended.code == 0, ended.shown
    assert ended.run is not None
    records = [json.loads(line) for line in ended.shown.splitlines()]
    events = [event["event"] for event in records]
    for wanted in ("feature_started", "checkpoint_written", "published", "run_ended"):
        assert wanted in events
    assert {event["run_id"] for event in records} == {ended.run.id}
    (written,) = [event for event in records if event["event"] == "checkpoint_written"]
    assert (written["feature"], written["rows"]) == ("orders", 100)
    assert written["tasks"] > 0
    (logged,) = [event for event in records if event.get("logger") == "shop"]
    assert (logged["level"], logged["message"]) == ("warning", "a rate is missing")


def test_run_json_has_the_timings_as_spans_of_one_trace(pipeline: Pipeline, orders: str) -> None:
    pipeline.write(orders + NET % 2, {"net": "net"})
    ended = pipeline.run("--checkpoint", "orders")
    assert ended.run is not None
    (resource,) = ended.run.content["trace"]["resourceSpans"]
    spans = {span["name"]: span for span in resource["scopeSpans"][0]["spans"]}
    root, orders_span = spans["run"], spans["feature orders"]
    assert len({span["traceId"] for span in spans.values()}) == 1
    assert orders_span["parentSpanId"] == root["spanId"]
    attributes = {one["key"]: one["value"] for one in orders_span["attributes"]}
    assert attributes["spark_etl.rows"] == {"intValue": "100"}
    for name in ("look at the sources", "start Spark", "publish net", "let the outputs appear"):
        assert int(root["startTimeUnixNano"]) <= int(spans[name]["startTimeUnixNano"])
        assert int(spans[name]["endTimeUnixNano"]) <= int(root["endTimeUnixNano"])
        assert spans[name]["status"] == {"code": 1}
