from __future__ import annotations

import json
from datetime import date

import pyarrow as pa
import pytest
from pyarrow import parquet
from spark_etl.reading import Runs

from tests.spark.support import Pipeline

FEATURE = """
from spark_etl import CheckpointSource, CsvSource, DeltaSource, JdbcSource, JsonSource, ParquetSource
from spark_etl import InputObject, Source
%s
class Read(SparkFeature):
    def __init__(self):
        self.sources = {"raw": %s}
    def transform(self, spark, start_date, end_date, raw):
        return raw
"""
ROWS = [{"id": 1, "name": "a,b"}, {"id": 2, "name": "ü"}]


def read(pipeline: Pipeline, source: str, before: str = "") -> list[dict[str, object]]:
    pipeline.write(FEATURE % (before, source), {"read": "read!"})
    ended = pipeline.run()
    assert ended.code == 0, ended.shown
    return pipeline.output("read")


def test_files_of_each_format_are_read(pipeline: Pipeline) -> None:
    lake = pipeline.folder / "lake"
    lake.mkdir()
    (lake / "a.csv").write_text('id,name\n1,"a,b"\n2,ü\n')
    (lake / "a.json").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    parquet.write_table(pa.Table.from_pylist(ROWS), lake / "a.parquet")
    schema = 'schema="id bigint, name string"'
    assert read(pipeline, f'CsvSource("{lake}/*.csv", {schema})') == ROWS
    assert read(pipeline, f'JsonSource("{lake}/a.json")') == ROWS
    assert read(pipeline, f'ParquetSource("{lake}/a.parquet", select_cols=["name"])') == [
        {"name": "a,b"},
        {"name": "ü"},
    ]


ODD_NAMES = [
    "rates[12].csv",
    "rates1.csv",
    "rates2.csv",
    "a{b}.csv",
    "a*b.csv",
    "a?b.csv",
    "axb.csv",
    "a\\b.csv",
    "[v2] (1).csv",
]


def test_a_files_name_is_no_pattern(pipeline: Pipeline) -> None:
    lake = pipeline.folder / "lake [v2]"
    lake.mkdir()
    for name in ODD_NAMES:
        (lake / name).write_text(f'id,name\n1,"{name}"\n')
    assert [row["name"] for row in read(pipeline, f'CsvSource("{lake}")')] == sorted(ODD_NAMES)
    assert read(pipeline, f'CsvSource("{lake}/rates[12].csv")') == [{"id": "1", "name": "rates[12].csv"}]


def test_a_snapshots_files_are_read_and_no_others(pipeline: Pipeline) -> None:
    published = pipeline.folder / "published [v2]"
    day = published / "orders" / "_dt=2024-02-29"
    day.mkdir(parents=True)
    for name in ("part[01].parquet", "part0.parquet"):
        parquet.write_table(pa.table({"name": [name]}), day / name)
    (day / "README.txt").write_text("not Parquet")
    found = read(pipeline, f'S3PublishedSource("{published}", "orders")')
    assert [row["name"] for row in found] == ["part0.parquet", "part[01].parquet"]


def test_a_scratch_folder_with_brackets_is_no_pattern(pipeline: Pipeline) -> None:
    pipeline.scratch = pipeline.folder / "scratch [v2]"
    pipeline.runs = Runs(str(pipeline.scratch))
    (pipeline.folder / "a.csv").write_text("id,name\n1,a\n")
    pipeline.write(FEATURE % ("", f'CsvSource("{pipeline.folder}/a.csv")'), {"read": "read!"})
    ended = pipeline.run("--checkpoint", "read")
    assert ended.code == 0, ended.shown
    assert pipeline.output("read") == [{"id": "1", "name": "a"}]


def test_days_in_a_path_are_a_column(pipeline: Pipeline) -> None:
    for day in ("2024-02-28", "2024-02-29"):
        folder = pipeline.folder / "lake" / f"day={day}"
        folder.mkdir(parents=True)
        parquet.write_table(pa.Table.from_pylist(ROWS[:1]), folder / "a.parquet")
    rows = read(pipeline, f'ParquetSource("{pipeline.folder}/lake/day={{date}}/")')
    assert rows == [{**ROWS[0], "day": date(2024, 2, 29)}]


def test_a_row_that_does_not_fit_fails_the_run(pipeline: Pipeline) -> None:
    (pipeline.folder / "a.csv").write_text("id,name\none,a\n")
    pipeline.write(
        FEATURE % ("", f'CsvSource("{pipeline.folder}/a.csv", schema="id bigint, name string")'), {"read": "x"}
    )
    ended = pipeline.run()
    assert ended.code == 5
    assert "feature `read` failed" in ended.shown


def test_what_another_run_kept_is_a_source(pipeline: Pipeline, orders: str) -> None:
    pipeline.write(orders)
    assert pipeline.run("--checkpoint", "orders").code == 0
    source = f'CheckpointSource("latest:revenue", "orders", scratch="{pipeline.scratch}")'
    assert len(read(pipeline, source)) == 100
    pipeline.write(FEATURE % ("", source.replace('"orders"', '"order"')), {"read": "read!"})
    ended = pipeline.run()
    assert ended.code == 5
    assert "has no feature `order`" in ended.shown
    assert ended.run is not None
    assert ended.run.status == "failed"


OWN = """
class Numbers(Source):
    def inputs(self, dates):
        return [InputObject("numbers", 0, "always the same")]
    def read(self, spark, dates):
        return spark.range(3)
"""


def test_a_source_of_ones_own_takes_ten_lines(pipeline: Pipeline) -> None:
    pipeline.write(FEATURE % (OWN, "Numbers()"), {"read": "read!"})
    ended = pipeline.run("--checkpoint", "read")
    assert ended.code == 0, ended.shown
    assert pipeline.output("read") == [{"id": 0}, {"id": 1}, {"id": 2}]
    assert "read  reused" in pipeline.run("--checkpoint", "read", "--resume", "latest").shown


@pytest.mark.parametrize(
    ("source", "told", "hint"),
    [
        (
            'JdbcSource("jdbc:postgresql://db/shop", "orders")',
            "no driver for jdbc:postgresql://db/shop",
            "org.postgresql:postgresql",
        ),
        ('DeltaSource("LAKE/table")', "this Spark can't read Delta tables", "io.delta:delta-spark_2.13"),
    ],
)
def test_a_jar_that_is_missing_is_named(pipeline: Pipeline, source: str, told: str, hint: str) -> None:
    log = pipeline.folder / "table" / "_delta_log"
    log.mkdir(parents=True)
    (log / f"{0:020}.json").write_text("{}\n")
    pipeline.write(FEATURE % ("", source.replace("LAKE", str(pipeline.folder))), {"read": "read"})
    ended = pipeline.run()
    assert ended.code == 5
    assert told in ended.shown
    assert hint in ended.shown
