"""What a driver's JVM writes to stderr, as lines for people: each message once, without its stack trace."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress

MOST_SEEN = 1000
LONGEST_LINE = 300
# Said at every start, of what is as it should be; and what a job that has failed could not clean up.
NOISE = re.compile(
    r"Using incubator modules|Picked up \w+_OPTIONS|Using Spark's default log4j|Setting default log level|"
    r"To adjust logging level|Unable to load native-hadoop|resolves to a loopback address|Set SPARK_LOCAL_IP|"
    r"Failed to delete \S*/(__magic|_temporary)|PathOutputCommitProtocol: Exception while aborting"
)
# A record of log4j, as the stack writes it or as Spark does by default.
RECORD = re.compile(r"^(?:\d{4}-\d\d-\d\d|\d\d/\d\d/\d\d) \d\d:\d\d:\d\d (?P<level>[A-Z]+) (?P<rest>.*)")
TRACE = re.compile(r"^\s+(at |\.\.\. \d+ (more|common frames)|Suppressed: )|^Caused by: ")
RAISED = re.compile(r"^([a-z]\w*\.)+[A-Z][\w$]*(:|$)")
NUMBERS = re.compile(r"[0-9a-f]*\d[0-9a-f]*")


class LogFilter:
    """Drops stack traces, noise and repeated messages; what is no record of a logger is passed on as it is."""

    def __init__(self) -> None:
        self._seen: set[str] = set()
        self._is_record = self._in_trace = False

    def keep(self, line: str) -> str | None:
        """Returns the line as it is to be shown, None if it is not."""
        record = RECORD.match(line)
        if record is None and (self._continues(line) or NOISE.search(line)):
            return None
        self._is_record, self._in_trace = record is not None, False
        if record is None:
            return line or None
        if NOISE.search(line) or self._is_repeated(record["rest"]):
            return None
        text = f"Spark: {record['level']} {record['rest']}"
        return text if len(text) <= LONGEST_LINE else f"{text[:LONGEST_LINE]} …"

    def _continues(self, line: str) -> bool:
        """Returns whether a line belongs to the trace below a record."""
        if TRACE.match(line) or (self._is_record and RAISED.match(line)):
            self._is_record, self._in_trace = False, True
            return True
        return self._in_trace and line.startswith(("\t", " "))

    def _is_repeated(self, text: str) -> bool:
        """Returns whether the same was said before, whatever the numbers in it."""
        key = NUMBERS.sub("0", text)
        if key in self._seen:
            return True
        if len(self._seen) < MOST_SEEN:
            self._seen.add(key)
        return False


def filtered_pipe(show: Callable[[str], None]) -> int:
    """Returns a file descriptor for a process to write to; what is worth a look goes to `show`, from a thread."""
    reading, writing = os.pipe()
    threading.Thread(target=_pump, args=(reading, show), name="jvm-log", daemon=True).start()
    return writing


def _pump(reading: int, show: Callable[[str], None]) -> None:
    with os.fdopen(reading, encoding="utf-8", errors="replace") as lines:
        show_filtered(lines, show)


def show_filtered(lines: Iterable[str], show: Callable[[str], None]) -> None:
    """Shows the lines that a filter keeps; the reader never stops, or the process that writes would."""
    log_filter = LogFilter()
    for line in lines:
        kept = log_filter.keep(line.rstrip("\n"))
        if kept is not None:
            with suppress(Exception):
                show(kept)
