"""`spark-etl learn`: lessons in a folder, by local Spark."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from spark_etl.errors import ArgumentError
from spark_etl.learning.desk import Desk, LessonRow
from spark_etl.printable import printable, printable_json
from spark_etl.reading.tables import text_table
from spark_etl.runner.report.progress import Progress

COLUMNS = ["lesson", "title", "state", "hints", "checks"]
NO = 1


def learn_command(arguments: Namespace, progress: Progress) -> int:
    """Does what is asked for and returns the exit code: 0, or 1 where an answer is not right yet.

    Raises:
        SparkEtlError: There is no such lesson, it was not started, or its run can't be made.
    """
    home = Path(arguments.home).expanduser() if arguments.home else Path.home()
    desk = Desk(home, arguments.scratch_path, say=progress.line)
    return ACTIONS[arguments.action](desk, arguments)


def lesson_rows(rows: Sequence[LessonRow]) -> Iterator[list[str]]:
    """Yields the cells of a list of lessons."""
    for row in rows:
        hints = f"{row.hints} of {row.hints_of}"
        yield [str(row.number), row.title, row.state, hints, str(row.checks)]


def _list(desk: Desk, arguments: Namespace) -> int:
    rows = desk.list()
    if arguments.json:
        _write_json({"lessons": [asdict(row) for row in rows]})
    else:
        sys.stdout.write(text_table(COLUMNS, list(lesson_rows(rows))) + "\n")
    return 0


def _start(desk: Desk, arguments: Namespace) -> int:
    return _show(arguments, desk.start(_number(arguments), arguments.seed))


def _hint(desk: Desk, arguments: Namespace) -> int:
    return _show(arguments, desk.hint(arguments.lesson))


def _check(desk: Desk, arguments: Namespace) -> int:
    verdict = desk.check(arguments.lesson, arguments.feature, arguments.rows, arguments.of)
    _show(arguments, verdict)
    return 0 if verdict.solved else NO


def _reset(desk: Desk, arguments: Namespace) -> int:
    number = _number(arguments)
    if not arguments.yes and not _is_yes(number):
        return NO
    desk.reset(number)
    line = f"lesson {number} is as if it was never started"
    if arguments.json:
        _write_json({"number": number, "lines": [line]})
    else:
        sys.stdout.write(f"{line}\n")
    return 0


def _is_yes(number: int) -> bool:
    """Asks, where there is somebody to be asked."""
    if not sys.stdin.isatty() or not sys.stderr.isatty():
        raise ArgumentError("without a terminal, nothing is deleted without --yes", hint=f"learn reset {number} --yes")
    sys.stderr.write(f"Delete your project of lesson {number}? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def _number(arguments: Namespace) -> int:
    if arguments.lesson is None:
        raise ArgumentError(f"which lesson? learn {arguments.action} takes its number", hint="learn list")
    return int(arguments.lesson)


def _show(arguments: Namespace, made: Any) -> int:
    if arguments.json:
        _write_json(made.to_dict())
    else:
        sys.stdout.write(printable("\n".join(made.lines())) + "\n")
    return 0


def _write_json(content: dict[str, Any]) -> None:
    sys.stdout.write(printable_json(json.dumps(content, default=str)) + "\n")
    sys.stdout.flush()


ACTIONS: dict[str, Callable[[Desk, Namespace], int]] = {
    "list": _list,
    "start": _start,
    "hint": _hint,
    "check": _check,
    "reset": _reset,
}
