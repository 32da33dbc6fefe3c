from __future__ import annotations

from datetime import date

import pyarrow as pa
from pyarrow import parquet

from tests.spark.support import DAYS, ORDERS, Pipeline


def test_snapshots_of_all_days_come_with_their_day_as_a_date(pipeline: Pipeline, orders: str) -> None:
    pipeline.write(orders)
    run = pipeline.run("--checkpoint", "orders", start="2024-02-28", end="2024-02-29").run
    assert run is not None
    assert run["orders"].schema == {"id": "bigint", "customer": "string", "amount": "double", "_dt": "date"}
    counted = run["orders"].sql("select _dt, count(*) as n from this group by 1 order by 1")
    assert [(day.date(), n) for day, n in counted.itertuples(index=False)] == [(day, 100) for day in DAYS[:2]]


def test_columns_are_selected_and_the_day_stays(pipeline: Pipeline) -> None:
    source = pipeline.source().replace(")", ', select_cols=["amount", "id"])')
    pipeline.write(ORDERS % source)
    run = pipeline.run("--checkpoint", "orders").run
    assert run is not None
    assert list(run["orders"].schema) == ["amount", "id", "_dt"]


def test_an_unknown_column_is_reported_with_the_nearest(pipeline: Pipeline) -> None:
    pipeline.write(ORDERS % pipeline.source().replace(")", ', select_cols=["amont"])'))
    ended = pipeline.run("--checkpoint", "orders")
    assert ended.code == 5
    assert "orders has no column `amont`. Did you mean `amount`?" in ended.shown


def test_missing_days_are_reported_before_spark_starts(pipeline: Pipeline) -> None:
    pipeline.write(ORDERS % pipeline.source(days=[date(2024, 2, 28)]))
    ended = pipeline.run("--checkpoint", "orders", start="2024-02-28", end="2024-03-01")
    assert ended.code == 5
    assert "no snapshot of orders for 2024-02-29, 2024-03-01 (2 of 3 days missing" in ended.shown
    assert "Spark" not in ended.shown
    assert ended.run is not None
    assert (ended.run.status, ended.run.content["spark"]) == ("failed", None)


def test_a_columns_name_may_have_dots_and_blanks(pipeline: Pipeline) -> None:
    source = pipeline.source()
    for day in DAYS:
        file = pipeline.published / "orders" / f"_dt={day}" / "part-0.parquet"
        parquet.write_table(pa.table({"order.id": [1], "unit price": [2.5], "more": ["x"]}), file)
    pipeline.write(ORDERS % source.replace(")", ', select_cols=["order.id", "unit price"])'), {"orders": "orders!"})
    ended = pipeline.run()
    assert ended.code == 0, ended.shown
    assert pipeline.output("orders") == [{"order.id": 1, "unit price": 2.5, "_dt": date(2024, 2, 29)}]
