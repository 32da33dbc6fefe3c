"""Tells a failure of the user's code: its own frames, not those of Spark, py4j and this library."""

from __future__ import annotations

import re
import traceback
from pathlib import Path

from spark_etl.errors import FeatureError, SparkEtlError
from spark_etl.runner.backend.connect import in_plain_words
from spark_etl.runner.signals import jvm_is_gone

MOST_LINES = 20
MORE_MEMORY = "give the driver more: --conf spark.driver.memory=2g"
WORKER_FRAME = re.compile(r'^\s*File "(?P<file>[^"]+)", line \d+, in .*$')


def as_feature_error(alias: str, error: Exception, project: Path) -> FeatureError:
    """Returns the error that blames a feature, with the reason and the project's own frames."""
    if isinstance(error, FeatureError):
        return error
    if isinstance(error, SparkEtlError):
        return FeatureError(alias, error.message, hint=error.hint)
    if jvm_is_gone(error):
        return FeatureError(alias, "Spark's JVM on the driver is gone: killed, or out of memory", hint=MORE_MEMORY)
    if lacking := in_plain_words(error):
        return FeatureError(alias, lacking[0], frames=user_frames(error, project), hint=lacking[1])
    return FeatureError(alias, reason_of(error), frames=user_frames(error, project))


def reason_of(error: Exception) -> str:
    """Returns type and message, cut to what a person reads; of a Python worker's traceback only the last line."""
    text = str(error).split("JVM stacktrace:")[0].strip()
    worker = text.rpartition("Traceback (most recent call last)")[2] if "Traceback (most recent" in text else ""
    if worker:
        raised = [line.strip() for line in worker.splitlines() if re.match(r"^[A-Za-z_][\w.]*(:|$)", line)]
        return raised[-1] if raised else text
    lines = [line.rstrip() for line in text.splitlines()]
    shown = "\n".join(lines[:MOST_LINES]) + ("\n…" if len(lines) > MOST_LINES else "")
    return f"{type(error).__name__}: {shown}" if shown else type(error).__name__


def user_frames(error: Exception, project: Path) -> str:
    """Returns the frames of the traceback that lie in the project, of driver and Python workers; empty if none do."""
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).resolve().is_relative_to(project)
    ]
    return "".join(traceback.format_list(frames)) + _worker_frames(str(error), project)


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
