"""The data of lesson 1: some discounts change within the month."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from random import Random

import pyarrow as pa
from spark_etl.learning.planted import Period, Planted, money, table

ORDERS, CUSTOMERS, CHANGED = 6000, 400, (5, 9)
FEW_ORDERS, FEW_CUSTOMERS = 400, 40
BEGINNING, END = date(2023, 1, 1), date(9999, 12, 31)
CENT, MORE = Decimal("0.01"), Decimal("0.05")
MONEY = pa.decimal128(12, 2)
Version = tuple[str, Decimal, date, date]
Order = tuple[int, str, date, Decimal]


def make(random: Random, replacements: Mapping[str, str], period: Period) -> Planted:
    """Returns the tables, the orders that are counted twice, and what is right."""
    of = replacements.get("customer", "customer")
    versions = _versions(random, of[0].upper(), period)
    types = {"order_id": pa.int64(), f"{of}_id": pa.string(), "ordered_on": pa.date32(), "amount": MONEY}
    orders = [
        (number, random.choice([*versions]), _day(random, period), money(random, 500, 40_000))
        for number in sorted(random.sample(range(100_000, 900_000), FEW_ORDERS if period.is_small else ORDERS))
    ]
    orders = _with_a_day_of_change(orders, versions)
    shown = [
        (*order, _charged(order[3], discount), start <= order[2] < end)
        for order in orders
        for _, discount, start, end in versions[order[1]]
    ]
    right = [row[:5] for row in shown if row[5]]
    history = [version for found in versions.values() for version in found]
    random.shuffle(history)
    kept = {
        f"{of}_id": pa.string(),
        "discount": pa.decimal128(4, 2),
        "valid_from": pa.date32(),
        "valid_to": pa.date32(),
    }
    booked, summed = sum(row[4] for row in right), sum(row[4] for row in shown)
    return Planted(
        tables={"orders": table(orders, types), f"{of}s": table(history, kept)},
        keys=frozenset(order[0] for order in orders if len(versions[order[1]]) > 1),
        right=table(right, {**types, "charged": MONEY}),
        facts={"booked": f"{booked:,.2f}", "shown": f"{summed:,.2f}", "excess": f"{summed - booked:,.2f}"},
    )


def _day(random: Random, period: Period) -> date:
    return period.first + timedelta(random.randrange((period.last - period.first).days + 1))


def _with_a_day_of_change(orders: list[Order], versions: Mapping[str, list[Version]]) -> list[Order]:
    """Returns the orders with one at least on the day of a change: only that tells which discount holds on it."""
    changes = {name: found[1][2] for name, found in versions.items() if len(found) > 1}
    if any(changes.get(order[1]) == order[2] for order in orders):
        return orders
    place = next(place for place, order in enumerate(orders) if order[1] in changes)
    number, name, _, amount = orders[place]
    return [*orders[:place], (number, name, changes[name], amount), *orders[place + 1 :]]


def _versions(random: Random, letter: str, period: Period) -> dict[str, list[Version]]:
    """Returns name → its discounts; those of a few change in the middle of the month."""
    names = [f"{letter}{number:04}" for number in range(FEW_CUSTOMERS if period.is_small else CUSTOMERS)]
    changed = set(random.sample(names, random.randint(*CHANGED)))
    versions = {}
    for name in names:
        discount, day = Decimal(random.randrange(30)) / 100, period.first + timedelta(random.randint(8, 20))
        is_same = name not in changed
        versions[name] = [(name, discount, BEGINNING, END if is_same else day)]
        versions[name] += [] if is_same else [(name, discount + MORE, day, END)]
    return versions


def _charged(amount: Decimal, discount: Decimal) -> Decimal:
    return (amount * (1 - discount)).quantize(CENT, ROUND_HALF_UP)
