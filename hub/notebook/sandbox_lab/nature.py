"""What differs from one run of a notebook to the next by nature, and so says nothing about its results.

1. Run ids: `20240229T101112Z-7f3a2c`; ids of Spark applications; names of temporary files.
2. User names: where the author's was, there is the user's as whom it is run again. With it goes the path of the home.
3. Durations: `1.2 s`, `3m05s`, `0:00:01.5`; in the re-run none that is longer than the re-run was.
4. Times of day: in the re-run only those at which it ran, so that the times in data still count.
5. The order of features: a run says of each that it has ended, `[1/7] orders …`, and some are computed side by side.

Two texts differ by nature if they are equal without these, and each of the pairs that differ obeys its rule.
"""

from __future__ import annotations

import base64
import binascii
import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

RUN_IDS, USERS, DURATIONS, TIMES = "run ids", "user names and home paths", "durations", "times of day"
ORDER = "the order of features"
# In the page's words; the shelf's page lists the same, see `sandbox_hub.shelf.verdicts`.
RULES = (RUN_IDS, USERS, DURATIONS, TIMES, ORDER)

# Each repetition that another match could begin in has a bound, or a text of so many digits takes hours.
WHOLE = r"\d[\d,]{0,12}"
UNIT = r"(?:ns|[µμu]s|ms|s|secs?|seconds?|min|mins|minutes?|h|hrs?|hours?)"
AMOUNT = rf"{WHOLE}(?:\.\d+)?(?:\s?{UNIT}|m(?=\s?\d))(?![\w/])"
COMPACT = r"\d+m\s?\d+(?:\.\d+)?s(?!\w)"
CLOCK = r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?"
ZONE = r"(?:\s?(?:Z|UTC|GMT|[+-]\d{2}:?\d{2}))?"
PATTERNS = {
    "run": r"(?<!\w)\d{8}T\d{6}Z-[0-9a-f]{6}(?!\w)|(?<!\w)(?:app-\d{14}-\d{4}|local-\d{13}|/tmp/tmp\w{6,10})(?!\w)",
    "moment": rf"(?<!\d)\d{{4}}-\d{{2}}-\d{{2}}[T ]\d{{2}}:\d{{2}}(?::\d{{2}}(?:[.,]\d{{1,9}})?)?{ZONE}(?!\w)"
    r"|datetime\.datetime\(\d{4}(?:, \d{1,6}){2,6}"
    rf"|(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) \w{{3}} [ \d]\d {CLOCK} \d{{4}}",
    "span": r"(?<![\w:.])(?:\d{1,6} days?,? \d{1,2}|0):\d{2}:\d{2}(?:\.\d{1,9})?(?![\w:])",
    "clock": rf"(?<![\w:.]){CLOCK}(?![\w:])",
    "duration": rf"(?<![\w.])(?:{WHOLE} loops? each|{COMPACT}|{AMOUNT}(?:(?:,? and |, | ){AMOUNT})*)",
}
SECONDS = {"n": 1e-9, "µ": 1e-6, "μ": 1e-6, "u": 1e-6, "ms": 1e-3, "m": 60.0, "h": 3600.0}
EMBEDDED_SVG = re.compile(r"data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)")
# How `spark_etl.drawing` begins the picture of a run: its widths follow its words, and `<desc>` has all of its edges.
RUN_PICTURE = 'id="run-text"'
TAGS = re.compile(r"<style>[^<]*</style>|<[^<>]*>")
NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
# Columns of a table are as wide as what they hold.
PADDING = re.compile(r"[ \t]+|[-─━═]{2,}")
# Columns of durations without a unit, as `run` and `runs.list()` show them, and a run's line of where its seconds went.
SECONDS_COLUMNS = ("seconds", "computing", "publishing")
PHASE = re.compile(r"(: |, )((?:starting Spark|planning and computing|publishing|else) \d+\.\d)(?=,|<|\s|$)")
FEATURES_ENDED = re.compile(r"(?:^\[ {0,4}\d{1,5}/\d{1,5}\] [^\n]*(?:\n|\Z)){2,}", re.MULTILINE)
# A row and a cell end before the next one begins: so each part of a table is read once.
ROW = re.compile(r"<tr(?:(?!<tr).)*?</tr>", re.DOTALL)
CELL = re.compile(r"(<t[dh][^<>]*>)((?:(?!<t[dh]).)*?)(</t[dh]>)", re.DOTALL)
# A longer text has to be the same.
MAX_CHARS = 4 * 1024**2
MARGIN = timedelta(seconds=90)


@dataclass(frozen=True)
class Rerun:
    """What is known of two runs of a notebook.

    Attributes:
        users: The author's name, and the user's as whom it is run again.
        began: When the re-run began.
        ended: When it ended.
    """

    users: tuple[str, ...] = ()
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    ended: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def seconds(self) -> float:
        """How long the re-run took."""
        return (self.ended - self.began).total_seconds()

    def covers(self, moment: datetime) -> bool:
        """Returns whether a moment is one at which the re-run ran."""
        return self.began - MARGIN <= moment <= self.ended + MARGIN


def rules_applied(left: str, right: str, rerun: Rerun) -> set[str] | None:
    """Returns the rules by which two texts differ; None if they differ in anything else.

    Args:
        left: What the author's kernel has put out.
        right: What the re-run has put out.
        rerun: Their surroundings.
    """
    if max(len(left), len(right)) > MAX_CHARS:
        return None
    pattern = _pattern(rerun.users)
    # A NUL stands for a match in a skeleton: one in the text is doubled.
    left, right = (_readable(text).replace("\0", "\0\0") for text in (left, right))
    found: set[str] = set()
    if _skeleton(left, pattern) != _skeleton(right, pattern):
        left, right = (FEATURES_ENDED.sub(_in_one_order, text) for text in (left, right))
        found.add(ORDER)
        if _skeleton(left, pattern) != _skeleton(right, pattern):
            return None
    for one, other in zip(pattern.finditer(left), pattern.finditer(right), strict=True):
        if one[0] == other[0]:
            continue
        kind = one.lastgroup or ""
        if kind != other.lastgroup or not _allowed(kind, one[0], other[0], rerun):
            return None
        found.add(_RULE_OF[kind])
    return found


_RULE_OF = {"run": RUN_IDS, "user": USERS, "moment": TIMES, "clock": TIMES, "span": DURATIONS, "duration": DURATIONS}


def _pattern(users: tuple[str, ...]) -> re.Pattern[str]:
    named = {f"{name}": text for name, text in PATTERNS.items()}
    if known := "|".join(re.escape(user) for user in users if user):
        named["user"] = rf"(?<![\w-])(?:{known})(?![\w-])"
    return re.compile("|".join(f"(?P<{name}>{text})" for name, text in named.items()))


def _skeleton(text: str, pattern: re.Pattern[str]) -> str:
    return PADDING.sub(" ", pattern.sub(lambda match: f"\0{match.lastgroup}\0", text)).strip()


def _readable(text: str) -> str:
    """Returns a text with the pictures of runs in it as their words, and with units in columns of seconds."""
    text = EMBEDDED_SVG.sub(_svg_text, text)
    text = PHASE.sub(r"\1\2 s", text)
    if not any(name in text for name in SECONDS_COLUMNS):
        return text
    return "</table>".join(map(_table_with_units, text.split("</table>"))) if "<tr" in text else _lines_with_units(text)


def _table_with_units(table: str) -> str:
    """Returns an HTML table with the unit in each cell below a column of seconds."""
    head = ROW.search(table)
    names = [cell[1].strip() for cell in CELL.findall(head[0])] if head else []
    # A last row's heading column may come first in all rows: both are counted from the right.
    columns = [names.index(name) - len(names) for name in SECONDS_COLUMNS if name in names]

    def row_with_units(row: re.Match[str]) -> str:
        text, cells = row[0], list(CELL.finditer(row[0]))
        for column in sorted(columns, reverse=True):
            if len(cells) >= -column and NUMBER.fullmatch(cells[column][2].strip()):
                end = cells[column].end(2)
                text = f"{text[:end]} s{text[end:]}"
        return text

    return ROW.sub(row_with_units, table) if columns else table


def _lines_with_units(text: str) -> str:
    """Returns a table in plain text with the unit behind each number that ends where a column of seconds does."""
    found, ends = [], list[int]()
    for line in text.split("\n"):
        heads = [re.search(rf"(?<!\S){name}(?!\S)", line) for name in SECONDS_COLUMNS]
        shown = line
        for end in sorted(ends, reverse=True):
            if NUMBER.fullmatch((line[:end].split() or [""])[-1]) and not line[end : end + 1].strip():
                shown = f"{shown[:end]} s{shown[end:]}"
        found.append(shown)
        ends = [head.end() for head in heads if head] or (ends if line.strip() else [])
    return "\n".join(found)


def _in_one_order(lines: re.Match[str]) -> str:
    """Returns the lines of features that have ended by their names, without their places."""
    named = sorted(line.partition("] ")[2] for line in lines[0].splitlines())
    return "".join(f"{line}\n" for line in named)


def _svg_text(match: re.Match[str]) -> str:
    try:
        svg = base64.b64decode(match[1], validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return match[0]
    return html.unescape(TAGS.sub("\n", svg)) if RUN_PICTURE in svg[:1000] else svg


def _allowed(kind: str, before: str, text: str, rerun: Rerun) -> bool:
    if kind == "user":  # a name may be a word, such as `data`
        return (before, text) == rerun.users
    check: dict[str, Callable[[str, Rerun], bool]] = {
        "moment": _is_moment_of,
        "clock": _is_clock_of,
        "span": lambda text, rerun: _span_seconds(text) <= rerun.seconds + 1,
        "duration": lambda text, rerun: sum(_seconds(text)) <= rerun.seconds + 1,
    }
    return kind not in check or check[kind](text, rerun)


def _is_moment_of(text: str, rerun: Rerun) -> bool:
    moment = _parse_moment(text)
    return moment is not None and rerun.covers(moment)


def _parse_moment(text: str) -> datetime | None:
    if text.startswith("datetime.datetime("):
        parts = [int(part) for part in re.findall(r"\d+", text)]
        return _utc(lambda: datetime(*parts[:7], tzinfo=UTC))  # type: ignore[arg-type, misc]
    if text[0].isalpha():
        words = re.sub(r"[.,]\d+", "", text)
        return _utc(lambda: datetime.strptime(f"{words} +0000", "%a %b %d %H:%M:%S %Y %z"))
    words = re.sub(r"\s?(Z|UTC|GMT)$", "+00:00", text).replace(",", ".")
    words = re.sub(r"(\.\d{6})\d+", r"\1", words).replace(" +", "+")
    return _utc(lambda: datetime.fromisoformat(words))


def _utc(parse: Callable[[], datetime]) -> datetime | None:
    try:
        moment = parse()
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _is_clock_of(text: str, rerun: Rerun) -> bool:
    """Returns whether a time without a day is one at which the re-run ran."""
    days = {rerun.began.date(), rerun.ended.date()}
    hour, *rest = text.replace(",", ".").split(":")
    clock = f"{int(hour):02d}:{':'.join(rest)}"
    moments = [_parse_moment(f"{day.isoformat()} {clock}") for day in days]
    return any(moment is not None and rerun.covers(moment) for moment in moments)


def _span_seconds(text: str) -> float:
    days = re.match(r"(\d+) days?,? ", text)
    hours, minutes, seconds = text[days.end() if days else 0 :].split(":")
    return (int(days[1]) if days else 0) * 86400.0 + int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def _seconds(text: str) -> Iterator[float]:
    for number, unit in re.findall(rf"(\d[\d,]*(?:\.\d+)?)\s?({UNIT}|m)(?![a-z])", text):
        scale = next((scale for start, scale in SECONDS.items() if unit.startswith(start)), 1.0)
        yield float(number.replace(",", "")) * scale
