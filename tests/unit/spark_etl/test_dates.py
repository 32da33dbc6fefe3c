from __future__ import annotations

from datetime import date

import pytest
from spark_etl.dates import DateRange, date_list, parse_date
from spark_etl.errors import ArgumentError


def test_a_range_includes_both_ends_and_the_leap_day() -> None:
    days = DateRange(date(2024, 2, 28), date(2024, 3, 1)).days()
    assert [str(day) for day in days] == ["2024-02-28", "2024-02-29", "2024-03-01"]


def test_an_end_before_the_start_is_refused_with_the_swap() -> None:
    with pytest.raises(ArgumentError, match="2024-02-01 is before --start-date 2024-02-29") as caught:
        DateRange(date(2024, 2, 29), date(2024, 2, 1))
    assert caught.value.hint == "did you mean `--start-date 2024-02-01 --end-date 2024-02-29`?"


@pytest.mark.parametrize("text", ["2023-02-29", "20240229", "29.02.2024", "today", "", "2024-2-9", "2024-02-29T00:00"])
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(ArgumentError, match=r"--start-date .* is not a date"):
        parse_date(text, "--start-date")


def test_a_long_list_is_cut() -> None:
    days = DateRange(date(2024, 1, 1), date(2024, 1, 31)).days()
    assert date_list(days, most=2) == "2024-01-01, 2024-01-02 and 29 more"
