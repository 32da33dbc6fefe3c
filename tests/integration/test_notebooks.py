"""The notebooks, run cell by cell by a kernel in a spawned server, as a user would."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.hub import HubClient
from tests.support.kernel import Kernel, Ran
from tests.support.sandbox import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
AT_HOME = "import os; os.chdir(os.path.expanduser('~/notebooks'))"
RUNS_OF_03 = """
found = runs.at("s3a://scratch/users/").list(team=os.environ["USER"], pipeline="billing", limit=2)
print([run.status for run in found], found[0].content["resumed"] == found[1].id)
"""


def cells(path: Path) -> list[str]:
    document = json.loads(path.read_text())
    return ["".join(cell["source"]) for cell in document["cells"] if cell["cell_type"] == "code"]


def run_all(kernel: Kernel, path: Path) -> list[Ran]:
    """Runs every cell; fails at the first that raises."""
    return [kernel.run(source) for source in cells(path)]


def draws(source: str) -> bool:
    return "plt.show()" in source


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_cell_runs_and_then_once_more(engineer: HubClient, path: Path) -> None:
    with engineer.kernel() as kernel:
        kernel.run(AT_HOME)
        for ran in (run_all(kernel, path), run_all(kernel, path)):
            assert any(cell.has("text/html") for cell in ran)
            assert [cell.has("image/png") for cell in ran] == [draws(source) for source in cells(path)]


def test_the_run_that_fails_and_the_one_that_mends_it_are_the_users_own(engineer: HubClient) -> None:
    (path,) = [path for path in NOTEBOOKS if path.stem.startswith("03_")]
    with engineer.kernel() as kernel:
        run_all(kernel, path)

        assert kernel.run(RUNS_OF_03).text.strip() == "['succeeded', 'failed'] True"
