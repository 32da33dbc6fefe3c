"""The notebooks, run cell by cell by a kernel in a spawned server, as a user would."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sandbox_cli.stack.hub.kernel import CellOutput
from tests.support.hub import HubClient
from tests.support.kernel import UserKernel
from tests.support.sandbox import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
AT_HOME = "import os; os.chdir(os.path.expanduser('~/notebooks'))"


def cells(path: Path) -> list[str]:
    document = json.loads(path.read_text())
    return ["".join(cell["source"]) for cell in document["cells"] if cell["cell_type"] == "code"]


def run_all(kernel: UserKernel, path: Path) -> list[CellOutput]:
    """Runs every cell; fails at the first that raises."""
    return [kernel.run(source) for source in cells(path)]


def draws(source: str) -> bool:
    return "plt.show()" in source


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_cell_runs(engineer: HubClient, path: Path) -> None:
    with engineer.kernel() as kernel:
        kernel.run(AT_HOME)
        ran = run_all(kernel, path)
        assert any(cell.has_type("text/html") for cell in ran)
        assert [cell.has_type("image/png") for cell in ran] == [draws(source) for source in cells(path)]
