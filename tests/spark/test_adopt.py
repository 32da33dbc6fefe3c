"""Spark reads what was adopted as the other readers do, and a run reads it as a source."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

from tests.spark.support import Pipeline, SharedSpark

DAYS = (date(2024, 2, 28), date(2024, 2, 29))
REGIONS = {"007": "007", "N%2FO": "N/O", "ø [x]": "ø [x]", "__HIVE_DEFAULT_PARTITION__": None}
TOTAL = """
class Total(SparkFeature):
    def __init__(self):
        self.sources = {{"orders": CheckpointSource({run!r}, "orders", {scratch!r})}}
    def transform(self, spark, start_date, end_date, orders):
        return orders.groupBy("region", "_dt").agg(F.sum("amount").alias("amount"))
"""


def write_orders(folder: Path) -> None:
    """Writes two days of four regions, with columns in one order in one file and in the other order in the next."""
    for number, day in enumerate(DAYS):
        for region in REGIONS:
            file = folder / f"_dt={day}" / f"region={region}" / "part-0.parquet"
            file.parent.mkdir(parents=True)
            table = pa.table(
                {
                    "id": pa.array([1, 2], pa.uint8()),
                    "amount": pa.array([Decimal("1.50"), None], pa.decimal128(12, 2)),
                    "inner": pa.array([{"tags": [["a"]]}, None]),
                    "name": pa.array(["a", "b"], pa.large_string() if number else pa.string()),
                    "Region": pa.array([9, 9]),
                }
            )
            parquet.write_table(table.select(table.column_names[:: -1 if number else 1]), file)
            (folder / "_SUCCESS").touch()


def test_spark_reads_what_was_adopted_as_other_readers_do(pipeline: Pipeline, shared_spark: SharedSpark) -> None:
    write_orders(pipeline.folder / "production" / "orders")
    run = pipeline.runs.adopt(str(pipeline.folder / "production"), "orders", pipeline="shop")

    kept = run["orders"]
    frame = kept.spark(shared_spark.start())
    rows = frame.orderBy("_dt", "region", "id").collect()

    assert kept.schema == dict(frame.dtypes)
    assert kept.schema == {
        "id": "smallint",
        "amount": "decimal(12,2)",
        "inner": "struct<tags:array<array<string>>>",
        "name": "string",
        "_dt": "date",
        "region": "string",
    }
    regions = kept.sql("select coalesce(region, 'NULL') as region from this order by _dt, this.region nulls first, id")
    assert [row.region or "NULL" for row in rows] == list(regions["region"])
    assert {row.region for row in rows} == set(REGIONS.values())
    read = kept.arrow().sort_by([("_dt", "ascending"), ("id", "ascending")]).to_pylist()
    assert sorted(map(str, read)) == sorted(str(row.asDict(recursive=True)) for row in rows)

    pipeline.write(
        "from spark_etl.sources import CheckpointSource\n" + TOTAL.format(run=run.id, scratch=str(pipeline.scratch))
    )
    ended = pipeline.run("--checkpoint", "total")
    assert ended.code == 0, ended.shown
    assert ended.run is not None
    total = ended.run["total"].arrow().to_pylist()
    assert sorted((row["_dt"], row["region"] or "", row["amount"]) for row in total) == sorted(
        (day, region or "", Decimal("1.50")) for day in DAYS for region in REGIONS.values()
    )
    refused = pipeline.run("--checkpoint", "total", "--resume", run.id)
    assert refused.code == 2
    assert "was adopted from" in refused.shown
