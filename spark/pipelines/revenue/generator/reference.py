"""What orders refer to: customers with their contracts, their discounts, and each day's exchange rates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from .columns import MONEY, RATE, chosen, decimals, identifiers

# Currency → US dollars for one unit, in 1e-8, around which the daily rate moves.
CURRENCIES = {
    "USD": 100_000_000, "EUR": 108_500_000, "GBP": 126_600_000, "JPY": 668_000, "INR": 1_206_000, "BRL": 20_120_000,
    "CAD": 73_900_000, "AUD": 65_300_000,
}  # fmt: skip
# Where customers are: time zone, currency they mostly pay in, share.
PLACES = [
    ("America/New_York", "USD", 0.28), ("America/Los_Angeles", "USD", 0.18), ("Europe/Berlin", "EUR", 0.16),
    ("Europe/London", "GBP", 0.10), ("Asia/Tokyo", "JPY", 0.09), ("Asia/Kolkata", "INR", 0.08),
    ("America/Sao_Paulo", "BRL", 0.05), ("America/Toronto", "CAD", 0.03), ("Australia/Sydney", "AUD", 0.03),
]  # fmt: skip
# Plan, monthly fee in cents, share of the customers, how many times larger their orders are.
PLANS = [
    ("starter", 1900, 0.55, 1.0), ("growth", 9900, 0.30, 1.3), ("scale", 49900, 0.12, 2.0),
    ("enterprise", 250000, 0.03, 4.0),
]  # fmt: skip
FIRST_DAY, UPGRADES_OVER = date(2024, 1, 1), 600
KINDS = ["percent", "volume", "loyalty"]


@dataclass(frozen=True)
class Customers:
    """Everybody who can order, the same for every day of a seed.

    Attributes:
        place: Index into PLACES, shape (n,).
        plan: Index into PLANS when the contract was signed, shape (n,).
        signed: Days before FIRST_DAY on which the contract was signed, shape (n,).
        upgraded: Days after FIRST_DAY on which the next larger plan begins, shape (n,).
        weight: Share of all orders, shape (n,); the second has half of the first, the third a third, and so on (Zipf).
    """

    place: NDArray[np.int64]
    plan: NDArray[np.int64]
    signed: NDArray[np.int64]
    upgraded: NDArray[np.int64]
    weight: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.place)


def customers(seed: int, count: int) -> Customers:
    """Returns the customers of a seed."""
    rng = np.random.default_rng([seed, 1])
    weight = 1 / np.arange(1, count + 1)
    return Customers(
        place=rng.choice(len(PLACES), count, p=_shares([place[2] for place in PLACES])),
        plan=rng.choice(len(PLANS), count, p=_shares([plan[2] for plan in PLANS])),
        signed=rng.integers(1, 1500, count),
        upgraded=rng.integers(0, UPGRADES_OVER, count),
        weight=weight / weight.sum(),
    )


def _shares(values: list[float]) -> NDArray[np.float64]:
    shares = np.asarray(values)
    return np.asarray(shares / shares.sum())


def contracts(people: Customers, day: date) -> pa.Table:
    """Returns the contracts in force on a day, one per customer; 1 % of the customers have none."""
    has = np.flatnonzero(np.arange(len(people)) % 100 != 99)
    larger = people.upgraded[has] <= (day - FIRST_DAY).days
    plan = np.minimum(people.plan[has] + larger, len(PLANS) - 1)
    signed = [FIRST_DAY - timedelta(days=days) for days in people.signed[has].tolist()]
    return pa.table(
        {
            "contract_id": identifiers("k", has, width=7),
            "customer_id": identifiers("c", has, width=7),
            "plan": chosen([plan[0] for plan in PLANS], plan),
            "monthly_fee": decimals(np.array([plan[1] for plan in PLANS])[plan], MONEY),
            "time_zone": chosen([place[0] for place in PLACES], people.place[has]),
            "signed_on": pa.array(signed, pa.date32()),
        }
    )


def discounts(seed: int, people: Customers) -> pa.Table:
    """Returns the discounts: about a third of the customers have one, some have up to three that may stack."""
    rng = np.random.default_rng([seed, 2])
    many = rng.choice(4, len(people), p=[0.66, 0.22, 0.09, 0.03])
    owner = np.repeat(np.arange(len(people)), many)
    kind = rng.integers(0, len(KINDS), len(owner))
    percent = rng.integers(2, 26, len(owner)) * 100
    return pa.table(
        {
            "discount_id": identifiers("d", np.arange(len(owner)), width=7),
            "customer_id": identifiers("c", owner, width=7),
            "kind": chosen(KINDS, kind),
            "percent": decimals(percent, pa.decimal128(5, 2)),
            "stackable": pa.array(rng.random(len(owner)) < 0.5),
        }
    )


def exchange_rates(seed: int, day: date) -> pa.Table:
    """Returns one rate per currency: US dollars for one unit."""
    rng = np.random.default_rng([seed, 3, day.toordinal()])
    base = np.array(list(CURRENCIES.values()))
    moved = (base * (1 + rng.normal(0, 0.004, len(base)))).astype(np.int64)
    moved[0] = base[0]
    return pa.table({"currency": pa.array(list(CURRENCIES)), "usd_per_unit": decimals(moved, RATE)})
