"""The data of lesson 3: of some orders the shop does not know the channel."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

import pyarrow as pa
from spark_etl.learning.planted import Period, Planted, money, table

ORDERS, FEW_ORDERS, UNKNOWN = 8000, 400, (20, 90)
COUNTRIES, CHANNELS = ("AT", "CH", "DE", "FR", "IT"), ("app", "partner", "web")


def make(random: Random, replacements: Mapping[str, str], period: Period) -> Planted:
    """Returns the tables, the orders that get lost, and what is right."""
    column, left_out = replacements.get("channel", "channel"), replacements.get("internal", "internal")
    types = {"order_id": pa.int64(), "country": pa.string(), column: pa.string(), "amount": pa.decimal128(12, 2)}
    numbers = sorted(random.sample(range(100_000, 900_000), FEW_ORDERS if period.is_small else ORDERS))
    unknown = frozenset(random.sample(numbers, random.randint(*UNKNOWN)))
    channels = [*CHANNELS * 4, left_out]
    orders = [
        (
            number,
            random.choice(COUNTRIES),
            None if number in unknown else random.choice(channels),
            money(random, 500, 40_000),
        )
        for number in numbers
    ]
    right = [order for order in orders if order[2] != left_out]
    worth = sum(order[3] for order in orders if order[0] in unknown)
    counts = {"orders": len(unknown), "right": len(right), "shown": len(right) - len(unknown)}
    return Planted(
        tables={"orders": table(orders, types)},
        keys=unknown,
        right=table(right, types),
        facts={"worth": f"{worth:,.2f}", **{name: f"{count:,}" for name, count in counts.items()}},
    )
