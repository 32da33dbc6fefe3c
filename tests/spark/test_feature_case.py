"""Features on rows that a test gives, and what is said where frames differ."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pipelines.revenue
import pyarrow as pa
import pytest
from pyspark.sql import functions as F  # noqa: N812 - as everyone calls it
from spark_etl import ConfiguredSparkFeature, CsvSource, Response, SparkFeature
from spark_etl.errors import ArgumentError, ResponseError
from spark_etl.reading import Run
from spark_etl.testing import FeatureCase, assert_frames_equal

from tests.spark.support import SharedSpark

ORDERS = [{"id": 1, "amount": 5.0}, {"id": 2, "amount": 7.5}]
REFUNDS = [{"id": 1, "amount": 2.0}]


class Net(SparkFeature):
    response = Response({"id": "bigint", "net": "double"}, unique=["id"], ranges={"net": (0, None)})

    def __init__(self, factor: float = 1.0) -> None:
        self.sources = {"orders": ConfiguredSparkFeature(), "refunds": ConfiguredSparkFeature()}
        self.factor = factor

    def transform(self, spark: Any, start_date: date, end_date: date, **sources: Any) -> Any:
        refunds = sources["refunds"].withColumnRenamed("amount", "refund")
        joined = sources["orders"].join(refunds, "id", "left")
        net = (F.col("amount") - F.coalesce("refund", F.lit(0.0))) * self.factor
        return joined.select("id", net.alias("net"))


class Days(SparkFeature):
    def __init__(self) -> None:
        self.sources = {"clicks": CsvSource("s3a://nowhere/clicks", schema="day date, price decimal(10,2)")}

    def transform(self, spark: Any, start_date: date, end_date: date, clicks: Any) -> Any:
        return clicks.where(F.col("day").between(start_date, end_date))


@pytest.fixture
def case(shared_spark: SharedSpark) -> Iterator[FeatureCase]:
    return FeatureCase(shared_spark.start)


def test_rows_are_given_as_dicts_a_pandas_frame_or_arrow(case: FeatureCase) -> None:
    expected = [{"id": 1, "net": 3.0}, {"id": 2, "net": 7.5}]
    assert_frames_equal(case(Net, orders=ORDERS, refunds=REFUNDS), expected)
    assert_frames_equal(case(Net, {"orders": pd.DataFrame(ORDERS)}, refunds=pa.Table.from_pylist(REFUNDS)), expected)
    refunds = case(Net, orders=ORDERS, refunds=REFUNDS).withColumnRenamed("net", "amount")
    assert_frames_equal(case(Net, orders=ORDERS, refunds=refunds), [(1, 2.0), (2, 0.0)])


def test_types_are_those_that_the_source_declares_or_the_test_gives(case: FeatureCase) -> None:
    days = case(Days, clicks=[{"day": "2024-02-29", "price": "1.50"}, {"day": "2024-03-01", "price": 2}])
    assert_frames_equal(days, [{"day": date(2024, 2, 29), "price": Decimal("1.50")}])
    later = case(Days, clicks=[("2024-03-01", 2)], start_date="2024-03-01", end_date=date(2024, 3, 2))
    assert_frames_equal(later, [("2024-03-01", "2.00")])
    schemas = {"refunds": {"id": "bigint", "amount": "double"}}
    assert_frames_equal(case(Net, orders=ORDERS[:1], refunds=[], schemas=schemas), [(1, 5.0)])


class Named(SparkFeature):
    def __init__(self) -> None:
        self.sources = {"rows": ConfiguredSparkFeature(), "feature": ConfiguredSparkFeature()}

    def transform(self, spark: Any, start_date: date, end_date: date, rows: Any, feature: Any) -> Any:
        return rows.union(feature)


def test_a_source_may_be_called_as_an_argument_of_the_case(case: FeatureCase) -> None:
    assert_frames_equal(case(Named, rows=ORDERS, feature=ORDERS), [*ORDERS, *ORDERS])


def test_parameters_are_those_of_the_class(case: FeatureCase) -> None:
    assert_frames_equal(case(Net, orders=ORDERS, refunds=REFUNDS, params={"factor": 2.0}), [(1, 6.0), (2, 15.0)])


def test_a_response_is_checked_as_in_a_run(case: FeatureCase) -> None:
    with pytest.raises(ResponseError, match="`net` must be at least 0: 1 of 1 rows break it"):
        case(Net, orders=ORDERS[:1], refunds=[{"id": 1, "amount": 6.0}])
    with pytest.raises(ResponseError, match="`id` must be unique"):
        case(Net, orders=[ORDERS[0], ORDERS[0]], refunds=REFUNDS)

    class Wrong(Net):
        response = Response({"id": "bigint", "total": "double"})

    with pytest.raises(ResponseError, match="`total` is missing"):
        case(Wrong, orders=ORDERS, refunds=REFUNDS)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"orders": ORDERS}, "no rows are given of refunds"),
        ({"orders": ORDERS, "refunds": REFUNDS, "refund": REFUNDS}, "no source `refund`. Did you mean `refunds`"),
        ({"orders": ORDERS, "refunds": []}, "an empty list has no columns"),
        ({"orders": ORDERS, "refunds": [(1, 2.0)]}, "tuples have no columns"),
        ({"orders": ORDERS, "refunds": [{"id": 1}, (1, 2.0)]}, "no row like"),
        ({"orders": ORDERS, "refunds": "orders.csv"}, "a str is given"),
        ({"orders": [{"id": 1, "amount": None}], "refunds": REFUNDS}, "`amount` has no value"),
    ],
)
def test_rows_that_can_not_be_are_refused_by_name(case: FeatureCase, given: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message.replace("?", "")):
        case(Net, given)


def test_values_that_do_not_fit_their_types_are_refused_by_column(case: FeatureCase) -> None:
    with pytest.raises(ArgumentError, match="column `day` can't be read as date32"):
        case(Days, clicks=[{"day": "yesterday", "price": 1}])
    with pytest.raises(ArgumentError, match=r"unknown column `prise`.*`price`"):
        case(Days, clicks=[{"day": "2024-02-29", "prise": 1}])


def test_fields_null_and_types_that_can_not_be_are_refused_in_words(case: FeatureCase) -> None:
    orders = {"orders": [{"id": 1, "s": {"amuont": 2}}], "refunds": REFUNDS}
    with pytest.raises(ArgumentError, match="rows of `orders`: column `s`: unknown field `amuont`"):
        case(Net, orders, schemas={"orders": "id bigint, s struct<amount: int>"})
    with pytest.raises(ArgumentError, match="rows of `orders`: column `s`: unknown field `amuont`"):
        case(
            Net,
            {**orders, "orders": pa.Table.from_pylist(orders["orders"])},
            schemas={"orders": "id bigint, s struct<amount: int>"},
        )
    with pytest.raises(ArgumentError, match="column `id` is not null, but has 1 NULL"):
        case(Net, orders=[{"id": None}], refunds=REFUNDS, schemas={"orders": "id bigint not null"})
    with pytest.raises(ArgumentError, match=r"'id wat' are no types: \S+"):
        case(Net, orders=ORDERS, refunds=REFUNDS, schemas={"orders": "id wat"})
    with pytest.raises(ArgumentError, match="end_date 2024-02-01 is before start_date 2024-02-29") as raised:
        case(Net, orders=ORDERS, refunds=REFUNDS, end_date="2024-02-01")
    assert raised.value.hint == 'give start_date="2024-02-01", end_date="2024-02-29"'


def test_what_arrow_has_no_type_for_is_said(shared_spark: SharedSpark) -> None:
    frame = shared_spark.start().sql("select make_interval(0, 1) as i")
    with pytest.raises(ArgumentError, match="what the test got: "):
        assert_frames_equal(frame, frame)


def test_an_alias_is_looked_up_in_the_config(shared_spark: SharedSpark, sample_run: Run) -> None:
    config = Path(pipelines.revenue.__file__).parent
    case = FeatureCase(shared_spark.start, {"orders": sample_run["orders"]}, config)
    with pytest.raises(ArgumentError, match="has no feature `orders_cleen`"):
        case("orders_cleen")
    assert_frames_equal(case("orders_clean"), sample_run["orders_clean"])
