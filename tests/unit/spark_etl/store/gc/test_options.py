"""Lengths of time as they are typed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from spark_etl.errors import ArgumentError
from spark_etl.store import OLDER_THAN, GcOptions, parse_age


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("14d", timedelta(days=14)),
        ("12h", timedelta(hours=12)),
        ("2w", timedelta(weeks=2)),
        (" 0d ", timedelta(0)),
    ],
)
def test_a_length_of_time_is_read(text: str, age: timedelta) -> None:
    assert parse_age(text) == age


@pytest.mark.parametrize("text", ["", "14", "d", "-1d", "1.5d", "14 days", "1m", "٣d", "9999999d", "999999d", "14d2h"])
def test_another_text_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(ArgumentError) as raised:
        parse_age(text)
    assert repr(text) in raised.value.message
    assert "--older-than 14d" in (raised.value.hint or "")


def test_the_default_is_what_is_shown() -> None:
    assert parse_age(OLDER_THAN) == GcOptions().older_than
