"""The data of lesson 2: sales around the end of February."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from random import Random

import pyarrow as pa
from spark_etl.learning.planted import Period, Planted, money, table

SALES, FEW_SALES, NEAR, DAY = 9000, 400, (15, 40), timedelta(days=1)
SECOND = timedelta(seconds=1)
TYPES = {"sale_id": pa.int64(), "sold_at": pa.timestamp("us", "UTC"), "amount": pa.decimal128(12, 2)}


def make(random: Random, replacements: Mapping[str, str], period: Period) -> Planted:
    """Returns the tables, the sales that are in the wrong month, and what is right."""
    hours = int(replacements["'9 hours'"].strip("'").partition(" ")[0])
    away, count = timedelta(hours=hours), FEW_SALES if period.is_small else SALES
    first, last, change = map(_midnight, (period.first + DAY, period.last - DAY, period.last.replace(day=1)))
    early, late = sorted((change - away, change))
    near = random.randint(*NEAR)
    moments = [_between(random, early, late) for _ in range(near)]
    if period.is_small:  # no others tell one hour more or less apart
        edges = [edge - SECOND for edge in (early, late)] + [early, late]
        moments[: len(edges)] = edges
    moments += [_between(random, first, last) for _ in range(count - near)]
    numbers = random.sample(range(100_000, 900_000), count)
    sales = sorted(
        (number, moment, money(random, 300, 60_000)) for number, moment in zip(numbers, moments, strict=True)
    )
    booked = sum(sale[2] for sale in sales if sale[1] + away < change)
    shown = sum(sale[2] for sale in sales if sale[1] < change)
    return Planted(
        tables={"sales": table(sales, TYPES)},
        keys=frozenset(sale[0] for sale in sales if _month(sale[1]) != _month(sale[1] + away)),
        right=table([(*sale, _month(sale[1] + away)) for sale in sales], {**TYPES, "month": pa.string()}),
        facts={"booked": f"{booked:,.2f}", "shown": f"{shown:,.2f}"},
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _between(random: Random, first: datetime, last: datetime) -> datetime:
    return first + timedelta(seconds=random.randrange(int((last - first).total_seconds())))


def _month(moment: datetime) -> str:
    return f"{moment:%Y-%m}"
