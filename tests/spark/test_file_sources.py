from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest
from pyarrow import parquet
from spark_etl.reading import Runs
from spark_etl.schemas.footers import SPARK_SCHEMA_KEY

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
    assert rows == [{**ROWS[0], "day": "2024-02-29"}]


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
    ("source", "expected", "hint"),
    [
        (
            'JdbcSource("jdbc:postgresql://db/shop", "orders")',
            "no driver for jdbc:postgresql://db/shop",
            "org.postgresql:postgresql",
        ),
        ('DeltaSource("LAKE/table")', "this Spark can't read Delta tables", "io.delta:delta-spark_2.13"),
    ],
)
def test_a_jar_that_is_missing_is_named(pipeline: Pipeline, source: str, expected: str, hint: str) -> None:
    log = pipeline.folder / "table" / "_delta_log"
    log.mkdir(parents=True)
    (log / f"{0:020}.json").write_text("{}\n")
    pipeline.write(FEATURE % ("", source.replace("LAKE", str(pipeline.folder))), {"read": "read"})
    ended = pipeline.run()
    assert ended.code == 5
    assert expected in ended.shown
    assert hint in ended.shown


def write_days(pipeline: Pipeline, first: pa.Table, second: pa.Table) -> str:
    for day, table in (("2024-02-28", first), ("2024-02-29", second)):
        folder = pipeline.folder / "lake" / "orders" / f"_dt={day}"
        folder.mkdir(parents=True)
        parquet.write_table(table, folder / "part-0.parquet")
    return f'S3PublishedSource("{pipeline.folder}/lake", "orders"'


def test_days_with_other_columns_are_reported_before_spark_starts(pipeline: Pipeline) -> None:
    source = write_days(pipeline, pa.table({"id": [1]}), pa.table({"id": [2], "extra": ["x"]}))
    pipeline.write(FEATURE % ("", f"{source})"), {"read": "x"})

    ended = pipeline.run(start="2024-02-28")

    assert ended.code == 5
    assert "`extra`: missing in 2024-02-28, string in 2024-02-29" in ended.shown
    assert "Spark" not in ended.shown
    assert ended.run is not None
    assert ended.run.status == "failed"


def test_a_union_of_days_has_every_value(pipeline: Pipeline) -> None:
    first = {
        "id": pa.array([1], pa.int32()),
        "Amount": pa.array([Decimal("1.25")], pa.decimal128(10, 2)),
        "place": pa.array([{"city": "Oslo"}]),
        "items": pa.array([[{"sku": 1}]]),
        "small": pa.array([7], pa.int32()),
        "note": pa.nulls(1),
        "gone": ["g"],
    }
    second = {
        "place": pa.array([{"zip": "0150", "city": None}]),
        "id": [2**40],
        "amount": pa.array([Decimal("123456789.1234")], pa.decimal128(13, 4)),
        "items": pa.array([[{"sku": 2**40, "name": "b"}]]),
        "small": [0.5],
        "note": ["n"],
        "new column.": [True],
    }
    source = write_days(pipeline, pa.table(first), pa.table(second)) + ', schema="union")'
    pipeline.write(FEATURE % ("", source), {"read": "read!"})

    ended = pipeline.run(start="2024-02-28")

    assert ended.code == 0, ended.shown
    nothing = dict.fromkeys(["gone", "new column.", "note"])
    one, two = sorted(pipeline.output("read"), key=lambda row: int(str(row["id"])))
    assert one == {
        **nothing,
        "_dt": date(2024, 2, 28),
        "id": 1,
        "Amount": Decimal("1.2500"),
        "place": {"city": "Oslo", "zip": None},
        "items": [{"sku": 1, "name": None}],
        "small": 7.0,
        "gone": "g",
    }
    assert two == {
        **nothing,
        "_dt": date(2024, 2, 29),
        "id": 2**40,
        "Amount": Decimal("123456789.1234"),
        "place": {"city": None, "zip": "0150"},
        "items": [{"sku": 2**40, "name": "b"}],
        "small": 0.5,
        "note": "n",
        "new column.": True,
    }


def test_a_union_takes_lists_of_nothing(pipeline: Pipeline) -> None:
    first = {"id": [1], "tags": pa.array([[None]], pa.list_(pa.null()))}
    source = write_days(pipeline, pa.table(first), pa.table({"id": [2], "tags": [["a"]], "more": ["x"]}))
    pipeline.write(FEATURE % ("", f'{source}, schema="union")'), {"read": "read!"})

    ended = pipeline.run(start="2024-02-28")

    assert ended.code == 0, ended.shown
    rows = sorted(pipeline.output("read"), key=lambda row: int(str(row["id"])))
    assert [(row["tags"], row["more"]) for row in rows] == [([None], None), (["a"], "x")]


def test_a_union_needs_no_column_that_is_not_selected(pipeline: Pipeline) -> None:
    first = {"id": [1], "at": pa.array([1], pa.timestamp("ns"))}
    source = write_days(pipeline, pa.table(first), pa.table({"id": [2], "more": ["x"]}))
    pipeline.write(FEATURE % ("", f'{source}, schema="union", select_cols=["id"])'), {"read": "read!"})

    ended = pipeline.run(start="2024-02-28")

    assert ended.code == 0, ended.shown
    assert sorted(str(row["id"]) for row in pipeline.output("read")) == ["1", "2"]


def test_a_union_takes_intervals(pipeline: Pipeline) -> None:
    types = {"id": "long", "wait": "interval day to second", "more": "string"}
    days = []
    for columns in ({"id": [1], "wait": [90_000_000]}, {"id": [2], "wait": [None], "more": ["x"]}):
        own = [{"name": name, "type": types[name], "nullable": True, "metadata": {}} for name in columns]
        table = pa.table({**columns, "wait": pa.array(columns["wait"], pa.int64())})
        days.append(table.replace_schema_metadata({SPARK_SCHEMA_KEY: json.dumps({"type": "struct", "fields": own})}))
    pipeline.write(FEATURE % ("", write_days(pipeline, *days) + ', schema="union")'), {"read": "read!"})

    ended = pipeline.run(start="2024-02-28")

    assert ended.code == 0, ended.shown
    rows = sorted(pipeline.output("read"), key=lambda row: int(str(row["id"])))
    assert [(row["wait"], row["more"]) for row in rows] == [(90_000_000, None), (None, "x")]


def test_without_pyarrow_spark_compares_the_files(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    source = write_days(pipeline, pa.table({"id": [1]}), pa.table({"id": [2], "extra": ["x"]}))
    pipeline.write(FEATURE % ("", f"{source})"), {"read": "x"})
    monkeypatch.setattr("spark_etl.sources.published.parquet_schema_reader", lambda _: None)

    ended = pipeline.run(start="2024-02-28")

    assert ended.code == 5
    assert "`extra`: missing in 2024-02-28, string in 2024-02-29" in ended.shown


def test_headers_in_another_order_are_read_by_name_and_folders_stay_columns(pipeline: Pipeline) -> None:
    for code, text in (("007", "id,name\n1,a\n"), ("010", "name,id\nb,2\n"), ("A2", "id,name\n3,c\n")):
        folder = pipeline.folder / "lake" / f"code={code}"
        folder.mkdir(parents=True)
        (folder / "a.csv").write_text(text)

    for options in ({}, {"enforceSchema": True}):
        assert read(pipeline, f'CsvSource("{pipeline.folder}/lake", options={options})') == [
            {"id": "1", "name": "a", "code": "007"},
            {"id": "2", "name": "b", "code": "010"},
            {"id": "3", "name": "c", "code": "A2"},
        ]


def test_days_may_be_folders_in_folders(pipeline: Pipeline) -> None:
    (pipeline.folder / "lake/2024/02/29").mkdir(parents=True)
    (pipeline.folder / "lake/2024/02/29/a.csv").write_text("id\n1\n")
    assert read(pipeline, f'CsvSource("{pipeline.folder}/lake/{{date:%Y/%m/%d}}/a.csv")') == [{"id": "1"}]


def test_folders_are_columns_of_text_unless_a_schema_says_otherwise(pipeline: Pipeline) -> None:
    lake = pipeline.folder / "lake"
    for number, code in enumerate(["007", "1e3", "2f", "-0", "__HIVE_DEFAULT_PARTITION__"]):
        (lake / f"code={code}" / "city=Z%C3%BC").mkdir(parents=True)
        parquet.write_table(pa.table({"id": [number]}), lake / f"code={code}" / "city=Z%C3%BC" / "a.parquet")
    (lake / "code=007" / "city=1").mkdir()
    parquet.write_table(pa.table({"id": [9]}), lake / "code=007/city=1/b.parquet")

    rows = read(pipeline, f'ParquetSource("{lake}")')
    assert {row["id"]: row["code"] for row in rows} == {0: "007", 1: "1e3", 2: "2f", 3: "-0", 4: None, 9: "007"}
    assert {row["city"] for row in rows} == {"Zü", "1"}

    rows = read(pipeline, f'ParquetSource("{lake}/code=*7", schema="code int, id bigint")')
    assert rows == [{"id": 9, "code": 7, "city": "1"}, {"id": 0, "code": 7, "city": "Zü"}]


def test_days_between_other_folders_are_one_frame(pipeline: Pipeline) -> None:
    for day, number in (("2024-02-28", 1), ("2024-02-29", 2)):
        (pipeline.folder / "lake" / day / "country=NO").mkdir(parents=True)
        (pipeline.folder / "lake" / day / "country=NO" / "a.csv").write_text(f"id,country\n{number},other\n")
    pipeline.write(FEATURE % ("", f'CsvSource("{pipeline.folder}/lake/{{date}}")'), {"read": "read!"})

    ended = pipeline.run(start="2024-02-28")

    assert ended.code == 0, ended.shown
    assert pipeline.output("read") == [{"id": "1", "country": "NO"}, {"id": "2", "country": "NO"}]


NANOS = 1_709_210_096_789_012_000
FOREIGN = {
    "ns": pa.array([NANOS, -1_000, None], pa.timestamp("ns")),
    "utc": pa.array([NANOS, -1_000, None], pa.timestamp("ns", "UTC")),
    "half": pa.array([1.5, -0.1, None], pa.float16()),
    "ms": pa.array([45_000_000, 0, None], pa.time32("ms")),
    "us": pa.array([45_000_000_001, 0, None], pa.time64("us")),
    "wide": pa.array([Decimal("-12345678901234567890.5"), Decimal(0), None], pa.decimal256(50, 10)),
    "uuid": pa.array([bytes(range(16)), bytes(16), None], pa.uuid()),
    "items": pa.array([[{"at": NANOS}], [], None], pa.list_(pa.struct([("at", pa.timestamp("ns"))]))),
}
MOMENT = datetime(2024, 2, 29, 12, 34, 56, 789012)


def test_types_that_spark_lacks_are_converted(pipeline: Pipeline) -> None:
    parquet.write_table(pa.table({"id": [1, 2, 3], **FOREIGN}), pipeline.folder / "a.parquet")

    rows = read(pipeline, f'ParquetSource("{pipeline.folder}/a.parquet", convert=True)')

    one, two, three = sorted(rows, key=lambda row: int(str(row["id"])))
    before = datetime(1969, 12, 31, 23, 59, 59, 999999)
    assert (one["ns"], two["ns"]) == (MOMENT, before)
    assert (one["utc"], two["utc"]) == (MOMENT.replace(tzinfo=UTC), before.replace(tzinfo=UTC))
    assert (one["half"], two["half"]) == (1.5, -0.0999755859375)
    assert (one["ms"], one["us"]) == ("12:30:00.000", "12:30:00.000001")
    assert (one["wide"], two["wide"]) == (Decimal("-12345678901234567890.5"), Decimal(0))
    assert one["uuid"] == "00010203-0405-0607-0809-0a0b0c0d0e0f"
    assert (one["items"], two["items"]) == ([{"at": MOMENT}], [])
    assert {name for name, value in three.items() if value is not None} == {"id"}


def test_a_value_that_a_conversion_would_change_is_refused_by_file(pipeline: Pipeline) -> None:
    columns = {"at": pa.array([NANOS + 1], pa.timestamp("ns")), "wide": pa.array([10**39], pa.decimal256(50, 0))}
    parquet.write_table(pa.table(columns), pipeline.folder / "a.parquet")
    source = f'ParquetSource("{pipeline.folder}/a.parquet", convert=%s, select_cols=["%s"])'

    for column, expected in (("at", "12:34:56.789012001 has digits beyond"), ("wide", "about 1.000e+39 does not fit")):
        pipeline.write(FEATURE % ("", source % (True, column)), {"read": "read!"})
        shown = pipeline.run().shown
        assert expected in shown
        assert "a.parquet: " in shown
    assert read(pipeline, source % ("'truncate'", "at")) == [{"at": MOMENT}]


def test_a_page_that_is_damaged_is_noticed_and_its_file_named(pipeline: Pipeline) -> None:
    file = pipeline.folder / "a.parquet"
    table = pa.table({"id": list(range(1000))})
    parquet.write_table(table, file, compression=None, use_dictionary=False, write_page_checksum=True)
    content = bytearray(file.read_bytes())
    content[3000] ^= 0xFF
    file.write_bytes(content)
    pipeline.write(FEATURE % ("", f'ParquetSource("{file}")'), {"read": "read!"})

    ended = pipeline.run()

    assert ended.code == 5
    assert "a.parquet" in ended.shown
    assert "awaitResult" not in ended.shown


def test_what_spark_would_drop_is_read(pipeline: Pipeline) -> None:
    lake = pipeline.folder / "lake"
    for name in ("a", "b"):
        (lake / name).mkdir(parents=True)
    (lake / "a" / "a.json").write_text('{"id":1}\n')
    (lake / "b" / "b.json").write_text('{"id":2,"x":"b"}\n')
    rows = read(pipeline, f'JsonSource(["{lake}/a", "{lake}/b"])')
    assert rows == [{"id": 1, "x": None}, {"id": 2, "x": "b"}]

    field = {"name": "id", "type": "long", "nullable": True, "metadata": {}}
    note = {SPARK_SCHEMA_KEY: json.dumps({"type": "struct", "fields": [field]})}
    parquet.write_table(pa.table({"id": [1], "x": ["a"]}).replace_schema_metadata(note), lake / "a.parquet")
    assert read(pipeline, f'ParquetSource("{lake}/a.parquet")') == [{"id": 1, "x": "a"}]
