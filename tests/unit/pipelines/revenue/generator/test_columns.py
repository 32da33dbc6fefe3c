from __future__ import annotations

from decimal import Decimal

import numpy as np
from pipelines.revenue.generator.columns import MONEY, chosen, decimals, identifiers


def test_decimals_are_counted_in_their_smallest_unit() -> None:
    made = decimals(np.array([0, 1, -1, 123_456_789]), MONEY)

    assert made.to_pylist() == [Decimal("0.00"), Decimal("0.01"), Decimal("-0.01"), Decimal("1234567.89")]


def test_decimals_may_be_missing() -> None:
    assert decimals(np.array([1, 2]), MONEY, null=np.array([True, False])).to_pylist() == [None, Decimal("0.02")]


def test_identifiers_are_padded_and_never_cut() -> None:
    assert identifiers("c", np.array([7, 12_345]), width=4).to_pylist() == ["c0007", "c12345"]


def test_chosen_values_may_be_missing() -> None:
    assert chosen(["a", "b"], np.array([1, 0]), null=np.array([False, True])).to_pylist() == ["b", None]
