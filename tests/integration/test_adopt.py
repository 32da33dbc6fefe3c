"""Plain Parquet of the store becomes a run: from the host for a team, in a notebook below the user's own prefix."""

from __future__ import annotations

import json

from tests.support.hub import HubClient
from tests.support.sandbox import Sandbox

DATES = ["--start-date", "2024-02-27", "--end-date", "2024-02-29"]
READ = """
import json
from spark_etl import runs
orders = runs[{run!r}]["orders"]
own = runs.adopt("s3a://published", "contracts", pipeline="sales")
read = len(orders.pandas(columns=["_dt"]))
found = [orders.rows, orders.spark().count(), read, own.name, own["contracts"].verify().whole]
"""


def test_production_s_parquet_is_a_run_for_the_team_and_for_a_user(stack: Sandbox, engineer: HubClient) -> None:
    line = ["runs", "adopt", "s3a://published", "--feature", "orders,contracts", "--pipeline", "sales", *DATES]
    assert "orders" in stack(*line).out
    stack("runs", "adopt", "s3a://published/revenue", "--feature", "daily=by_customer_day", "--failed", "top_customers")
    found = stack("runs", "list", "--pipeline", "sales", "--json").json
    stack("runs", "list", "--pipeline", "sales")
    adopted = next(row for row in found if row["kind"] == "adopted" and row["team"] == "sandbox")
    assert "whole" in stack("runs", "verify", adopted["name"]).out

    engineer.start_server()
    with engineer.kernel() as kernel:
        kernel.run(READ.format(run=adopted["name"]))
        rows, counted, read, own, whole = json.loads(kernel.run("print(json.dumps(found))").text)

    assert rows == counted == read > 0
    assert own.startswith("users/engineer/sales/")
    assert whole
    assert own in stack("runs", "list", "--pipeline", "sales").out
