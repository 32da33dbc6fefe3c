"""A failure of the user's code as an error: its own frames, not those of Spark, py4j and this library."""

from __future__ import annotations

import linecache
import re
import traceback
from pathlib import Path

from spark_etl.errors import FeatureError, NotReturnedError, SparkEtlError
from spark_etl.runner.backend.connect import explain_unsupported_attribute
from spark_etl.runner.signals import jvm_is_gone

LONGEST_REASON_LINES = 20
MORE_MEMORY = "give the driver more: --conf spark.driver.memory=2g"
WORKER_FRAME = re.compile(r'^\s*File "(?P<file>[^"]+)", line \d+, in .*$')

# Spark's message about the line that made an expression: classic and Connect, unless it is a line of the JVM's.
CALL_SITE = re.compile(r'^"(?P<method>[^"\n]*)" was called from\n(?P<file>.+):(?P<line>\d+)$', re.MULTILINE)
CONTEXT = re.compile(r'\n== DataFrame ==\n"[^"\n]*" was called from\n[^\n]*\n?')
PLAN = re.compile(r"(SQLSTATE: \w{5}[^\n]*);\n.*", re.DOTALL)
TASK_FAILURE = re.compile(
    r"most recent failure: (?:Lost task [^:]*: )?(?P<reason>.*?)(?=\n\s*at |\nDriver stacktrace|\Z)", re.DOTALL
)

# A pattern in Spark's message → the next thing to do; the first that matches counts.
HINTS = (
    (
        r"Python worker (exited unexpectedly|failed to connect)",
        "a UDF's process has died: it was killed for its memory, or native code crashed. To see where: "
        "--conf spark.sql.execution.pyspark.udf.faulthandler.enabled=true",
    ),
    (
        r"exit(ed with)? (code|status):? ?(137|143)|exceeding .*memory limits|Container killed",
        "an executor was killed for its memory: --conf spark.executor.memoryOverhead=1g, or smaller partitions",
    ),
    (
        r"java\.lang\.OutOfMemoryError|UNABLE_TO_ACQUIRE_MEMORY",
        "give executors more memory: --conf spark.executor.memory=4g, or make partitions smaller: .repartition(…)",
    ),
    (
        r"^ModuleNotFoundError: No module named",
        "executors do not have it: install it there (sandbox run --requirements FILE), or put it into the project",
    ),
)


def as_feature_error(alias: str, error: Exception, project: Path) -> FeatureError:
    """Returns the error that blames a feature, with the reason and the project's own frames."""
    if isinstance(error, FeatureError):
        return error
    if isinstance(error, SparkEtlError):
        frames = user_frames(error, project) if isinstance(error, NotReturnedError) else ""
        return FeatureError(alias, error.message, frames=frames, hint=error.hint)
    if jvm_is_gone(error):
        return FeatureError(alias, "Spark's JVM on the driver is gone: killed, or out of memory", hint=MORE_MEMORY)
    if unsupported := explain_unsupported_attribute(error):
        message, hint = unsupported
        return FeatureError(alias, message, frames=user_frames(error, project), hint=hint)
    reason = reason_of(error)
    return FeatureError(alias, reason, frames=user_frames(error, project), hint=hint_of(reason))


def hint_of(reason: str) -> str | None:
    """Returns what to do about a reason whose message does not say it."""
    return next((hint for pattern, hint in HINTS if re.search(pattern, reason)), None)


def reason_of(error: Exception) -> str:
    """Returns type and message, cut to what a person reads.

    Rules, the first that holds:
        1. Of a Python worker's traceback only the last line.
        2. Of a job that Spark aborted only why its last task failed.
        3. Otherwise type and message, without JVM stack, query plan, and the line of code that `user_frames` shows.
    """
    text = str(error).split("JVM stacktrace:")[0].strip()
    return _worker_reason(text) or _task_reason(text) or _message_reason(type(error).__name__, text)


def _worker_reason(text: str) -> str | None:
    _, found, worker = text.rpartition("Traceback (most recent call last)")
    if not found:
        return None
    raised = [line.strip() for line in worker.splitlines() if re.match(r"^[A-Za-z_][\w.]*(:|$)", line)]
    return raised[-1] if raised else _cut(text)


def _task_reason(text: str) -> str | None:
    match = TASK_FAILURE.search(text) if "Job aborted" in text else None
    if match is None or not match["reason"].strip():
        return None
    return _cut(re.sub(r"^[\w.]+\.SparkException: ", "", match["reason"].strip()))


def _message_reason(name: str, text: str) -> str:
    shown = _cut(PLAN.sub(r"\1", CONTEXT.sub("", f"{text}\n")).strip())
    return f"{name}: {shown}" if shown else name


def _cut(text: str) -> str:
    lines = [line.rstrip() for line in text.splitlines()]
    return "\n".join(lines[:LONGEST_REASON_LINES]) + ("\n…" if len(lines) > LONGEST_REASON_LINES else "")


def user_frames(error: Exception, project: Path) -> str:
    """Returns the frames of the traceback that lie in the project; empty if none do.

    Those of the driver, of Python workers, and, as Spark computes later than its functions are called, the line that
    made the expression which failed.
    """
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).resolve().is_relative_to(project)
    ]
    shown = "".join(traceback.format_list(frames)) + _worker_frames(str(error), project)
    return shown + _call_site(str(error), project, shown)


def _call_site(text: str, project: Path, shown: str) -> str:
    """Returns the project's line that Spark names as the origin of what failed, unless it is shown already."""
    match = CALL_SITE.search(text)
    own = _own_file(match["file"], project) if match else None
    if match is None or own is None or f'File "{own}", line {match["line"]},' in shown:
        return ""
    code = linecache.getline(str(own), int(match["line"])).strip()
    return f'  File "{own}", line {match["line"]}, where `{match["method"]}` was called\n' + (
        f"    {code}\n" if code else ""
    )


def _worker_frames(text: str, project: Path) -> str:
    """Returns the frames of a Python worker's traceback that are of the project, by its path or inside the zip."""
    shown: list[str] = []
    lines = text.splitlines()
    for position, line in enumerate(lines):
        match = WORKER_FRAME.match(line)
        own = _own_file(match["file"], project) if match else None
        if match and own:
            shown.append(line.replace(match["file"], str(own)))
            code = lines[position + 1] if position + 1 < len(lines) else ""
            if code.startswith("    ") and not WORKER_FRAME.match(code):
                shown.append(code)
    return "\n".join(shown) + "\n" if shown else ""


def _own_file(file: str, project: Path) -> Path | None:
    """Returns the project's file that a worker's frame is about: the file itself, or what it was shipped as."""
    inside = re.search(r"\.zip/(.+)$", file)
    own = project / inside[1] if inside else Path(file)
    return own if own.is_relative_to(project) and own.is_file() else None
