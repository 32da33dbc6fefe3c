"""Prints the figures as a table, and keeps them as JSON in build/bench.json.

python -m bench                   on a stack of its own, with the images that are there
python -m bench --rows 0          without the runner's figures, which take half an hour (see bench/runner)
python -m bench --cold --yes      deletes every image of the sandbox and Docker's build cache first
"""

from __future__ import annotations

import argparse
import time

from bench import hub, measure
from bench.figures import Figure, report
from bench.runner.__main__ import ROWS, on_stack
from tests.support import leftovers
from tests.support.sandbox import Sandbox


def main() -> int:
    """Measures, prints, and returns 1 when a figure is over its limit."""
    options = parse()
    leftovers.remove_stale()
    with leftovers.own_name() as name:
        sandbox = Sandbox(name, leftovers.home())
        try:
            figures = measured(sandbox, cold=options.cold)
            if options.rows:
                figures += on_stack(sandbox, options.rows)
        finally:
            leftovers.remove(name)
    return report("bench", figures)


def parse() -> argparse.Namespace:
    """Returns the options; without --yes, --cold asks before it deletes."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__.splitlines()[0])
    parser.add_argument("--cold", action="store_true", help="measure the first start: deletes images and build cache")
    parser.add_argument("--yes", action="store_true", help="don't ask before deleting")
    parser.add_argument("--rows", type=int, default=ROWS, help="orders for the runner's figures; 0: without them")
    options = parser.parse_args()
    if options.cold and not options.yes:
        answer = input("Delete every image `sandbox/*` and Docker's whole build cache? [y/N] ")
        if answer.strip().lower() not in {"y", "yes"}:
            parser.exit(2, "nothing was deleted\n")
    return options


def measured(sandbox: Sandbox, *, cold: bool) -> list[Figure]:
    """Returns all figures, in the order in which they can be measured."""
    figures = []
    if cold:
        figures.append(measure.cold_up(sandbox))
    else:
        sandbox("up", timeout=measure.COLD_SECONDS)
    sandbox("down")
    figures += [measure.warm_up(sandbox), measure.second_up(sandbox), *hub.starts(sandbox)]
    time.sleep(measure.SETTLE_SECONDS)
    figures += measure.idle_memory(sandbox)
    figures += hub.in_use(sandbox)
    figures.append(measure.down(sandbox))
    figures += measure.image_sizes()
    return figures


if __name__ == "__main__":
    raise SystemExit(main())
