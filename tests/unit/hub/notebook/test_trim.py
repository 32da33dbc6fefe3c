"""What the image keeps of JupyterLab, and what it does not."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[4] / "hub" / "notebook" / "trim.py"
STAGING = "lib/python3.13/site-packages/jupyterlab/staging"
SERVER_CONFIG = "etc/jupyter/jupyter_server_config.d"


@pytest.fixture
def trim() -> ModuleType:
    spec = importlib.util.spec_from_file_location("notebook_trim", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def venv(tmp_path: Path) -> Path:
    """A virtual environment with one file of each kind, the name of each as its content."""
    for name in (
        f"{STAGING}/package.json",
        f"{STAGING}/yarn.js",
        f"{STAGING}/templates/partial.html",
        f"{SERVER_CONFIG}/jupyterlab.json",
        f"{SERVER_CONFIG}/jupyter-lsp-jupyter-server.json",
        "share/jupyter/lab/static/main.js",
        "share/jupyter/lab/static/main.js.map",
        "lib/python3.13/site-packages/rfc3987_syntax/syntax_rfc3987.lark",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_jupyterlab_keeps_what_it_reads_at_its_start(trim: ModuleType, venv: Path) -> None:
    trim.main(venv)

    assert names(venv) == {
        f"{STAGING}/package.json",
        f"{SERVER_CONFIG}/jupyterlab.json",
        "share/jupyter/lab/static/main.js",
    }
    assert (venv / STAGING / "package.json").read_text() == f"{STAGING}/package.json"


def test_a_jupyterlab_that_keeps_it_elsewhere_stops_the_build(trim: ModuleType, venv: Path) -> None:
    (venv / STAGING / "package.json").unlink()

    with pytest.raises(FileNotFoundError):
        trim.main(venv)
