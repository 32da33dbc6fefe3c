"""Solves each lesson on local Spark; prints one JSON line for each, with what the check took. See bench/learn.py."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from spark_etl.learning.desk import Desk
from spark_etl.learning.lesson import Lesson, load_lessons

SEED = 20240229


def main() -> None:
    """Solves the lessons, one after the other."""
    for lesson in load_lessons():
        with tempfile.TemporaryDirectory(prefix="bench-learn-") as home:
            print(json.dumps(solve(lesson, Path(home))), flush=True)


def solve(lesson: Lesson, home: Path) -> dict[str, object]:
    """Starts a lesson, gives the right answer, and returns what its check took, in seconds."""
    desk, given, number = Desk(home), lesson.for_seed(SEED), lesson.number
    started = desk.start(number, SEED)
    file = lesson.declared.bug.file
    (Path(started.folder) / file).write_text(given.project("", right=True)[file])
    verdict = desk.check(number, given.feature, given.solution, given.frame)
    if not verdict.solved:
        raise SystemExit(f"lesson {number} is not solved: {verdict.findings}")
    return {"number": number, "seconds": verdict.seconds, "beyond_replay": verdict.beyond_replay}


if __name__ == "__main__":
    main()
