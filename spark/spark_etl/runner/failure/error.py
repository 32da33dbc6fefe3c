"""A failure of the user's code as an error: its own frames, not those of Spark, py4j and this library."""

from __future__ import annotations

import linecache
import re
import traceback
from pathlib import Path

from spark_etl.error_text import raw_text
from spark_etl.errors import FeatureError, NotReturnedError, SparkEtlError
from spark_etl.names import in_config
from spark_etl.printable import printable
from spark_etl.runner.backend.connect import explain_unsupported_attribute
from spark_etl.runner.failure.hints import hint_of
from spark_etl.runner.failure.reason import reason_of, reasons_of
from spark_etl.runner.launcher import as_user_sees
from spark_etl.runner.signals import jvm_is_gone
from spark_etl.sources.faults import Fault

MOST_FRAMES = 12
MORE_MEMORY = f"give the driver more: {in_config('spark.driver.memory: 2g')}"
WORKER_FRAME = re.compile(r'^\s*File "(?P<file>[^"]+)", line \d+, in .*$')
# What a frame of a worker raises when Spark rebuilds it on the driver: its columns are of this, not of the user's line.
STAND_IN = "__traceback_maker"

# Spark's message about the line that made an expression: classic and Connect, unless it is a line of the JVM's.
CALL_SITE = re.compile(r'^"(?P<method>[^"\n]*)" was called from\n(?P<file>.+):(?P<line>\d+)$', re.MULTILINE)


def as_feature_error(alias: str, error: Exception, project: Path, *, fault: Fault | None = None) -> FeatureError:
    """Returns the error that blames a feature, with the reason and the project's own frames.

    Args:
        alias: The feature.
        error: What was raised.
        project: The folder of the user's code.
        fault: The place in a file at which reading has failed, if that is known.
    """
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
    if fault:
        return FeatureError(alias, fault.message, frames=user_frames(error, project), hint=fault.hint)
    frames = user_frames(error, project)
    return FeatureError(alias, reason_of(error), frames=frames, hint=hint_of(reasons_of(error)))


def user_frames(error: BaseException, project: Path) -> str:
    """Returns the frames of the traceback that lie in the project; empty if none do.

    Those of the driver, of Python workers, and, as Spark computes later than its functions are called, the line that
    made the expression which failed.
    """
    frames = [own for frame in _extracted(error) if (own := _own_frame(frame, project))]
    text = raw_text(error)
    shown = "".join(traceback.format_list(_without_repetitions(frames))) + _worker_frames(text, project)
    return as_user_sees(printable(_each_once(shown + _call_site(text, project, shown))))


def _extracted(error: BaseException) -> list[traceback.FrameSummary]:
    """Returns the frames of the traceback, those that Spark made up after a worker's without their columns."""
    raised = error.__traceback__
    frames = list(traceback.extract_tb(raised))
    for frame, (real, _) in zip(frames, traceback.walk_tb(raised), strict=False):
        if STAND_IN in real.f_code.co_names:
            frame.colno = frame.end_colno = None
    return frames


def _without_repetitions(frames: list[traceback.FrameSummary]) -> list[traceback.FrameSummary]:
    """Returns the first and the last of many frames: those of a recursion are the same."""
    half = MOST_FRAMES // 2
    return frames if len(frames) <= MOST_FRAMES else [*frames[:half], *frames[-half:]]


def _own_frame(frame: traceback.FrameSummary, project: Path) -> traceback.FrameSummary | None:
    """Returns a frame as one of the project's own file, also where that was shipped in a zip; None for any other."""
    own = _own_file(frame.filename, project)
    if own is None:
        return None
    return traceback.FrameSummary(
        str(own),
        frame.lineno,
        frame.name,
        lookup_line=False,
        line=linecache.getline(str(own), frame.lineno or 0) or frame.line,  # with its blanks: columns count them
        end_lineno=frame.end_lineno,
        colno=frame.colno,
        end_colno=frame.end_colno,
    )


def _each_once(frames: str) -> str:
    """Returns the frames without those that are there already: a worker's are in Spark's message as well."""
    first: dict[str, str] = {}
    for part in re.split(r"(?m)^(?=  File )", frames):
        first.setdefault(part.partition("\n")[0], part)
    return "".join(first.values())


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
    lines = [re.sub(r"^ *\| ", "", line) for line in text.splitlines()]  # of a group
    for position, line in enumerate(lines):
        match = WORKER_FRAME.match(line)
        own = _own_file(match["file"], project) if match else None
        if match and own:
            shown.append(line.replace(match["file"], str(own)))
            code = lines[position + 1] if position + 1 < len(lines) else ""
            if code.startswith("    ") and not WORKER_FRAME.match(code):
                shown.append(code)
    shown = shown if len(shown) <= 2 * MOST_FRAMES else [*shown[:MOST_FRAMES], *shown[-MOST_FRAMES:]]
    return "\n".join(shown) + "\n" if shown else ""


def _own_file(file: str, project: Path) -> Path | None:
    """Returns the project's file that a worker's frame is about: the file itself, or what it was shipped as."""
    inside = re.search(r"\.zip/(.+)$", file)
    own = project / inside[1] if inside else Path(file).resolve()
    return own if own.is_relative_to(project) and own.is_file() else None
