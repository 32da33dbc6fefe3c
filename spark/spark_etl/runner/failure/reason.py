"""What a person reads of an error: the deepest cause that names something, without what is Spark's own affair."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import NamedTuple

from spark_etl.error_text import MOST_CAUSES, attribute, cut_text, error_line, error_summary, raw_text
from spark_etl.printable import printable
from spark_etl.runner.failure.causes import FRAME, SPARKS, STACK, Cause, jvm_causes, library_of

LONGEST_REASON_LINES = 20
LONGEST_REASON = 2_000
TRACEBACK = "Traceback (most recent call last):\n"
CHAINED = re.compile(
    r"\n(During handling of the above exception, another exception occurred"
    r"|The above exception was the direct cause of the following exception):\n\n"
    rf"(?=(?:  \+ Exception Group )?{re.escape(TRACEBACK)})"
)
IN_A_GROUP = re.compile(r"^ *\| (?=\S)(?!Traceback )")
LIBRARIES = SPARKS | {"pyarrow"}
STOPPED = "Spark is stopped, by the project's code or from outside"
TOO_DEEP = "the query plan is too deep: Spark has run out of stack (StackOverflowError)"

# What says that something has failed, and not what.
EMPTY = re.compile(
    r"Exception thrown in awaitResult|Job aborted|Boxed |Task failed|\[TASK_WRITE_FAILED\]|\[WRITING_JOB_ABORTED\]"
    r"|\[FAILED_EXECUTE_UDF\]|\[INTERNAL_ERROR|\[FAILED_READ_FILE|\[MALFORMED_RECORD_IN_PARSING|\[JOB_ABORTED"
    r"|Failed to (fetch|execute)|Uncaught exception|Stage cancelled"
)
NOWHERE = re.compile(r"Exception thrown in awaitResult|Job aborted|\[FAILED_READ_FILE|Boxed ")
READING = re.compile(
    r"\[FAILED_READ_FILE[^\]]*\] Encountered error while reading file (?P<file>\S+?)\.(?:\s|$)(?P<rest>.*)", re.S
)
RECORD = re.compile(
    r"\[MALFORMED_RECORD_IN_PARSING[^\]]*\] Malformed records are detected in record parsing: "
    r"(?P<record>.*?)\.?\nParse Mode",
    re.S,
)
# Exceptions that say no more than a name.
NAMELESS = {
    "OutOfMemoryError",
    "UnknownHostException",
    "NoSuchElementException",
    "ClassNotFoundException",
    "NoClassDefFoundError",
    "NoSuchMethodError",
}
WHOLE = ("Data type mismatches", "the file ")  # nothing deeper says more
NO_TEXT = re.compile(r"|(?:[a-z_]\w*\.)+[A-Z]\w*(?:: null)?")
PATTERN = re.compile(r"Fail to recognize (?P<pattern>'.*?') pattern")

CALL_SITE = re.compile(r'\n== DataFrame ==\n"[^"\n]*" was called from\n[^\n]*\n?')
PLAN = re.compile(r"(SQLSTATE: \w{5}[^\n]*);\n.*", re.DOTALL)
QUALIFIED = re.compile(r"\b(?:org|com|net|io|java|javax|scala|jdk|sun|software)\.(?:[a-z_]\w*\.)+(?=[A-Z])")
# A text of Spark's → what stands for it, in this order.
REPLACEMENTS = (
    (re.compile(r"^\((?:[a-z_]\w*\.)+[A-Z][\w$]*\)\s*"), ""),
    (re.compile(r"\s*\.?\s*SQLSTATE: \w{5}"), ""),
    (re.compile(r"^\[_LEGACY_ERROR_TEMP_\d+\]\s*"), ""),
    (re.compile(r"^requirement failed: "), ""),
    (re.compile(r"\s*Parse Mode: FAILFAST\. To process malformed records as null result.*", re.S), ""),
    (re.compile(r"You may get a different result due to the upgrading to Spark >= 3\.0:\s*"), ""),
    (re.compile(r"\s*\((?:start marker )?at \[Source: [^\]]*\]\)"), ""),
    (re.compile(r"\s*at \[Source: [^\]]*?; line: (\d+), column: (\d+)\]"), r" (line \1, character \2 of the record)"),
    (re.compile(r" page Page \[bytes\.size=[^\]]*\]"), " a page"),
    (
        re.compile(r"^expected zero arguments for construction of ClassDict \(for ([\w.]+)\).*", re.S),
        r"a function that Spark calls returns a value of a class that Spark does not take: \1",
    ),
    (re.compile(r"Unknown error: Wrapping (.*) failed", re.S), r"a text is no UTF-8: \1"),
    (re.compile(r'^For input string: (".*")$', re.S), r"\1 is no number"),
    (re.compile(r"Please, fix args and provide a right|, please check the input data"), ""),
)


class Reason(NamedTuple):
    """What was raised.

    Attributes:
        text: Type and message, or what Spark says.
        origin: Who says it: Spark and its libraries, or Python's and the project's code `driver` or `worker`.
        prefix: What stands before it among several.
    """

    text: str
    origin: str
    prefix: str = ""


def reason_of(error: BaseException) -> str:
    """Returns type and message, cut to what a person reads; see `reasons_of`."""
    return _cut(printable("\n".join(f"{reason.prefix}{reason.text}" for reason in reasons_of(error))))


def reasons_of(error: BaseException) -> list[Reason]:
    """Returns what was raised, then what that was raised from.

    Rules, the first that holds:
        1. Of a Python worker's traceback only what was raised.
        2. Of the JVM's causes the deepest that names something, with the file and the record of those above it.
        3. Otherwise type and message, and those of what it was raised from; what the project says stays as it is.
    """
    if _is_deep_plan(error):
        return [Reason(TOO_DEEP, "spark")]
    if found := _worker_reasons(error):
        return found
    reason = _jvm_reason(error)
    return [Reason(reason, "spark")] if reason else list(_python_reasons(error))


def failed_file(error: BaseException) -> str | None:
    """Returns the file that Spark says it could not read."""
    match = READING.search(raw_text(error))
    return match["file"] if match else None


def failed_record(error: BaseException) -> str | None:
    """Returns the row of a CSV file that Spark says it could not read."""
    match = re.search(r"\[MALFORMED_CSV_RECORD\] Malformed CSV record: (.*?) SQLSTATE: ", raw_text(error))
    return match[1] if match else None


def _is_deep_plan(error: BaseException) -> bool:
    """Returns whether Spark Connect's client, which walks over a plan by recursion, has come to Python's limit."""
    if not isinstance(error, RecursionError):
        return False
    innermost = traceback.extract_tb(error.__traceback__)[-20:]
    return any("/pyspark/sql/connect/" in frame.filename for frame in innermost)


def _worker_reasons(error: BaseException) -> list[Reason]:
    if library_of(error) not in SPARKS:
        return []
    text = raw_text(error).partition(STACK)[0]
    if TRACEBACK not in text:
        text = next((cause.message for cause in reversed(jvm_causes(error)) if TRACEBACK in cause.message), "")
    *above, relation, trace = ["", *CHAINED.split(text)]
    raised = _raised(trace)
    if raised is None:
        return []
    cause = _raised(above[-1]) if "direct cause" in relation else None
    return [raised] if cause is None or cause.text in raised.text else [raised, cause._replace(prefix="caused by ")]


def _raised(text: str) -> Reason | None:
    """Returns type and message from the first traceback of a text, without the modules of the type."""
    before, _, trace = text.partition(TRACEBACK)
    lines = trace.splitlines()
    if before.endswith("Exception Group "):
        message = _until_jvm(lines)
        message = [
            IN_A_GROUP.sub("" if line.startswith("  | ") else "  ", line) for line in message if IN_A_GROUP.match(line)
        ]
    else:
        first = next((at for at, line in enumerate(lines) if line and not line.startswith(" ")), len(lines))
        message = _until_jvm(lines[first:])
    said = "\n".join(message).strip()
    own = re.sub(r"^(?:\w+\.)+(?=\w+(?::|$))", "", said)
    if not own:
        return None
    return Reason(_clean(own), "spark") if said.partition(".")[0] in LIBRARIES else Reason(own, "worker")


def _until_jvm(lines: Sequence[str]) -> list[str]:
    return list(takewhile(lambda line: not FRAME.match(line), lines))


def _jvm_reason(error: BaseException) -> str | None:
    causes = jvm_causes(error)
    if not causes:
        return None
    if any(cause.type == "StackOverflowError" or "StackOverflowError" in cause.message[:200] for cause in causes):
        return TOO_DEEP
    if any("stopped SparkContext" in cause.message for cause in causes):
        return STOPPED
    named = [text for cause in causes if (text := _naming(cause))]
    if not named:
        return _unnamed(causes)
    at = _deepest_naming(named)
    deeper = [] if named[at].startswith(WHOLE) else named[at + 1 :]
    details = [line for text in deeper if (line := text.splitlines()[0]) not in named[at]]
    reason = named[at] + (f" ({details[-1]})" if details else "")
    return reason + "".join(_contexts(causes, reason))


def _deepest_naming(named: Sequence[str]) -> int:
    """Returns which text to show: the deepest of Spark's own conditions, or that names a column, or the deepest."""
    for pattern in (r"\[[A-Z][A-Z_.\d]+\] |Data type mismatches|the file .* was deleted", r"\bcol(umn)?\b"):
        for at in reversed(range(len(named))):
            if re.search(pattern, named[at]):
                return at
    return len(named) - 1


def _naming(cause: Cause) -> str:
    """Returns what a cause says, cleaned; nothing if it names nothing."""
    message = cause.message
    if reading := READING.match(message):
        is_gone = "FILE_NOT_EXIST" in message
        gone = f"the file {reading['file']} was deleted after the run had listed it"
        return gone if is_gone else _clean(reading["rest"])
    if PATTERN.search(message) or NO_TEXT.fullmatch(message):
        return ""
    if EMPTY.match(message):
        _, found, reason = message.partition("due to stage failure: ")
        return _clean(reason) if found and "most recent failure: " not in reason else ""
    text = _clean(re.sub(r"^(?:[a-z_]\w*\.)+[A-Z]\w*: ", "", message))
    return f"{cause.type}: {text}" if cause.type in NAMELESS else text


def _unnamed(causes: Sequence[Cause]) -> str:
    """Returns the deepest exception's class where none says what is wrong, with the deepest that says where."""
    deepest = next((cause for cause in reversed(causes) if not cause.message), causes[-1])
    messages = [cause.message for cause in reversed(causes) if cause.message and not NOWHERE.match(cause.message)]
    where = f": {_clean(messages[0])}" if messages else ", and Spark says no more"
    return f"{deepest.type}{where}" + "".join(_contexts(causes, where))


def _contexts(causes: Sequence[Cause], reason: str) -> Iterator[str]:
    """Yields what stands around the deepest cause: the record, the pattern, the file."""
    for pattern, name, text in ((RECORD, "record", ", in the record {}"), (PATTERN, "pattern", ", in the pattern {}")):
        found = next((match[name] for cause in causes if (match := pattern.search(cause.message))), None)
        if found and found not in reason and found != "_corrupt_record" and not reason.startswith("[MALFORMED_CSV"):
            yield text.format(cut_text(found, 300))
    file = next((match["file"] for cause in causes if (match := READING.match(cause.message))), None)
    if file and file.rpartition("/")[2] not in reason:
        yield f", in the file {file}"


def _python_reasons(error: BaseException) -> Iterator[Reason]:
    yield _own_reason(error)
    yield from _inner_reasons(error)
    known = error_summary(error)
    seen, cause = {id(error)}, attribute(error, "__cause__")
    while cause is not None and id(cause) not in seen and len(seen) <= MOST_CAUSES:
        seen.add(id(cause))
        jvm_reason = _jvm_reason(cause)
        for reason in _worker_reasons(cause) or [Reason(jvm_reason, "spark") if jvm_reason else _own_reason(cause)]:
            if (reason.text.partition(": ")[2] or reason.text) not in known:
                yield reason._replace(prefix="caused by ")
        cause = attribute(cause, "__cause__")


def _own_reason(error: BaseException) -> Reason:
    """Returns type and message of a Python error; one of the project stays as it is, but for lines of the JVM's."""
    summary = error_summary(error)
    if library_of(error) in LIBRARIES:
        return Reason(_clean(summary.partition(STACK)[0]), "spark")
    lines = summary.partition(STACK)[0].rstrip().splitlines()
    return Reason("\n".join(line for line in lines if not FRAME.match(line)), "driver")


def _inner_reasons(error: BaseException) -> Iterator[Reason]:
    """Yields what the members of a group say; of groups in groups, however deep, those of the first that is none."""
    inside: Sequence[BaseException] = attribute(error, "exceptions") if isinstance(error, BaseExceptionGroup) else ()
    while len(inside) == 1 and isinstance(inside[0], BaseExceptionGroup):
        inside = attribute(inside[0], "exceptions") or ()
    for part in inside[:MOST_CAUSES]:
        if isinstance(part, BaseExceptionGroup):
            yield Reason(error_line(part), "driver", "  ")
        else:
            yield from (reason._replace(prefix="  ") for reason in reasons_of(part))


def _clean(text: str) -> str:
    """Returns a message of Spark's without plan, state, the line of code that `user_frames` shows, and packages."""
    shown = PLAN.sub(r"\1", CALL_SITE.sub("", f"{text}\n")).strip()
    for pattern, replacement in REPLACEMENTS:
        shown = pattern.sub(replacement, shown)
    return QUALIFIED.sub("", shown).strip()


def _cut(text: str) -> str:
    lines = [line.rstrip() for line in text.splitlines()]
    shown = "\n".join(lines[:LONGEST_REASON_LINES]) + ("\n…" if len(lines) > LONGEST_REASON_LINES else "")
    return cut_text(shown, LONGEST_REASON)
