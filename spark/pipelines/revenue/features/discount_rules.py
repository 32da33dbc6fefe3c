"""How a customer's discounts add up: rules that are a few lines of Python, and would be a page of SQL."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")
MOST = Decimal(40)
# From how many dollars on an order gets how much of a volume discount, the highest step first.
VOLUME_STEPS = ((Decimal(200), Decimal(1)), (Decimal(50), Decimal("0.5")))

# kind, percent, stackable
Discount = tuple[str, Decimal, bool]


def percent_off(amount: Decimal, discounts: Sequence[Discount]) -> Decimal:
    """Returns the percent that is taken off an order.

    1. A `volume` discount counts by VOLUME_STEPS: in part for a middling order, in full for a large one.
    2. Stackable discounts add up.
    3. Of the others only the best counts, and it competes with the sum of the stackable ones.
    4. Nothing is more than MOST percent off.

    Args:
        amount: The order, in US dollars.
        discounts: The customer's.
    """
    valid = [(percent * _counts(kind, amount), stacks) for kind, percent, stacks in discounts]
    stacked = sum((percent for percent, stacks in valid if stacks), Decimal(0))
    best = max((percent for percent, stacks in valid if not stacks), default=Decimal(0))
    return min(max(stacked, best), MOST)


def _counts(kind: str, amount: Decimal) -> Decimal:
    """Returns how much of a discount counts: between 0 and 1."""
    if kind != "volume":
        return Decimal(1)
    return next((part for least, part in VOLUME_STEPS if amount >= least), Decimal(0))


def discounted(amount: Decimal, discounts: Sequence[Discount]) -> Decimal:
    """Returns the amount after discounts, in US dollars, to the cent."""
    return (amount * (100 - percent_off(amount, discounts)) / 100).quantize(CENT, ROUND_HALF_UP)
