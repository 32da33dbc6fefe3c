from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet
from spark_etl.errors import CheckpointError
from spark_etl.reading import Checkpoint
from spark_etl.store import DataFile, Manifest

LARGE = 2**53 + 1  # no double is this number
MONEY = Decimal("12345678901234567.89")
DAY = date(2024, 2, 29)
COLUMNS: dict[str, Any] = {
    "n": pa.array([LARGE, None], pa.int64()),
    "small": pa.array([1, None], pa.uint8()),
    "all": pa.array([LARGE, 1], pa.int64()),
    "money": pa.array([MONEY, None], pa.decimal128(20, 2)),
    "day": pa.array([DAY, None]),
    "many": pa.array([[LARGE, None], None], pa.list_(pa.int64())),
    "deep": pa.array([{"x": [LARGE, None]}, None]),
    "flat": pa.array([{"x": LARGE, "y": None}, {"x": None, "y": LARGE}]),
    "pairs": pa.array([[("k", LARGE), ("none", None)], None], pa.map_(pa.string(), pa.int64())),
    "yes": pa.array([True, None]),
}


@pytest.fixture
def kept(tmp_path: Path) -> Checkpoint:
    """A checkpoint of two rows, the second one all NULL but for `all` and `flat`."""
    table = pa.table(COLUMNS)
    parquet.write_table(table, tmp_path / "a.parquet")
    known: dict[str, Any] = {"spark_schema": {}, "code": {}, "inputs": {}, "written": "", "bytes": 1}
    files = [DataFile("a.parquet", 2, (tmp_path / "a.parquet").stat().st_size)]
    columns = {field.name: str(field.type) for field in table.schema}
    return Checkpoint(f"file://{tmp_path}", Manifest("kept", "run", columns=columns, rows=2, files=files, **known))


def test_every_value_is_what_it_is_in_every_call(kept: Checkpoint) -> None:
    for frame in (kept.head(), kept.pandas(), kept.pandas(where='"all" > 0'), kept.sql("from this")):
        first, second = frame.iloc[0], frame.iloc[1]
        assert (first["n"], first["small"], first["all"]) == (LARGE, 1, LARGE)
        assert (first["money"], type(first["money"])) == (MONEY, Decimal)
        assert (list(first["many"]), list(first["deep"]["x"])) == ([LARGE, None], [LARGE, None])
        assert (first["flat"], second["flat"]) == ({"x": LARGE, "y": None}, {"x": None, "y": LARGE})
        assert dict(first["pairs"]) == {"k": LARGE, "none": None}
        assert first["yes"] is True
        assert frame[["n", "small", "money", "day"]].isna().to_numpy().tolist() == [[False] * 4, [True] * 4]
        assert (second["many"], second["yes"], second["all"]) == (None, None, 1)
        assert [str(frame.dtypes[name]) for name in ("n", "small", "all")] == ["Int64", "UInt8", "int64"]


def test_sums_are_exact(kept: Checkpoint) -> None:
    found = kept.sql(
        'select sum(n) as n, sum(money) as money, sum("all") as "all", sum(n) * 100000000000 as wide from this'
    )

    assert found.iloc[0].to_dict() == {"n": LARGE, "money": MONEY, "all": LARGE + 1, "wide": LARGE * 10**11}
    assert str(found.dtypes["n"]) == "int64"
    assert str(kept.sql("select sum(n) as n from this where false").dtypes["n"]) == "Int64"


def test_days_and_durations_of_a_query_can_be_drawn(kept: Checkpoint) -> None:
    found = kept.sql(
        "select day, day - date '2024-02-01' as days, timestamp '2024-02-29 03:00' - day as since from this"
    )

    assert found["day"].dt.day.tolist()[0] == 29
    assert found["days"][0] == 28
    assert found["since"].dt.total_seconds()[0] == 3 * 3600
    assert found["since"][0] == timedelta(hours=3)
    assert kept.sql("select interval 2 months as m from this")["m"][0].months == 2
    assert kept.pandas()["day"][0] == DAY


def test_integers_that_do_not_arrive_whole_are_refused(kept: Checkpoint) -> None:
    for query in ("select (2::uhugeint ** 64)::uhugeint as h from this", "select [1::uhugeint] as h from this"):
        with pytest.raises(CheckpointError, match="column `h` is a UHUGEINT") as caught:
            kept.sql(query)
        assert caught.value.hint == 'cast it in the query: "h"::VARCHAR'


def test_columns_of_one_name_stay_apart(kept: Checkpoint) -> None:
    found = kept.sql("select n, n from this")

    assert found.iloc[0].tolist() == [LARGE, LARGE]
