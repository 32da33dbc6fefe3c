"""A day of order events, as they came in: some twice, some days late, some taken back, some incomplete."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from .columns import MONEY, chosen, decimals, identifiers, moments
from .reference import CURRENCIES, PLACES, Customers

CHUNK = 1_000_000
DAY = 86_400
REFUNDS, LATE, AGAIN, AGAIN_NEXT_DAY = 0.04, 0.03, 0.02, 0.005
NO_AMOUNT, NO_CURRENCY, FOREIGN = 0.004, 0.002, 0.06
YEN = list(CURRENCIES).index("JPY")


def day_of_orders(seed: int, day: date, rows: int, people: Customers) -> Iterator[pa.Table]:
    """Yields the events that were ingested on a day, in pieces of at most about a million.

    The first piece also brings back some events of the day before, word for word: the queue delivered them twice.

    Args:
        seed: Decides everything.
        day: The day of ingestion.
        rows: Events of the day, before duplicates.
        people: Who orders.
    """
    before = day - timedelta(days=1)
    for start in range(0, rows, CHUNK):
        piece = _events(seed, day, start, min(CHUNK, rows - start), people)
        rng = np.random.default_rng([seed, 5, day.toordinal(), start])
        again = [_sent_again(piece, AGAIN, rng, _midnight(day) + DAY - 1)]
        if start == 0:
            earlier = _events(seed, before, 0, min(CHUNK, rows), people)
            again.append(_sent_again(earlier, AGAIN_NEXT_DAY, rng, _midnight(day) + DAY // 2))
        yield pa.concat_tables([piece, *again])


def _midnight(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def _events(seed: int, day: date, start: int, count: int, people: Customers) -> pa.Table:
    rng = np.random.default_rng([seed, 4, day.toordinal(), start])
    number = np.arange(start, start + count)
    customer = rng.choice(len(people), count, p=people.weight)
    cents = np.round(np.exp(rng.normal(3.6, 0.9, count)) * 100).astype(np.int64) + 99
    currency = _currencies(rng, customer, people)
    cents = np.where(currency == YEN, cents * 150 // 100 * 100, cents)  # yen has no cents
    ingested = _midnight(day) + rng.integers(0, DAY - 3600, count)
    late = rng.random(count) < LATE
    happened = ingested - np.where(late, rng.integers(DAY // 2, 3 * DAY, count), rng.integers(1, 900, count))
    refund, of = _refunds(rng, count)
    about = start + _position_of_order(refund, of)
    for column in (customer, cents, currency):
        column[refund] = column[of]
    return pa.table(
        {
            "event_id": identifiers(f"e{day:%Y%m%d}-", number, width=9),
            "order_id": identifiers(f"o{day:%Y%m%d}-", about, width=9),
            "customer_id": identifiers("c", customer, width=7),
            "event_type": chosen(["order", "refund"], refund.astype(np.int64)),
            "amount": decimals(cents, MONEY, null=rng.random(count) < NO_AMOUNT),
            "currency": chosen(list(CURRENCIES), currency, null=rng.random(count) < NO_CURRENCY),
            "event_time": moments(happened),
            "ingested_at": moments(ingested),
        }
    )


def _currencies(rng: np.random.Generator, customer: NDArray[np.int64], people: Customers) -> NDArray[np.int64]:
    """Most customers pay in the currency of their place, now and then in another."""
    names = list(CURRENCIES)
    home = np.array([names.index(place[1]) for place in PLACES])[people.place[customer]]
    return np.where(rng.random(len(customer)) < FOREIGN, rng.integers(0, len(names), len(customer)), home)


def _refunds(rng: np.random.Generator, count: int) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Returns which events are refunds, and for each of those the position of the order it takes back."""
    refund = rng.random(count) < REFUNDS
    refund[0] = False
    orders = np.flatnonzero(~refund)
    earlier = np.searchsorted(orders, np.flatnonzero(refund))
    return refund, orders[(rng.random(len(earlier)) * earlier).astype(np.int64)]


def _position_of_order(refund: NDArray[np.bool_], of: NDArray[np.int64]) -> NDArray[np.int64]:
    """Returns for each event the position of the order it is about: a refund's is `of`, an order's its own."""
    position = np.arange(len(refund))
    position[refund] = of
    return position


def _sent_again(events: pa.Table, share: float, rng: np.random.Generator, at: int) -> pa.Table:
    """Returns some events once more, as they were, ingested later."""
    some = events.filter(pa.array(rng.random(events.num_rows) < share))
    later = moments(at - rng.integers(0, 600, some.num_rows))
    return some.set_column(some.schema.get_field_index("ingested_at"), "ingested_at", later)
