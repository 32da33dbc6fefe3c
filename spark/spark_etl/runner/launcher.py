"""How this run was started, as far as whoever started it sees something else than this process does.

`sandbox run` starts a driver in a container: the user's commands and the user's paths are others there.
"""

from __future__ import annotations

import os
import re
import shlex

from spark_etl.reading.commands import has_failing_feature, local_debug_words
from spark_etl.store import RunWriter, short_name

PROGRAM = "SPARK_ETL_PROGRAM"
SANDBOX = re.compile(r"(?<![\w./-])\./sandbox(?= [a-z])")
HOST_PROJECT = "SPARK_ETL_PROJECT"
INSIDE = re.compile(r"(?<![\w/.-])/project(?=[/\s:'\"`,;)]|$)")


def resume_command(record: RunWriter) -> str:
    """Returns the command that goes on from a run: config, dates and checkpoints are that run's."""
    if program():
        return f"{program()} run --resume {shlex.quote(short_name(record.run.root))}"
    where = ["--local"] if record.document.session == "local" else []
    return " ".join(["spark-etl run", *where, "--scratch-path", record.run.scratch, "--resume", record.run.run_id])


def debug_command(record: RunWriter) -> str:
    """Returns the command that opens the feature of a failed run in a notebook; empty where there is none to open."""
    if not has_failing_feature(record.document):
        return ""
    if program():
        return f"{program()} debug {shlex.quote(short_name(record.run.root))}"
    return shlex.join(local_debug_words(record.run.root))


def replay_command(record: RunWriter) -> str:
    """Returns the command that computes the feature of a failed run again; empty where it was no feature that failed.

    `--code` names the project: what is mended there is what is tried.
    """
    document = record.document
    if document.error is None or document.error.feature is None:
        return ""
    project = str((document.options or {}).get("project") or ".")
    if program():
        return shlex.join([*shlex.split(program()), "replay", short_name(record.run.root), "--code", project])
    where = ["--local"] if document.session == "local" else []
    words = [*where, "--scratch-path", record.run.scratch.removeprefix("file://"), "--code", project]
    return shlex.join(["spark-etl", "replay", record.run.run_id, *words])


def program() -> str:
    """Returns the command that has started this run, such as `./sandbox`; empty where that was no such command."""
    return os.environ.get(PROGRAM, "")


def as_typed(hint: str) -> str:
    """Returns a next step with the command `./sandbox` as it is typed where this run was started."""
    return SANDBOX.sub(lambda _: program(), hint) if program() else hint


def as_user_sees(text: str) -> str:
    """Returns a text with the paths of a mounted project as they are on the user's disk."""
    project = os.environ.get(HOST_PROJECT)
    return INSIDE.sub(lambda _: project, text) if project else text
