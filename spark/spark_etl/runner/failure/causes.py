"""The causes of an error, from the outermost to the deepest, as they stand in its text.

Classic Spark and Spark Connect both end an error's text, or keep beside it, the JVM's stack trace with its lines
`Caused by: class: message`; so no JVM has to be asked, which may be the one that has failed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from spark_etl.error_text import attribute, raw_text

STACK = "JVM stacktrace:"
CLASS = r"(?:[a-z_]\w*\.)+[A-Z][\w$.]*"
# `org.apache.spark.SparkException: …`, behind what py4j and Spark's scheduler write before it.
HEAD = re.compile(
    r"^(?:Caused by: |: |.*?most recent failure: (?:Lost task [^:]*?\(TID \d+\) \([^)]*\): )?)?"
    rf"(?P<type>{CLASS})(?:: (?P<text>.*))?$"
)
FRAME = re.compile(r"^\s+(?:at [\w$.<>/]+\(|\.\.\. \d+ (?:more|common frames))|^Driver stacktrace:|^\s+Suppressed: ")
CAUSE = "Caused by: "
PY4J = re.compile(r"^An error occurred while calling [\w.:$]+\.?\n(?=: )")


SPARKS = frozenset({"pyspark", "py4j"})


class Cause(NamedTuple):
    """An exception of the JVM: its class, without its package, and what it says."""

    type: str
    message: str


def library_of(error: BaseException) -> str:
    """Returns the package that an exception's class is of: `pyspark`, `builtins`, the project's."""
    return str(type(error).__module__).partition(".")[0]


def jvm_causes(error: BaseException) -> list[Cause]:
    """Returns the JVM's exceptions behind an error of Spark's, the deepest last; none for one of Python alone."""
    if library_of(error) not in SPARKS:
        return []
    text, _, stack = raw_text(error).partition(STACK)
    if PY4J.match(text):
        found = list(_parse(text))
    else:
        below, nested = list(_parse(stack or _stack_of(error))), list(_parse_nested(text))
        outermost = Cause(below[0].type if below else type(error).__name__, text.strip())
        found = [outermost, *nested, *below[1:]] if below or nested else []
    return list(dict.fromkeys(found))


def _stack_of(error: BaseException) -> str:
    known = attribute(error, "_stackTrace") or attribute(error, "_stacktrace")
    return known if isinstance(known, str) else ""


def _parse_nested(text: str) -> Iterator[Cause]:
    """Yields what a message has of another exception: Spark's scheduler puts the one of the task into its own."""
    if "most recent failure: " in text:
        yield from _parse(text)


def _parse(text: str) -> Iterator[Cause]:
    """Yields the exceptions of a stack trace in its order."""
    kind, lines = "", list[str]()
    for line in PY4J.sub("", text).splitlines():
        head = HEAD.match(line) if not lines or line.startswith(CAUSE) or not kind else None
        if head:
            if kind:
                yield _cause(kind, lines)
            kind, lines = head["type"], [head["text"] or ""]
        elif FRAME.match(line):
            if kind:
                yield _cause(kind, lines)
            kind, lines = "", []
        elif kind:
            lines.append(line)
    if kind:
        yield _cause(kind, lines)


def _cause(kind: str, lines: list[str]) -> Cause:
    message = "\n".join(lines).strip()
    return Cause(kind.rpartition(".")[2], "" if message == "null" else message)
