"""How sources show themselves in run.json, in manifests and in plans."""

from __future__ import annotations

from typing import Any

import pytest
from spark_etl import Source
from spark_etl.dates import DateRange
from spark_etl.sources import InputObject


class Api(Source):
    """A source of one's own."""

    def __init__(self, **named: Any) -> None:
        vars(self).update(named)

    def inputs(self, dates: DateRange) -> list[InputObject]:
        del dates
        return []

    def read(self, spark: Any, dates: DateRange) -> Any:
        raise NotImplementedError


@pytest.mark.parametrize(
    "name",
    [
        "token",
        "password",
        "db_passwd",
        "dbPass",
        "client_secret",
        "apiKey",
        "accessToken",
        "aws_secret_access_key",
        "sas",
    ],
)
def test_what_is_called_a_secret_is_not_shown(name: str) -> None:
    assert repr(Api(url="https://x", **{name: "s3cr3t"})) == f"Api(url='https://x', {name}=…)"


@pytest.mark.parametrize(
    "name", ["token_env", "passengers", "tokens_table", "primary_key", "secretary", "bypass", "compass", "kansas"]
)
def test_what_only_sounds_like_one_tells_sources_apart(name: str) -> None:
    assert repr(Api(**{name: "a"})) == f"Api({name}='a')"


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        ({"fs.token.x": "s3cr3t", "b": 1}, "{'b': 1, 'fs.token.x': '…'}"),
        ({"Authorization": "Bearer s3cr3t"}, "{'Authorization': '…'}"),
        ({"X-Api-Key": "s3cr3t"}, "{'X-Api-Key': '…'}"),
        ({"login": {"password": "s3cr3t"}}, "{'login': {'password': '…'}}"),
        ([{"password": "s3cr3t"}], "[{'password': '…'}]"),
        ({2: "b", 1: "a"}, "{1: 'a', 2: 'b'}"),
    ],
)
def test_a_secret_among_options_is_not_shown(options: Any, shown: str) -> None:
    assert repr(Api(options=options)) == f"Api(options={shown})"
