from __future__ import annotations

from decimal import Decimal

import pytest
from pipelines.revenue.features.discount_rules import Discount, discounted, percent_off


def discount(kind: str, percent: str, *, stacks: bool = False) -> Discount:
    return kind, Decimal(percent), stacks


TEN, FIVE = discount("percent", "10"), discount("loyalty", "5")
STACKED_TEN, STACKED_FIVE = discount("percent", "10", stacks=True), discount("loyalty", "5", stacks=True)
VOLUME = discount("volume", "20")


@pytest.mark.parametrize(
    ("discounts", "amount", "percent"),
    [
        pytest.param([], "100", "0", id="none"),
        pytest.param([TEN], "100", "10", id="one"),
        pytest.param([TEN, FIVE], "100", "10", id="only the best"),
        pytest.param([STACKED_TEN, STACKED_FIVE], "100", "15", id="stackable ones add up"),
        pytest.param([TEN, STACKED_FIVE, STACKED_FIVE, STACKED_FIVE], "100", "15", id="the stack beats the best"),
        pytest.param([TEN, STACKED_FIVE], "100", "10", id="the best beats the stack, and they don't add up"),
        pytest.param([discount("percent", "25", stacks=True)] * 2, "100", "40", id="never more than 40"),
        pytest.param([VOLUME], "49.99", "0", id="a small order gets no volume discount"),
        pytest.param([VOLUME], "50", "10", id="a middling one half of it"),
        pytest.param([VOLUME], "199.99", "10", id="a middling one up to 200 dollars"),
        pytest.param([VOLUME], "200", "20", id="a large one all of it"),
        pytest.param([VOLUME, TEN], "20", "10", id="without it, the others count"),
    ],
)
def test_percent_off(discounts: list[Discount], amount: str, percent: str) -> None:
    assert percent_off(Decimal(amount), discounts) == Decimal(percent)


@pytest.mark.parametrize(
    ("amount", "charged"), [("10.00", "9.50"), ("0.10", "0.10"), ("0.30", "0.29"), ("0.01", "0.01")]
)
def test_half_a_cent_is_rounded_up(amount: str, charged: str) -> None:
    assert str(discounted(Decimal(amount), [FIVE])) == charged
