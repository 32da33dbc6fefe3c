from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from spark_etl import runs
from spark_etl.errors import ArgumentError, CheckpointError
from spark_etl.reading import Checkpoint, Run, duck
from spark_etl.reading.asserting import AssertedRun

from tests.unit.spark_etl.reading.conftest import MakeRun, checkpoint

ID, OTHER = "20240229T101112Z-bbbbbb", "20240229T101113Z-cccccc"


@pytest.fixture
def run(make_run: MakeRun) -> Run:
    make_run(ID)
    return runs[ID]


@pytest.mark.parametrize(
    "condition",
    [
        "rows > 0",
        "rows = 5 and max(id) = 5",
        "id > 0",
        "name like 'n%'",
        "count(distinct name) = ROWS",
        "name <> 'rows'",
    ],
)
def test_a_condition_that_holds(run: Run, condition: str) -> None:
    run.expect("orders", condition)


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("rows > 5", r"`orders` of run \S+: rows > 5 does not hold for its 5 rows"),
        ("id < 4", r"id < 4 does not hold for 2 of 5 rows:(?s:.*)\b4\b.*\bn4\b"),
        ("nullif(id, 3) > 0", "does not hold for 1 of 5 rows"),
        ("sum(id) filter (where id > 9) > 0", "does not hold for its 5 rows"),
    ],
)
def test_a_condition_that_does_not_hold(run: Run, condition: str, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        run.expect("orders", condition)


@pytest.mark.parametrize("condition", ["amount > 0", "id >", "1; drop table this"])
def test_what_is_no_condition_is_refused(run: Run, condition: str) -> None:
    with pytest.raises(CheckpointError, match="expect"):
        run.expect("orders", condition)


def test_an_empty_condition_and_a_feature_without_rows_are_refused(run: Run) -> None:
    with pytest.raises(ArgumentError, match="empty"):
        run.expect("orders", " ")
    with pytest.raises(CheckpointError, match="net"):
        run.expect("net", "rows > 0")


class OneFrame(AssertedRun):
    """A run that has kept one frame."""

    def __init__(self, folder: Path, columns: dict[str, Any]) -> None:
        self.kept = checkpoint(folder, pa.table(columns))

    def __getitem__(self, _: str) -> Checkpoint:
        return self.kept


NUMBERS = {"a": pa.array([1.0, float("nan")]), "s": [{"x": 1.0}, {"x": 2.0}], "t": ["x", None]}


@pytest.mark.parametrize("rows", [0, 2])
@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("(select count(*) from this) > 0", "a condition with a sub-query"),
        ("exists (select 1 from this)", "a sub-query"),
        ("sum(a) over () > 1e9", "a window function"),
        ("unnest([]::bool[])", "unnest"),
        ("false", "about no column"),
        ("NULL", "about no column"),
        ("1 = 1", "about no column"),
    ],
)
def test_what_only_reads_as_about_all_rows_is_refused(tmp_path: Path, rows: int, condition: str, message: str) -> None:
    run = OneFrame(tmp_path, {"a": NUMBERS["a"][:rows]})
    with pytest.raises(ArgumentError, match=message) as raised:
        run.expect("f", condition)
    assert "rows > 0" in str(raised.value.hint)


@pytest.mark.parametrize("condition", ["rows > 0", "min(a) >= 0", "count(*) > 0 -- there are some"])
def test_an_aggregate_of_no_rows_does_not_hold(tmp_path: Path, condition: str) -> None:
    with pytest.raises(AssertionError, match="does not hold for its 0 rows"):
        OneFrame(tmp_path, {"a": NUMBERS["a"][:0]}).expect("f", condition)


def test_a_condition_about_each_row_says_nothing_of_no_rows(tmp_path: Path) -> None:
    OneFrame(tmp_path, {"a": NUMBERS["a"][:0]}).expect("f", "a > 0")


def test_a_column_called_rows_and_the_number_of_rows_are_told_apart(tmp_path: Path) -> None:
    run = OneFrame(tmp_path, {"Rows": [5, 6]})
    with pytest.raises(ArgumentError, match=r"`rows` is the number of rows, but `f` has a column `rows`"):
        run.expect("f", "rows > 0")
    for condition in ('"rows" > 4', "this.rows > 4", "count(*) = 2", "max(this.rows) = 6"):
        run.expect("f", condition)


@pytest.mark.parametrize("condition", ["a >= 0", "min(a) >= 0", "not (this.a < 0)", "A <> 2", "columns('a') > 0"])
def test_nan_breaks_a_comparison(tmp_path: Path, condition: str) -> None:
    with pytest.raises(AssertionError, match=r"`\w+` is NaN in 1 of 2 rows\nnext: .*isfinite"):
        OneFrame(tmp_path, NUMBERS).expect("f", condition)


@pytest.mark.parametrize(
    "condition", ["isnan(a) or a > 0", "a is not null", "s.x > 0", "rows = 2", "sum(a) filter (where isfinite(a)) = 1"]
)
def test_nan_is_no_matter_where_it_is_asked_for_or_not_compared(tmp_path: Path, condition: str) -> None:
    OneFrame(tmp_path, NUMBERS).expect("f", condition)


def test_nan_in_a_struct_is_seen(tmp_path: Path) -> None:
    run = OneFrame(tmp_path, {"s": [{"x": float("nan")}], "v": [[1, 2]], "f": [0.5]})
    with pytest.raises(AssertionError, match=r"`s\.x` is NaN in 1 of 1 rows"):
        run.expect("f", "s.x > 0")
    run.expect("f", "list_sum(list_transform(v, lambda f: f + 1)) = 5")


def test_a_condition_is_parsed_once_and_asked_by_one_query(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    ask, parse = Checkpoint.sql, duck.parsed
    monkeypatch.setattr(Checkpoint, "sql", lambda self, query: (calls.append("sql"), ask(self, query))[1])
    monkeypatch.setattr(duck, "parsed", lambda text: (calls.append("parsed"), parse(text))[1])
    columns = {"a": [1.0], "B": pa.array([2.0], pa.float32()), "s": [{"X": 3.0}], "n": [4]}
    OneFrame(tmp_path, columns).expect("f", "a + b + s.x + n > 0")
    assert calls == ["parsed", "sql"]


def test_runs_are_the_same_or_the_difference_is_said(run: Run, make_run: MakeRun) -> None:
    make_run(OTHER)
    run.assert_same(OTHER, feature="orders")
    other = make_run("20240229T101114Z-dddddd", kept=False)
    with pytest.raises(AssertionError, match="the runs are not the same"):
        run.assert_same(other.run_id, feature="orders")
