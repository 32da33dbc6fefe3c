from __future__ import annotations

import math
import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from spark_etl.errors import CheckpointError
from spark_etl.reading import profile

from tests.unit.spark_etl.reading.conftest import checkpoint

NAN = float("nan")


@pytest.fixture(params=["exact", "estimated"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "estimated":
        monkeypatch.setattr(profile, "EXACT_BYTES", -1)
    return str(request.param)


def test_numbers_are_as_python_counts_them(tmp_path: Path, way: str) -> None:
    chance = random.Random(7)  # noqa: S311
    values = [chance.gauss(100, 15) for _ in range(4000)]
    whole = [None if n % 10 == 0 else n % 7 for n in range(4000)]
    tables = [pa.table({"x": values[part], "n": whole[part]}) for part in (slice(0, 2500), slice(2500, None))]
    found = checkpoint(tmp_path, *tables).profile()
    x, n = found["x"], found["n"]
    assert (x.rows, x.nulls, x.least, x.greatest, x.exact) == (4000, 0, min(values), max(values), way == "exact")
    assert x.mean == pytest.approx(sum(values) / 4000)
    assert x.deviation == pytest.approx(15, rel=0.05)
    middle = sorted(values)[1999]
    assert x.quantiles[0.5] == pytest.approx(middle, rel=1e-9 if way == "exact" else 0.02)
    assert x.distinct == pytest.approx(4000, rel=0 if way == "exact" else 0.1)
    assert (n.nulls, n.distinct, n.least, n.greatest) == (400, 7, 0, 6)
    counted = Counter(value for value in whole if value is not None)
    assert {value: counted[value] for value, _ in n.top} == dict(n.top)
    assert n.top[0][1] == max(counted.values())
    assert x.histogram is not None
    assert len(x.histogram.counts) == 20
    assert sum(x.histogram.counts) == 4000
    first = sum(x.histogram.edges[0] <= value < x.histogram.edges[1] for value in values)
    assert x.histogram.counts[0] == first


def test_nan_and_infinity_are_no_numbers_to_count_with(tmp_path: Path, way: str) -> None:
    table = pa.table({"x": [1.0, 2.0, NAN, NAN, None], "y": [1.0, math.inf, 2.0, 3.0, 4.0]})
    found = checkpoint(tmp_path, table).profile()
    x = found["x"]
    assert (x.nulls, x.nans, x.least, x.greatest, x.mean) == (1, 2, 1, 2, 1.5)
    assert found["y"].greatest == math.inf
    assert found["y"].mean == 2.5
    assert found["y"].histogram is None
    assert x.exact is (way == "exact")


@pytest.mark.usefixtures("way")
def test_moments_stay_moments(tmp_path: Path) -> None:
    days = [date(2024, 1, 1), date(2024, 1, 21), None]
    at = [datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 1, 20, tzinfo=UTC), None]
    table = pa.table(
        {"day": days, "at": pa.array(at, pa.timestamp("us", "UTC")), "wall": pa.array(at, pa.timestamp("us"))}
    )
    found = checkpoint(tmp_path, table).profile()
    assert (found["day"].least, found["day"].greatest, found["day"].distinct) == (days[0], days[1], 2)
    assert found["day"].histogram is not None
    assert found["day"].histogram.edges[:2] == (date(2024, 1, 1), date(2024, 1, 2))
    assert found["at"].least == at[0]
    assert found["at"].histogram is not None
    assert found["at"].histogram.edges[1] == datetime(2024, 1, 1, 1, tzinfo=UTC)
    assert found["wall"].greatest == datetime(2024, 1, 1, 20)
    assert isinstance(found["at"].quantiles[0.5], datetime)


@pytest.mark.usefixtures("way")
def test_every_type_has_a_profile(tmp_path: Path) -> None:
    table = pa.table(
        {
            "text": ["b", "a", "b"],
            "flag": [True, False, True],
            "bytes": [b"x", b"\xff", None],
            "money": pa.array([Decimal("1.50"), Decimal("2.50"), None], pa.decimal128(18, 2)),
            "tags": pa.array([[("k", "v")], None, []], pa.map_(pa.string(), pa.string())),
            "list": [[1], [2], None],
            "row": [{"a": 1}, {"a": 2}, {"a": 1}],
            "void": pa.nulls(3),
            'a.b `c"': [1, 2, 3],
        }
    )
    found = checkpoint(tmp_path, table).profile()
    assert [column.nulls for column in found] == [0, 0, 1, 1, 1, 1, 0, 3, 0]
    assert found["text"].top == (("b", 2), ("a", 1))
    assert found["flag"].top[0] == (True, 2)
    assert (found["money"].least, found["money"].mean) == (Decimal("1.50"), 2.0)
    assert found["list"].distinct is None
    assert found['a.b `c"'].distinct == 3
    for shown in (repr(found), found._repr_html_()):
        assert "money" in shown
    assert len(found.pandas()) == 9


@pytest.mark.usefixtures("way")
def test_no_rows_have_a_profile_too(tmp_path: Path) -> None:
    schema = pa.schema([("x", pa.float64()), ("day", pa.date32()), ("text", pa.string())])
    found = checkpoint(tmp_path, schema.empty_table()).profile()
    assert [(column.rows, column.distinct, column.least, column.top) for column in found] == [(0, 0, None, ())] * 3
    assert "0" in repr(found)


def test_a_column_is_exact_if_it_is_small_or_has_few_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [letter * 84 for letter in "abc"]
    repeated, unique = texts * 4000, [f"{number:084}" for number in range(12_000)]
    table = pa.table({"repeated": repeated, "unique": unique, "n": [1, 2, 3] * 4000})
    assert [column.exact for column in checkpoint(tmp_path, table).profile()] == [True, True, True]
    monkeypatch.setattr(profile, "EXACT_BYTES", 100_000)  # the texts take 1 MB; the repeated ones 20 KB in the file
    found = checkpoint(tmp_path, table).profile()
    assert [column.exact for column in found] == [True, False, True]
    assert (found["repeated"].rows, found["repeated"].distinct) == (12_000, 3)
    assert dict(found["repeated"].top) == dict.fromkeys(texts, 4000)
    assert found["unique"].distinct == pytest.approx(12_000, rel=0.1)
    monkeypatch.setattr(profile, "FEW_VALUES", 2)
    assert not checkpoint(tmp_path, table).profile()["repeated"].exact


def test_estimates_come_from_a_sample_and_top_values_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(profile, "EXACT_BYTES", -1)
    monkeypatch.setattr(profile, "SAMPLE", 5000)
    values = [7 if number % 4 == 0 else number for number in range(20_000)]
    days = [date(2024, 1, 1) + timedelta(days=number % 100) for number in range(20_000)]
    found = checkpoint(tmp_path, pa.table({"x": values, "day": days})).profile()
    assert found["x"].top[0] == (7, 5001)
    assert found["x"].quantiles[0.75] == pytest.approx(13_333, rel=0.1)
    assert abs(found["day"].quantiles[0.5] - date(2024, 2, 19)) < timedelta(days=10)
    assert found["x"].histogram is not None
    assert sum(found["x"].histogram.counts) == 20_000


@pytest.mark.usefixtures("way")
def test_a_histogram_counts_neither_null_nor_nan(tmp_path: Path) -> None:
    table = pa.table({"x": [0.0, 1.0, 1.0, NAN, None, None], "n": [0, 1, 1, None, None, None]})
    found = checkpoint(tmp_path, table).profile()
    for column in found:
        assert column.histogram is not None
        assert column.histogram.counts == (1, *[0] * 18, 2)


def test_it_shows_what_is_an_estimate(tmp_path: Path, way: str) -> None:
    found = checkpoint(tmp_path, pa.table({"n": [1, 1, 2], "name": ["a", "b", "<b>"]})).profile(["name", "n"])
    lines = repr(found).splitlines()
    assert lines[1].split()[:4] == ["column", "type", "nulls", "distinct"]
    assert lines[2].split()[3] == ("3" if way == "exact" else "~3")
    assert ("~ estimated" in lines[-1]) is (way == "estimated")
    page = found._repr_html_()
    assert page.count("<svg") == 1
    assert "<title>1 … 1.05: 2</title>" in page
    assert "&lt;b&gt;" in page
    with pytest.raises(CheckpointError, match=r"no profile of a column `nam`\. Did you mean `name`"):
        found["nam"]
