"""Takes out of the virtual environment what a user's server never reads: build tools, source maps, tests."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

FILES = (
    "share/jupyter/lab/static/*.map",
    "share/jupyterhub/static/**/*.map",
    "share/jupyter/lab/static/**/*.LICENSE.txt",
    # Server extensions that no page of ours uses. The first looks for twenty language servers at each start.
    "etc/jupyter/jupyter_server_config.d/jupyter-lsp*.json",
    "etc/jupyter/jupyter_server_config.d/notebook_shim.json",
    # Of nbdime, the comparison is used, and none of its pages.
    "etc/jupyter/jupyter_server_config.d/nbdime.json",
    "etc/jupyter/jupyter_server_config.d/jupyter_server_mathjax.json",
)
FOLDERS = (
    "share/jupyter/lab/staging",
    "lib/python3.13/site-packages/jupyterlab/staging",
    "lib/python3.13/site-packages/jupyterlab/tests",
    "lib/python3.13/site-packages/jupyterlab/galata",
    "lib/python3.13/site-packages/matplotlib/tests",
    "lib/python3.13/site-packages/mpl_toolkits/*/tests",
    "lib/python3.13/site-packages/matplotlib/mpl-data/sample_data",
    "lib/python3.13/site-packages/*/tests",
    "lib/python3.13/site-packages/nbdime/webapp/static",
    "lib/python3.13/site-packages/jupyter_server_mathjax/static",
    "share/jupyter/labextensions/nbdime-jupyterlab",
    "share/jupyter/nbextensions/nbdime",
    "share/man",
    "share/jupyterhub/static/components",
    # jsonschema would read the grammar of IRIs at each start: half a second, and 15 MB of every idle server, for a
    # format that no schema here has. Without it that format is not checked.
    "lib/python3.13/site-packages/rfc3987_syntax",
)
# In one of the folders, but JupyterLab reads it at its start.
KEPT = ("lib/python3.13/site-packages/jupyterlab/staging/package.json",)


def main(root: Path) -> None:
    """Removes them and prints how much that was.

    Raises:
        FileNotFoundError: What must be kept is not there.
    """
    kept = {root / name: (root / name).read_bytes() for name in KEPT}
    freed = sum(removed(path) for pattern in (*FILES, *FOLDERS) for path in list(root.glob(pattern)))
    for path, content in kept.items():
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    sys.stdout.write(f"{freed / 1e6:.0f} MB removed\n")


def removed(path: Path) -> int:
    """Removes a file or a folder and returns its size in bytes."""
    if not path.is_dir():
        size = path.stat().st_size
        path.unlink()
        return size
    size = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    shutil.rmtree(path)
    return size


if __name__ == "__main__":
    main(Path(sys.argv[1]))
