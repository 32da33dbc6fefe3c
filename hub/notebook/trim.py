"""Takes out of the virtual environment what a user's server never reads: build tools, source maps, tests."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

FILES = ("share/jupyter/lab/static/*.map", "share/jupyterhub/static/**/*.map", "share/jupyter/lab/static/**/*.LICENSE.txt")
FOLDERS = (
    "share/jupyter/lab/staging",
    "lib/python3.13/site-packages/jupyterlab/staging",
    "lib/python3.13/site-packages/jupyterlab/tests",
    "lib/python3.13/site-packages/jupyterlab/galata",
    "lib/python3.13/site-packages/matplotlib/tests",
    "lib/python3.13/site-packages/mpl_toolkits/*/tests",
    "lib/python3.13/site-packages/matplotlib/mpl-data/sample_data",
    "lib/python3.13/site-packages/*/tests",
    "share/man",
    "share/jupyterhub/static/components",
)


def main(root: Path) -> None:
    """Removes them and prints how much that was."""
    freed = 0
    for pattern in FILES:
        for path in root.glob(pattern):
            freed += path.stat().st_size
            path.unlink()
    for pattern in FOLDERS:
        for path in root.glob(pattern):
            freed += sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
            shutil.rmtree(path)
    print(f"{freed / 1e6:.0f} MB removed")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
