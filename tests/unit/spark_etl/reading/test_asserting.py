from __future__ import annotations

import pytest
from spark_etl import runs
from spark_etl.errors import ArgumentError, CheckpointError
from spark_etl.reading import Run

from tests.unit.spark_etl.reading.conftest import MakeRun

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


def test_runs_are_the_same_or_the_difference_is_said(run: Run, make_run: MakeRun) -> None:
    make_run(OTHER)
    run.assert_same(OTHER, feature="orders")
    other = make_run("20240229T101114Z-dddddd", kept=False)
    with pytest.raises(AssertionError, match="the runs are not the same"):
        run.assert_same(other.run_id, feature="orders")
