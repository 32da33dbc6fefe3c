"""The data of lesson 4: one receipt among thousands is printed in another way."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

import pyarrow as pa
from spark_etl.learning.planted import Period, Planted, money, table

RECEIPTS, TILLS = 20_000, 12
FEW_RECEIPTS, FEW_PLANTED = 400, 20
TYPES = {"receipt_id": pa.int64(), "till": pa.string(), "total": pa.string()}


def make(random: Random, replacements: Mapping[str, str], period: Period) -> Planted:
    """Returns the tables, the receipt that can't be parsed, and what is right."""
    printed = replacements.get("(12.50)", "(12.50)")
    numbers = sorted(random.sample(range(1_000_000, 9_000_000), FEW_RECEIPTS if period.is_small else RECEIPTS))
    planted = {*random.sample(numbers, FEW_PLANTED)} if period.is_small else {random.choice(numbers)}
    right = []
    for number in numbers:
        amount, till = money(random, 100, 30_000), f"T{random.randrange(TILLS):02}"
        text = printed.replace("12.50", f"{amount:.2f}") if number in planted else f"{amount:.2f}"
        right.append((number, till, text, -amount if number in planted else amount))
    revenue = sum(row[3] for row in right)
    return Planted(
        tables={"receipts": table([row[:3] for row in right], TYPES)},
        keys=frozenset(planted),
        right=table(right, {**TYPES, "amount": pa.decimal128(12, 2)}),
        facts={"rows": f"{len(numbers):,}", "revenue": f"{revenue:,.2f}"},
    )
