"""Paths and queries with the days of a run in them: `{date}`, `{start_date}`, `{end_date}`."""

from __future__ import annotations

import re
from datetime import date

from spark_etl.dates import DateRange
from spark_etl.errors import ConfigError
from spark_etl.names import alternatives

KNOWN = ("date", "start_date", "end_date")
PLACEHOLDER = re.compile(r"\{(?P<name>date|start_date|end_date)(?::(?P<form>[^{}]+))?\}")
ANY_BRACES = re.compile(r"\{([^{}]*)\}")


def has_day(text: str) -> bool:
    """Returns whether a text is another one for each day."""
    return any(match["name"] == "date" for match in PLACEHOLDER.finditer(text))


def has_placeholder(text: str) -> bool:
    """Returns whether any day is in a text."""
    return PLACEHOLDER.search(text) is not None


def fill_dates(text: str, dates: DateRange, day: date | None = None) -> str:
    """Returns the text with its days: as 2024-02-29, or as `{date:%Y/%m/%d}` asks for."""
    values = {"date": day, "start_date": dates.start, "end_date": dates.end}

    def day_of(match: re.Match[str]) -> str:
        value = values[match["name"]]
        return match[0] if value is None else f"{value:{match['form'] or '%Y-%m-%d'}}"

    return PLACEHOLDER.sub(day_of, text)


def any_day_pattern(text: str, dates: DateRange) -> str:
    """Returns the text as a pattern of all days: `?` for each digit or letter of a day."""
    return PLACEHOLDER.sub(lambda match: re.sub(r"\w", "?", fill_dates(match[0], dates, dates.start)), text)


def check_path(path: str) -> None:
    """Refuses other braces than those of a placeholder.

    Raises:
        ConfigError: They are named.
    """
    for inside in ANY_BRACES.findall(PLACEHOLDER.sub("", path)):
        raise ConfigError(f"{path!r}: no placeholder `{{{inside}}}`. {alternatives(inside.split(':')[0], KNOWN)}")
