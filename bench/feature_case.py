"""How long a test by `feature_case` takes, beside the same one by pytest-spark and chispa. No stack; Java is needed.

python -m bench.feature_case            30 tests of one feature on each side, twice, one after the other
python -m bench.feature_case --python P  with the packages of that Python, instead of an environment made from the lock

Each side runs in a process of its own, with a local Spark that its first test starts.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from bench.figures import Figure
from bench.local_spark import measure
from tests.support.sandbox import ROOT

HERE = Path(__file__).parent
ROUNDS = 2
PLUGINS = {"ours": "spark_etl.testing.plugin", "peer": "pytest_spark"}


@dataclass(frozen=True)
class Taken:
    """What a side has taken, in seconds.

    Attributes:
        first: Its first test, with the start of Spark.
        test: Any further one: their median.
        whole: The process.
    """

    first: float
    test: float
    whole: float


def main() -> int:
    """Measures, prints, and returns 1 when a figure is over its limit."""
    missing = Figure("feature_case / pytest-spark", None, "×", missing="java")
    return measure("feature_case", (__doc__ or "").splitlines()[0], missing, measured)


def measured(python: Path, folder: Path) -> list[Figure]:
    """Returns the figures of all rounds."""
    return figures([{side: taken(python, side, folder) for side in PLUGINS} for _ in range(ROUNDS)])


def taken(python: Path, side: str, folder: Path) -> Taken:
    """Runs the tests of a side, and returns what they took."""
    found, file = folder / f"{side}.xml", HERE / "feature_tests" / f"{side}_test.py"
    own = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": f"{ROOT / 'spark'}{os.pathsep}{file.parent}"}
    argv = [str(python), "-m", "pytest", "-q", "-c", os.devnull, "--rootdir", str(folder), "-p", "no:cacheprovider"]
    argv += ["-p", PLUGINS[side], "-o", "junit_duration_report=total", f"--junitxml={found}", str(file)]
    began = time.monotonic()
    done = subprocess.run(
        argv,
        cwd=folder,
        env={**os.environ, **own, "PYSPARK_PYTHON": str(python)},
        capture_output=True,
        text=True,
        check=False,
    )
    whole = time.monotonic() - began
    if done.returncode:
        raise SystemExit(f"the tests of {side} failed:\n{done.stdout[-4000:]}\n{done.stderr[-2000:]}")
    first, *others = (float(case.attrib["time"]) for case in ElementTree.parse(found).iter("testcase"))  # noqa: S314
    return Taken(first, statistics.median(others), whole)


def figures(rounds: list[dict[str, Taken]]) -> list[Figure]:
    """Returns the best of both sides, and the ratios of these."""
    best = {
        side: Taken(*(min(getattr(each[side], name) for each in rounds) for name in ("first", "test", "whole")))
        for side in PLUGINS
    }
    ours, peer = best["ours"], best["peer"]
    what = {"test": "a test", "first": "the first test, which starts Spark", "whole": "30 tests, as a process"}
    return [
        Figure(
            f"feature_case / pytest-spark with chispa: {text}",
            getattr(ours, name) / getattr(peer, name),
            "×",
            limit=1.0,
            detail=f"{getattr(ours, name):.3f} s, {getattr(peer, name):.3f} s",
        )
        for name, text in what.items()
    ]


if __name__ == "__main__":
    raise SystemExit(main())
