"""The notebooks, run cell by cell by a kernel in a spawned server, as a user would."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.hub import HubClient
from tests.support.sandbox import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))


def cells(path: Path) -> list[str]:
    document = json.loads(path.read_text())
    return ["".join(cell["source"]) for cell in document["cells"] if cell["cell_type"] == "code"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_outputs_are_stripped(path: Path) -> None:
    document = json.loads(path.read_text())

    assert not any(cell.get("outputs") for cell in document["cells"])
    assert not any(cell.get("execution_count") for cell in document["cells"])


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_cell_runs(engineer: HubClient, path: Path) -> None:
    with engineer.kernel() as kernel:
        kernel.run("import os; os.chdir(os.path.expanduser('~/notebooks'))")
        ran = [kernel.run(source) for source in cells(path)]

    assert ran


def test_the_first_one_shows_a_table_and_a_plot(engineer: HubClient) -> None:
    with engineer.kernel() as kernel:
        ran = [kernel.run(source) for source in cells(NOTEBOOKS[0])]

    assert any(cell.has("text/html") for cell in ran)
    assert any(cell.has("image/png") or cell.has("image/svg+xml") for cell in ran)
