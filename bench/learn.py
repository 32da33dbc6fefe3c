"""How long the check of a lesson takes beyond the replay with the fix. No stack; Java is needed.

python -m bench.learn             each lesson, solved on local Spark
python -m bench.learn --python P  with the packages of that Python, instead of an environment made from the lock
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from bench.figures import Figure
from bench.local_spark import measure
from tests.support.sandbox import ROOT

BEYOND_REPLAY_SECONDS = 2.0


def main() -> int:
    """Measures, prints, and returns 1 when a figure is over its limit."""
    missing = Figure("a check, beyond its replay", None, "s", missing="java")
    return measure("learn", (__doc__ or "").splitlines()[0], missing, lambda python, _: list(figures(python)))


def figures(python: Path) -> Iterator[Figure]:
    """Yields the figure of each lesson, the replay as its raw cost."""
    done = subprocess.run(
        [str(python), str(Path(__file__).with_name("lesson_checks.py"))],
        env={**os.environ, "PYTHONPATH": str(ROOT / "spark"), "PYSPARK_PYTHON": str(python)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    for line in done.stdout.splitlines():
        if not line.startswith("{"):
            continue
        found = json.loads(line)
        yield Figure(
            f"lesson {found['number']}: a check, beyond its replay",
            found["beyond_replay"],
            "s",
            limit=BEYOND_REPLAY_SECONDS,
            raw=found["seconds"] - found["beyond_replay"],
            note="the replay",
        )


if __name__ == "__main__":
    raise SystemExit(main())
