"""Numbers as people read them."""

from __future__ import annotations

import pytest
from spark_etl.units import format_bytes, format_count, format_duration


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0s"), (0.44, "0.4s"), (9.94, "9.9s"), (10, "10s"), (59.4, "59s"), (60, "1m00s"), (185, "3m05s"),
        (3600, "60m00s"), (119.6, "2m00s"), (9.96, "10s"), (59.7, "1m00s"),
    ],
)  # fmt: skip
def test_a_duration_is_short(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 B"), (999, "999 B"), (3_400_000, "3.4 MB"), (2e9, "2.0 GB"), (5e15, "5000.0 TB")]
)
def test_a_size_has_the_unit_that_keeps_it_short(size: float, text: str) -> None:
    assert format_bytes(size) == text


@pytest.mark.parametrize(("size", "text"), [(1023, "1023 B"), (512 << 20, "512.0 MiB"), (20 << 30, "20.0 GiB")])
def test_a_limit_is_counted_by_powers_of_1024(size: int, text: str) -> None:
    assert format_bytes(size, binary=True) == text


@pytest.mark.parametrize(("number", "text"), [(0, "0 rows"), (1, "1 row"), (1200, "1,200 rows")])
def test_a_count_agrees_with_its_noun(number: int, text: str) -> None:
    assert format_count(number, "row") == text
