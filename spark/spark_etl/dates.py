"""The dates of a run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from spark_etl.errors import ArgumentError

ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class DateRange:
    """Days from `start` to `end`, both included."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise ArgumentError(
                f"--end-date {self.end} is before --start-date {self.start}",
                hint=f"did you mean `--start-date {self.end} --end-date {self.start}`?",
            )

    def days(self) -> list[date]:
        """Returns every day of the range, in order."""
        return [self.start + timedelta(days=n) for n in range((self.end - self.start).days + 1)]

    def __str__(self) -> str:
        return format_dates(str(self.start), str(self.end))


def format_dates(start: str, end: str) -> str:
    """Returns the first and the last day as they are shown: one, or first..last."""
    return start if start == end else f"{start}..{end}"


def parse_date(text: str, option: str) -> date:
    """Returns the date written as YYYY-MM-DD.

    Raises:
        ArgumentError: It is written otherwise, or is no day of the calendar.
    """
    hint = f"write it as {option} 2024-02-29"
    if not ISO_DATE.fullmatch(text):
        raise ArgumentError(f"{option} {text!r} is not a date: not written as YYYY-MM-DD", hint=hint)
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ArgumentError(f"{option} {text!r} is not a date: {error}", hint=hint) from None


def date_list(days: list[date], most: int = 10) -> str:
    """Returns the days joined by commas, cut after `most` with the number of those left out."""
    shown = ", ".join(map(str, days[:most]))
    return shown if len(days) <= most else f"{shown} and {len(days) - most} more"
