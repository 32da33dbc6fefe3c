"""The data of lesson 2: sales around the end of February."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from random import Random

import pyarrow as pa
from spark_etl.learning.planted import Planted, money, table

SALES, NEAR = 9000, (15, 40)
FIRST, LAST, END_OF_MONTH = (datetime(2024, month, day, tzinfo=UTC) for month, day in ((2, 2), (3, 30), (3, 1)))
TYPES = {"sale_id": pa.int64(), "sold_at": pa.timestamp("us", "UTC"), "amount": pa.decimal128(12, 2)}


def make(random: Random, words: Mapping[str, str]) -> Planted:
    """Returns the tables, the sales that are in the wrong month, and what is right."""
    hours = int(words.get("+9 hours", "+9 hours").partition(" ")[0])
    away = timedelta(hours=hours)
    early, late = sorted((END_OF_MONTH - away, END_OF_MONTH))
    near = random.randint(*NEAR)
    moments = [_between(random, early, late) for _ in range(near)]
    moments += [_between(random, FIRST, LAST) for _ in range(SALES - near)]
    numbers = random.sample(range(100_000, 900_000), SALES)
    sales = sorted(
        (number, moment, money(random, 300, 60_000)) for number, moment in zip(numbers, moments, strict=True)
    )
    booked = sum(sale[2] for sale in sales if sale[1] + away < END_OF_MONTH)
    shown = sum(sale[2] for sale in sales if sale[1] < END_OF_MONTH)
    return Planted(
        tables={"sales": table(sales, TYPES)},
        keys=frozenset(sale[0] for sale in sales if _month(sale[1]) != _month(sale[1] + away)),
        right=table([(*sale, _month(sale[1] + away)) for sale in sales], {**TYPES, "month": pa.string()}),
        facts={"booked": f"{booked:,.2f}", "shown": f"{shown:,.2f}"},
    )


def _between(random: Random, first: datetime, last: datetime) -> datetime:
    return first + timedelta(seconds=random.randrange(int((last - first).total_seconds())))


def _month(moment: datetime) -> str:
    return f"{moment:%Y-%m}"
