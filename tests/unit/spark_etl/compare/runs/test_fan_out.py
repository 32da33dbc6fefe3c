"""A join that gives several rows for one: what the rows prove of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from spark_etl.compare.runs.fan_out import find_fan_out
from spark_etl.reading import Checkpoint

from tests.unit.spark_etl.reading.conftest import checkpoint

Columns = dict[str, list[Any]]
ORDERS: Columns = {
    "order_id": [1, 2, 3, 4, None, None],
    "customer": ["a", "b", "b", None, "c", "c"],
    "country": ["DE", "DE", "FR", "FR", "FR", "FR"],
}
CUSTOMERS: Columns = {
    "customer": ["a", "b", "b", "c", None, None],
    "country": ["DE", "DE", "DE", "DE", "DE", "FR"],
    "segment": [1, 1, 2, 1, 1, 1],
}
JOINED: Columns = {"order_id": [1, 2, 2, 3, 3, 4], "segment": [1, 1, 2, 1, 2, None]}


@pytest.fixture
def kept(tmp_path: Path) -> Any:
    """Makes checkpoints of columns."""

    def make(**frames: Columns) -> dict[str, Checkpoint]:
        found = {}
        for name, columns in frames.items():
            (tmp_path / name).mkdir()
            found[name] = checkpoint(tmp_path / name, pa.table(columns))
        return found

    return make


def found(kept: Any, joined: Columns, keys: list[str], **upstreams: Columns) -> Any:
    made = kept(joined=joined, **upstreams)
    return find_fan_out("B", "joined", keys, made.pop("joined"), made)


@pytest.mark.parametrize("keys", [["order_id"], []])
def test_a_join_that_multiplies_rows_is_named(kept: Any, keys: list[str]) -> None:
    one = found(kept, JOINED, keys, customers=CUSTOMERS, orders=ORDERS)
    assert (one.side, one.feature, one.keys, one.of, one.by, one.on, one.rows) == (
        "B",
        "joined",
        ("order_id",),
        "orders",
        "customers",
        ("customer",),
        4,
    )
    assert "`customers` has several rows for one customer, so 4 rows of `joined` share their order_id" in str(one)


def test_as_few_columns_as_explain_it(kept: Any) -> None:
    prices: Columns = {
        "shop": ["x", "x", "x", "y", "y"],
        "day": [1, 2, 2, 1, 2],
        "price": [1, 2, 3, 4, 5],
    }
    sales: Columns = {"id": [1, 2, 3, 4], "shop": ["x", "x", "y", "y"], "day": [1, 2, 1, 2]}
    joined: Columns = {"id": [1, 2, 2, 3, 4], "price": [1, 2, 3, 4, 5]}
    assert found(kept, joined, ["id"], prices=prices, sales=sales).on == ("shop", "day")


NOTHING: dict[str, tuple[Columns, list[str], dict[str, Columns]]] = {
    "the key is unique": ({"order_id": [1, 2, 3]}, ["order_id"], {"orders": ORDERS, "customers": CUSTOMERS}),
    "one upstream": (JOINED, ["order_id"], {"orders": ORDERS}),
    "no upstream has the key": (JOINED, ["segment"], {"orders": ORDERS, "customers": {"customer": ["a"]}}),
    "the key is not unique above": (
        JOINED,
        ["order_id"],
        {"orders": {**ORDERS, "order_id": [1, 2, 2, 3, 3, 4]}, "customers": CUSTOMERS},
    ),
    "the other upstream has one row each": (
        JOINED,
        ["order_id"],
        {"orders": ORDERS, "customers": {"customer": ["a", "b", "c"]}},
    ),
    "other keys are shared than those with several rows": (
        {"order_id": [1, 1, 2, 3]},
        ["order_id"],
        {"orders": ORDERS, "customers": CUSTOMERS},
    ),
    "a column that has very many rows for each value": (
        {"order_id": [1, 1, 2]},
        ["order_id"],
        {"orders": {"order_id": [1, 2], "country": ["DE", "DE"]}, "shops": {"country": ["DE"] * 9}},
    ),
    "columns of two kinds": (
        JOINED,
        ["order_id"],
        {"orders": ORDERS, "customers": {"customer": [1, 2, 2]}},
    ),
    "NULLs alone are shared": (
        {"order_id": [1, None, None]},
        ["order_id"],
        {"orders": ORDERS, "customers": CUSTOMERS},
    ),
}


@pytest.mark.parametrize(("joined", "keys", "upstreams"), NOTHING.values(), ids=NOTHING.keys())
def test_nothing_is_claimed_that_rows_do_not_prove(
    kept: Any, joined: Columns, keys: list[str], upstreams: dict[str, Columns]
) -> None:
    assert found(kept, joined, keys, **upstreams) is None
