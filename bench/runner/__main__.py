"""`make bench-runner`: the runner beside plain PySpark and its peers, as ratios of one session on one machine.

python -m bench.runner                          all figures at 10 million rows, on a stack of its own
python -m bench.runner --rows 500000            smaller
python -m bench.runner --only a,d               some of them; `--help` names them
"""

from __future__ import annotations

import argparse
import sys
import time

from bench.figures import Figure, report
from bench.runner.contest import Contest
from bench.runner.figures import WHAT, Figures
from bench.runner.lab import beside
from tests.support import leftovers
from tests.support.sandbox import Sandbox

ROWS = 10_000_000
UP_SECONDS = 3600


def main() -> int:
    """Measures, prints, and returns 1 when a figure is over its limit or could not be measured."""
    options = parse()
    started = time.monotonic()
    leftovers.remove_stale()
    with leftovers.own_name() as name:
        try:
            figures = on_stack(Sandbox(name, leftovers.home()), options.rows, options.only)
        finally:
            leftovers.remove(name)
    print(f"{options.rows:,} orders, Spark on 2 cores, a heap of 3 GB; ours / theirs, and after: s / s\n")
    seconds = round(time.monotonic() - started)
    code = report("bench-runner", figures, rows=options.rows, seconds=seconds)
    print(f"{seconds // 60} min {seconds % 60} s", file=sys.stderr)
    return code


def on_stack(sandbox: Sandbox, rows: int, only: str = "") -> list[Figure]:
    """Returns the figures, measured beside a stack that is brought up for it."""
    sandbox("up", "--no-sample", "--no-smoke-test", "--without", "history,mail", timeout=UP_SECONDS)
    with beside(sandbox.stack) as lab:
        return Figures(Contest(lab, rows), only or "".join(WHAT)).measured()


def parse() -> argparse.Namespace:
    """Returns the options."""
    names = "; ".join(f"{letter}: {what}" for letter, what in WHAT.items())
    parser = argparse.ArgumentParser(prog="python -m bench.runner", description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=ROWS, help="orders of the shop (default: %(default)s)")
    parser.add_argument("--only", default="", metavar="LETTERS", help=names)
    options = parser.parse_args()
    options.only = options.only.replace(",", "")
    unknown = set(options.only) - set(WHAT)
    if unknown or options.rows < 1:
        parser.error(f"--only takes letters of {', '.join(WHAT)}; --rows a number from 1")
    return options


if __name__ == "__main__":
    raise SystemExit(main())
