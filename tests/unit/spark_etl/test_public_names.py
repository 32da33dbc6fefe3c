from __future__ import annotations

import pytest
import spark_etl


def test_every_public_name_is_there() -> None:
    assert [name for name in spark_etl.__all__ if not hasattr(spark_etl, name)] == []


def test_a_name_that_was_changed_says_what_it_is_called_now() -> None:
    with pytest.raises(AttributeError, match=r"Parts is called JdbcPartitioning\(column, lower"):
        spark_etl.Parts  # noqa: B018 - asks for it
