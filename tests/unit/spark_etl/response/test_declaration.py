from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from spark_etl.errors import GraphError
from spark_etl.feature import SparkFeature
from spark_etl.response import Response, check_declaration, has_expectations

COLUMNS = {
    "id": "bigint",
    "customer": "string",
    "amount": "decimal(18,2)",
    "day": "date",
    "paid": "boolean",
    "at": "timestamp",
    "tags": "map<string,string>",
}


def feature(response: Any) -> SparkFeature:
    class Net(SparkFeature):
        pass

    made = Net()
    made.response = response
    return made


@pytest.mark.parametrize(
    "response",
    [
        Response(COLUMNS),
        Response(COLUMNS, not_null=["id", "customer"], unique=["id", ["customer", "day"]]),
        Response(COLUMNS, ranges={"amount": (0, None), "day": (date(2024, 1, 1), date(2024, 12, 31))}),
        Response(COLUMNS, ranges={"amount": (Decimal("0.01"), 1e6), "at": (datetime(2024, 1, 1), None)}),
        Response(COLUMNS, allowed={"customer": ["c1", "c2"], "paid": [True]}),
        None,
    ],
)
def test_what_can_be_meant_is_taken(response: Response | None) -> None:
    check_declaration("net", feature(response))


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        ({"id": "bigint"}, "it is of type dict, but must be Response(…)"),
        (Response({"id": "bigin"}), "column `id`: 'bigin': no type `bigin`. Did you mean `bigint`"),
        (Response({"id": int}), "column `id`: its type is written as text, such as 'bigint'"),  # type: ignore[dict-item]
        (
            Response(COLUMNS, not_null=["custmer"]),
            "not_null names an unknown column `custmer`. Did you mean `customer`",
        ),
        (Response(COLUMNS, unique=[["id", "dy"]]), "unique names an unknown column `dy`. Did you mean `day`"),
        (Response(COLUMNS, unique=["tags"]), "unique: Spark can't compare `tags`, a map<string,string>"),
        (Response(COLUMNS, ranges={"amount": (5, 1)}), "ranges['amount']: 5 is more than 1"),
        (Response(COLUMNS, ranges={"amount": (None, None)}), "ranges['amount'] has no bound"),
        (Response(COLUMNS, ranges={"amount": 5}), "must be (lower, upper)"),  # type: ignore[dict-item]
        (Response(COLUMNS, ranges={"paid": (False, True)}), "a boolean has no range; use allowed"),
        (Response(COLUMNS, ranges={"day": ("2024-01-01", None)}), "'2024-01-01' is no value of a date"),
        (Response(COLUMNS, allowed={"customer": []}), "allowed['customer'] is empty"),
        (Response(COLUMNS, allowed={"id": ["1"]}), "'1' is no value of a bigint"),
    ],
)
def test_what_can_not_be_meant_is_refused_before_spark_starts(response: Any, expected: str) -> None:
    with pytest.raises(GraphError) as caught:
        check_declaration("net", feature(response))
    assert str(caught.value).startswith("feature `net`: its response: ")
    assert expected in str(caught.value)


def test_rows_are_looked_at_only_for_expectations() -> None:
    assert not has_expectations(feature(None))
    assert not has_expectations(feature(Response(COLUMNS)))
    assert has_expectations(feature(Response(COLUMNS, not_null="id")))


def test_a_response_that_can_not_be_looked_at_names_its_feature() -> None:
    class Net(SparkFeature):
        @property
        def response(self) -> Any:  # type: ignore[override]
            return {}["columns"]

    with pytest.raises(GraphError, match="feature `net`: its response: KeyError: 'columns'"):
        check_declaration("net", Net())
