"""The small notebooks that the page of runs opens: written once, and about nothing but a run."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from sandbox_lab.errors import RefusedError
from sandbox_lab.run_notebooks import open_run_notebook

RUN, OTHER = "20240229T101112Z-7f3a2c", "users/ada/shop/20240229T101111Z-7f3a2c"


@pytest.mark.parametrize(
    ("kind", "feature", "other", "path", "code"),
    [
        ("rows", "net", None, f"rows-{RUN}-net", f'run = runs["{RUN}"]\ncheckpoint = run["net"]'),
        ("replay", "net", None, f"replay-{RUN}-net", f'run = runs["{RUN}"]\nreplay = run.replay("net")'),
        ("diff", None, OTHER, f"diff-{RUN}-users_ada_shop_20240229T101111Z-7f3a2c", f'runs.diff("{OTHER}", "{RUN}")'),
    ],
)
def test_it_is_written_once(
    tmp_path: Path, kind: str, feature: str | None, other: str | None, path: str, code: str
) -> None:
    made = open_run_notebook(tmp_path, kind, RUN, feature, other)
    assert made == {"path": f"runs/{path}.ipynb"}
    file = tmp_path / made["path"]
    notebook = nbformat.read(file, as_version=4)
    nbformat.validate(notebook)
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    assert code in cells[0]
    for cell in cells:
        compile(cell, kind, "exec")
    file.write_text("mine")
    open_run_notebook(tmp_path, kind, RUN, feature, other)
    assert file.read_text() == "mine"


@pytest.mark.parametrize(
    ("kind", "run", "feature", "other"),
    [
        ("nothing", RUN, "net", None),
        ("rows", RUN, None, None),
        ("rows", RUN, 'x"]; import os', None),
        ("rows", '"]; import os; ["', "net", None),
        ("rows", "../../etc", "net", None),
        ("rows", "/etc/passwd", "net", None),
        ("rows", "x" * 5000, "net", None),
        ("diff", RUN, None, None),
        ("diff", RUN, None, "a b"),
    ],
)
def test_what_is_no_name_is_refused(
    tmp_path: Path, kind: str, run: str, feature: str | None, other: str | None
) -> None:
    with pytest.raises(RefusedError) as refused:
        open_run_notebook(tmp_path, kind, run, feature, other)
    assert refused.value.status == 422
    assert not list(tmp_path.iterdir())


def test_a_home_that_takes_none_is_said(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("in the way")
    with pytest.raises(RefusedError, match="can't be written") as refused:
        open_run_notebook(tmp_path, "rows", RUN, "net", None)
    assert "in the way" in str(refused.value.hint)


def test_each_run_has_its_own_and_no_name_is_too_long(tmp_path: Path) -> None:
    paths = {open_run_notebook(tmp_path, "rows", run, "net", None)["path"] for run in (RUN, f"users/ada/shop/{RUN}")}
    long = "x" * 190
    paths |= {
        open_run_notebook(tmp_path, "rows", f"users/{long}/{RUN}", name, None)["path"] for name in (long, "y" + long)
    }
    assert len(paths) == 4
    assert open_run_notebook(tmp_path, "diff", RUN, "x" * 4000, OTHER)["path"].startswith("runs/diff-")
