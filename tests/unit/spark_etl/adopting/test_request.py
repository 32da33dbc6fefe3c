"""What of a request to adopt makes no sense, found without a look into the store."""

from __future__ import annotations

from typing import Any

import pytest
from spark_etl.adopting import AdoptRequest
from spark_etl.errors import ArgumentError

PREFIX = "s3a://production/warehouse/"


@pytest.mark.parametrize(
    ("features", "folders"),
    [
        ("orders", {"orders": None}),
        (["a,b", "c"], {"a": None, "b": None, "c": None}),
        (["a=x/y", "b=."], {"a": "s3a://production/warehouse/x/y", "b": "s3a://production/warehouse"}),
        ("a=s3a://other/a/", {"a": "s3a://other/a"}),
        ((), {}),
    ],
)
def test_a_feature_names_its_folder_or_another(features: Any, folders: dict[str, str | None]) -> None:
    request = AdoptRequest.parse(PREFIX, features)
    assert request.features == folders
    assert (request.team, request.pipeline) == ("sandbox", "warehouse")


def test_one_day_is_both() -> None:
    request = AdoptRequest.parse(PREFIX, "a", dates=(None, "2024-02-29"))
    assert (request.start_date, request.end_date) == ("2024-02-29", "2024-02-29")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"features": "a,a"}, "names `a` twice"),
        ({"features": "a=../b"}, "leads out of s3a://production/warehouse"),
        ({"features": "a/b"}, "'a/b' can't be a feature"),
        ({"features": "a", "failed": "_b"}, "'_b' can't be a feature"),
        ({"features": "a", "failed": "a"}, "`a` failed, so it has no rows"),
        ({"features": "a", "team": "users"}, "--team users"),
        ({"features": "a", "pipeline": "x/y"}, "--pipeline 'x/y' must be letters"),
        ({"features": "a", "dates": ("2024-02-30", None)}, "is not a date"),
        ({"features": "a", "dates": ("2024-02-29", "2024-02-28")}, "is before"),
        ({"prefix": "gs://x"}, "stores of this kind are not known"),
    ],
)
def test_what_makes_no_sense_is_named(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        AdoptRequest.parse(**{"prefix": PREFIX, **given})
