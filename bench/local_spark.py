"""What is measured on local Spark: it needs Java, and an environment with pyspark."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.figures import Figure, report

LOCK = Path(__file__).with_name("feature_case_peers.lock")


def measure(name: str, title: str, what: Figure, figures: Callable[[Path, Path], Sequence[Figure]]) -> int:
    """Measures as the command line says, prints, and returns 1 when a figure is over its limit.

    Args:
        name: Of the module in `bench`, and of the report.
        title: Of its help.
        what: The figure of a machine without Java.
        figures: Measures, given the environment's Python and an empty folder.
    """
    parser = argparse.ArgumentParser(prog=f"python -m bench.{name}", description=title)
    parser.add_argument("--python", type=Path, help="the Python of an environment that has the packages of the lock")
    options = parser.parse_args()
    named = f"bench-{name.replace('_', '-')}"
    if shutil.which("java") is None:
        return report(named, [what])
    with tempfile.TemporaryDirectory(prefix=f"{named}-") as folder:
        python = options.python or _environment(Path(folder))
        return report(named, figures(python, Path(folder)))


def _environment(folder: Path) -> Path:
    """Returns the Python of a new environment with the packages of the lock."""
    python, uv = folder / "venv" / "bin" / "python", str(Path(sys.executable).with_name("uv"))
    subprocess.run([uv, "--quiet", "venv", str(folder / "venv")], check=True)
    subprocess.run(
        [uv, "--quiet", "pip", "install", "-p", str(python), "--require-hashes", "-r", str(LOCK)], check=True
    )
    return python
