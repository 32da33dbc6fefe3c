"""A day of order events, as they came in: some twice, some days late, some taken back, some incomplete."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from .columns import MONEY, chosen, decimals, identifiers, moments
from .reference import CURRENCIES, PLACES, PLANS, Customers

CHUNK = 1_000_000
DAY = 86_400
REFUNDS, LATE, AGAIN, AGAIN_NEXT_DAY = 0.04, 0.03, 0.02, 0.005
OF_THE_DAY_BEFORE, NO_AMOUNT, NO_CURRENCY, FOREIGN = 0.5, 0.004, 0.002, 0.06
NAMES, RATES = list(CURRENCIES), np.array(list(CURRENCIES.values()))
YEN = NAMES.index("JPY")
# How busy each hour is where the customer is, from midnight on.
HOURS = np.array([2, 1, 1, 1, 1, 2, 4, 7, 10, 12, 13, 13, 14, 13, 12, 12, 12, 13, 15, 17, 16, 12, 8, 4])


@dataclass(frozen=True)
class Batch:
    """What was ingested on a day, in the order it came in; not yet known is what a refund takes back.

    Attributes:
        customer: Number of the customer, shape (n,).
        cents: Amount in hundredths of the currency, shape (n,).
        currency: Index into NAMES, shape (n,).
        ingested: Seconds since the epoch, shape (n,), ascending.
        happened: Seconds since the epoch, shape (n,), always before it was ingested.
        refund: Shape (n,); never the first.
    """

    customer: NDArray[np.int64]
    cents: NDArray[np.int64]
    currency: NDArray[np.int64]
    ingested: NDArray[np.int64]
    happened: NDArray[np.int64]
    refund: NDArray[np.bool_]


def day_of_orders(seed: int, day: date, rows: int, people: Customers) -> Iterator[pa.Table]:
    """Yields the events that were ingested on a day, in pieces of about a million.

    Each piece also brings some events once more, word for word, because the queue delivered them twice: events of the
    same day, and of the day before.

    Args:
        seed: Decides everything.
        day: The day of ingestion, in UTC.
        rows: Events of a day, before duplicates; the same for every day.
        people: Who orders.
    """
    for start in range(0, rows, CHUNK):
        count = min(CHUNK, rows - start)
        piece, earlier = (_events(seed, when, start, count, people) for when in (day, _before(day)))
        rng = np.random.default_rng([seed, 5, day.toordinal(), start])
        last = _midnight(day) + DAY - 1
        again = _sent_again(piece, AGAIN, rng, after=0, last=last)
        yield pa.concat_tables([piece, again, _sent_again(earlier, AGAIN_NEXT_DAY, rng, after=DAY, last=last)])


def _before(day: date) -> date:
    return day - timedelta(days=1)


def _midnight(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def _events(seed: int, day: date, start: int, count: int, people: Customers) -> pa.Table:
    """Returns a piece of a day. A refund is about an order of that day or of the day before, all else about itself."""
    earlier, now = (_batch(seed, when, start, count, people) for when in (_before(day), day))
    rng = np.random.default_rng([seed, 6, day.toordinal(), start])
    number = np.arange(count)
    about = number + count
    about[now.refund] = _taken_back(rng, earlier.refund, now.refund)
    customer, cents, currency, placed = (
        np.concatenate([getattr(earlier, name), getattr(now, name)])[about]
        for name in ("customer", "cents", "currency", "happened")
    )
    first_id = [int(f"{when:%Y%m%d}") * 10**9 + start for when in (_before(day), day)]
    return pa.table(
        {
            "event_id": identifiers("e", first_id[1] + number, width=17),
            "order_id": identifiers("o", np.where(about < count, *first_id) + about % count, width=17),
            "customer_id": identifiers("c", customer, width=7),
            "event_type": chosen(["order", "refund"], now.refund.astype(np.int64)),
            "amount": decimals(cents, MONEY, null=rng.random(count) < NO_AMOUNT),
            "currency": chosen(NAMES, currency, null=rng.random(count) < NO_CURRENCY),
            "event_time": moments(np.where(now.refund, np.maximum(now.happened, placed + 1), now.happened)),
            "ingested_at": moments(now.ingested),
        }
    )


def _batch(seed: int, day: date, start: int, count: int, people: Customers) -> Batch:
    rng = np.random.default_rng([seed, 4, day.toordinal(), start])
    customer = rng.choice(len(people), count, p=people.weight)
    hour = rng.choice(len(HOURS), count, p=HOURS / HOURS.sum())
    second = (hour * 3600 + rng.integers(0, 3600, count) - _east_of_utc(day)[people.place[customer]]) % DAY
    order = np.argsort(second, kind="stable")
    customer, ingested = customer[order], _midnight(day) + second[order]
    late = rng.random(count) < LATE
    delay = np.where(late, rng.integers(DAY // 2, 3 * DAY, count), rng.integers(1, 900, count))
    refund = rng.random(count) < REFUNDS
    refund[0] = False
    currency = _currencies(rng, people.place[customer])
    cents = _amounts(rng, people.plan[customer], currency)
    return Batch(customer, cents, currency, ingested, ingested - delay, refund)


def _east_of_utc(day: date) -> NDArray[np.int64]:
    """Returns for each of PLACES by how many seconds its clocks are ahead of UTC at noon."""
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    offsets = [noon.astimezone(ZoneInfo(place[0])).utcoffset() or timedelta() for place in PLACES]
    return np.array([int(offset.total_seconds()) for offset in offsets])


def _currencies(rng: np.random.Generator, place: NDArray[np.int64]) -> NDArray[np.int64]:
    """Most customers pay in the currency of their place, now and then in another."""
    home = np.array([NAMES.index(place[1]) for place in PLACES])[place]
    return np.where(rng.random(len(place)) < FOREIGN, rng.integers(0, len(NAMES), len(place)), home)


def _amounts(rng: np.random.Generator, plan: NDArray[np.int64], currency: NDArray[np.int64]) -> NDArray[np.int64]:
    """Returns hundredths of the currency: many small orders and a few large ones, larger ones on the larger plans."""
    dollars = np.exp(rng.normal(3.4, 0.9, len(plan))) * np.array([plan[3] for plan in PLANS])[plan] + 1
    cents = np.round(dollars * 100 * RATES[0] / RATES[currency]).astype(np.int64)
    return np.where(currency == YEN, (cents + 50) // 100 * 100, cents)  # there is no hundredth of a yen


def _taken_back(rng: np.random.Generator, earlier: NDArray[np.bool_], now: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Returns for each refund which order it takes back, none of them twice.

    Every other order can be taken back on its own day, by a refund after it, and the rest on the next day.

    Args:
        earlier: Which events of the day before are refunds, shape (n,).
        now: Which events of the day are, shape (n,).

    Returns:
        Positions among the events of both days, those of the day before first.
    """
    orders, refunds = np.flatnonzero(~now)[::2], np.flatnonzero(now)
    same_day = orders[(rng.random(len(refunds)) * np.searchsorted(orders, refunds)).astype(np.int64)]
    again = np.ones(len(refunds), dtype=bool)
    again[np.unique(same_day, return_index=True)[1]] = False
    old = again | (rng.random(len(refunds)) < OF_THE_DAY_BEFORE)
    target = len(earlier) + same_day
    target[old] = np.resize(rng.permutation(np.flatnonzero(~earlier)[1::2]), old.sum())
    return target


def _sent_again(events: pa.Table, share: float, rng: np.random.Generator, *, after: int, last: int) -> pa.Table:
    """Returns some events once more, as they were, ingested up to an hour later than `after` seconds, by `last`."""
    some = events.filter(pa.array(rng.random(events.num_rows) < share))
    at = some["ingested_at"].cast(pa.int64()).to_numpy() // 1_000_000
    later = moments(np.minimum(at + after + rng.integers(1, 3600, some.num_rows), last))
    return some.set_column(some.schema.get_field_index("ingested_at"), "ingested_at", later)
