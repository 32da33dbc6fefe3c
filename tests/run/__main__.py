"""Runs everything CI runs, side by side where it can, and says how long each part took.

python -m tests.run                 all of it
python -m tests.run --fast          what needs no engine
python -m tests.run -k publish      what is not known here is passed on to pytest
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from tests.run.part import all_parts, fast_parts
from tests.run.runner import Runner
from tests.run.summary import SLOWEST, summary

SLOWEST_FAST = 5


def main() -> int:
    """Returns the exit code of the first part that failed, 130 after Ctrl-C, 143 after SIGTERM."""
    options, more = parse()
    folder = Path("build") / ("test-fast" if options.fast else "test")
    if sys.stdout.isatty():
        more = ["--color=yes", *more]
    parts = (fast_parts if options.fast else all_parts)(folder, more)
    for part in parts:
        if part.report:
            part.report.unlink(missing_ok=True)
    began = time.monotonic()
    runner = Runner(parts, folder, write)
    results = runner.run()
    print(f"\n{summary(results, time.monotonic() - began, SLOWEST_FAST if options.fast else SLOWEST)}", flush=True)
    return runner.code


def parse() -> tuple[argparse.Namespace, list[str]]:
    """Returns the options, and what is pytest's."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.run", description=(__doc__ or "").splitlines()[0], allow_abbrev=False
    )
    parser.add_argument("--fast", action="store_true", help="lint, types, arrows and unit tests only")
    return parser.parse_known_args()


def write(chunk: bytes) -> None:
    """Passes output on as it came."""
    sys.stdout.buffer.write(chunk)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    raise SystemExit(main())
