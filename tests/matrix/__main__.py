"""Runs tests/spark on the image's own Spark and on each of tests/matrix/spark-*.lock, and prints a table.

python -m tests.matrix                          all of them
python -m tests.matrix --only 4.0 -k resume     one of them; what is not known here is passed on to pytest
"""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from sandbox_cli.console import Console
from sandbox_cli.errors import SandboxError
from sandbox_cli.settings import Settings, checked_stack
from sandbox_cli.stack.engine import connection
from sandbox_cli.stack.images.inventory import ensure_images
from tests.matrix import OWN, install
from tests.matrix.suite import Result, run_suite
from tests.support import leftovers

FOLDER = Path(__file__).resolve().parent
LOCKS = {path.stem.removeprefix("spark-"): path for path in sorted(FOLDER.glob("spark-*.lock"))}


def main() -> int:
    """Runs, prints, and returns 1 when a test failed anywhere, 2 when one of the Sparks could not be had."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a polite kill removes the container, too
    options, more = parse()
    try:
        leftovers.remove_stale()
        image = options.image or spark_image()
        results = [run(version, image, more, options.report) for version in options.only or sorted([OWN, *LOCKS])]
    except (SandboxError, install.InstallError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    print(table(results))
    return 0 if all(result.passes for result in results) else 1


def parse() -> tuple[argparse.Namespace, list[str]]:
    """Returns the options, and what is pytest's."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.matrix", description=(__doc__ or "").splitlines()[0], allow_abbrev=False
    )
    parser.add_argument("--only", action="append", choices=sorted([OWN, *LOCKS]), help="a line of Spark; repeatable")
    parser.add_argument("--image", help="an image to run in; default: the checkout's Spark image, built if need be")
    parser.add_argument("--report", type=Path, help="a JUnit file to write, of the last line of Spark that is run")
    return parser.parse_known_args()


def spark_image() -> str:
    """Returns the checkout's Spark image, as `sandbox up` builds it."""
    console, settings = Console(), Settings(stack=checked_stack(None))
    connected = connection.connect(console, settings)
    with console.stage("images") as stage:
        return ensure_images(connected, settings, stage, ["spark"])["spark"].id


def run(version: str, image: str, more: list[str], report: Path | None) -> Result:
    """Returns how the suite ended on one line of Spark."""
    lock = LOCKS.get(version)
    keys = [install.ensure(image, lock.read_bytes(), lock.name)] if lock else []
    keys.append(install.ensure(image, install.tools(), "pytest"))
    print(f"Spark {version}: tests/spark …", file=sys.stderr, flush=True)
    jars = None if lock else install.ensure_jars(image)  # they are for the image's own Spark
    result = run_suite(version, image, keys, home=keys[0] if lock else None, jars=jars, more=more, report=report)
    print(f"Spark {version}: {result}; its output: {result.log}", file=sys.stderr, flush=True)
    return result


def table(results: list[Result]) -> str:
    """Returns the table."""
    lines = [f"{'Spark':<8}{'passed':>8}{'failed':>8}{'skipped':>9}{'seconds':>9}"]
    lines += [f"{r.spark:<8}{r.passed:>8}{r.failed:>8}{r.skipped:>9}{r.seconds:>9.0f}" for r in results]
    return "\n".join(lines + [line for result in results for line in result.complaints])


if __name__ == "__main__":
    raise SystemExit(main())
