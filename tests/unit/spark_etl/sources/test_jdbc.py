from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from spark_etl.dates import DateRange
from spark_etl.errors import ConfigError
from spark_etl.sources import JdbcSource

DAY = DateRange(date(2024, 2, 29), date(2024, 2, 29))
URL = "jdbc:postgresql://db/shop"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"url": URL}, "needs either table= or query="),
        ({"url": URL, "table": "a", "query": "select 1"}, "needs either table= or query="),
        ({"url": "postgresql://db/shop", "table": "a"}, "does not begin with `jdbc:`"),
        ({"url": f"{URL}?user=ada&password=s3cret", "table": "a"}, "its url holds a user or a password"),
        ({"url": "jdbc:oracle:thin:ada/s3cret@db:1521:x", "table": "a"}, "its url holds a user or a password"),
        ({"url": f"{URL}?ssl=true&sslpassword=s3cret", "table": "a"}, "its url holds a user or a password"),
        ({"url": "jdbc:sqlserver://db;accessToken=s3cret", "table": "a"}, "its url holds a user or a password"),
        ({"url": "jdbc:sqlserver://db;a=b; trustStorePassword=x", "table": "a"}, "its url holds a user or a password"),
        ({"url": "jdbc:snowflake://db/?private_key_file_pwd=x", "table": "a"}, "its url holds a user or a password"),
        ({"url": f"{URL}?user=ada", "table": "a"}, "its url holds a user or a password"),
        ({"url": "jdbc:databricks://db;PWD=s3cret", "table": "a"}, "its url holds a user or a password"),
        (
            {"url": "jdbc:mysql://address=(host=h)(password=s3cret)/db", "table": "a"},
            "its url holds a user or a password",
        ),
        ({"url": "jdbc:db2://db:50000/shop:password=s3cret;", "table": "a"}, "its url holds a user or a password"),
        ({"url": "jdbc:teradata://db/PASSWORD=s3cret", "table": "a"}, "its url holds a user or a password"),
        ({"url": f"{URL}?api_key=s3cret", "table": "a"}, "its url holds a user or a password"),
        ({"url": URL, "table": "a", "options": {"password": "s3cret"}}, "`password` is no option"),
    ],
)
def test_what_would_leak_or_can_not_work_is_refused(arguments: dict[str, Any], expected: str) -> None:
    with pytest.raises(ConfigError) as caught:
        JdbcSource(**arguments)
    assert expected in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_a_variable_that_is_not_set_is_reported_before_spark_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SHOP_PASSWORD", raising=False)
    source = JdbcSource(URL, "orders", password_env="SHOP_PASSWORD")
    with pytest.raises(ConfigError, match="the environment variable SHOP_PASSWORD is not set") as caught:
        source.inputs(DAY)
    assert caught.value.hint == "export SHOP_PASSWORD=…"
    monkeypatch.setenv("SHOP_PASSWORD", "s3cret")
    (found,) = source.inputs(DAY)
    assert (found.path, found.etag) == (f"{URL}#orders", None)
    assert "s3cret" not in repr(source)


@pytest.mark.parametrize(
    "parameters",
    [
        "?ssl=true&sslmode=verify-full",
        ";databaseName=shop;encrypt=true",
        "?useUnicode=true",
        ";saslQop=auth-conf",
        "?passwordCharacterEncoding=UTF-8&disconnectOnExpiredPasswords=false",
    ],
)
def test_parameters_that_are_no_login_are_taken(parameters: str) -> None:
    assert JdbcSource(URL + parameters, "orders").url == URL + parameters
