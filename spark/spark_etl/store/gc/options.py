"""What a clean-up is asked for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

from spark_etl.errors import ArgumentError

OLDER_THAN, KEEP_LAST = "14d", 3
LONGEST_DAYS = 36_500
UNITS = {"h": "hours", "d": "days", "w": "weeks"}
AGE = re.compile(r"([0-9]{1,6})([hdw])")


@dataclass(frozen=True)
class GcOptions:
    """Which runs may go.

    Attributes:
        older_than: Only those that started longer ago.
        keep_last: The newest so many ended runs of each pipeline stay, replays not counted.
        users: Whether users' own runs, below `users/`, may go, too.
    """

    older_than: timedelta = timedelta(days=14)
    keep_last: int = KEEP_LAST
    users: bool = False


def parse_age(text: str, option: str = "--older-than") -> timedelta:
    """Returns a length of time that is written as `14d`, `12h` or `2w`.

    Raises:
        ArgumentError: It is written otherwise, or longer than a century.
    """
    found = AGE.fullmatch(text.strip())
    hint = f"write it as {option} {OLDER_THAN}: a number, then h for hours, d for days or w for weeks"
    if found is None:
        raise ArgumentError(f"{option} {text!r} is no length of time", hint=hint)
    age = timedelta(**{UNITS[found[2]]: int(found[1])})
    if age > timedelta(days=LONGEST_DAYS):
        raise ArgumentError(f"{option} {text!r} is more than a century", hint=hint)
    return age
