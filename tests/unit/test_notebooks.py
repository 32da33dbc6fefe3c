"""The shipped notebooks as files: clean, with names that stay, and in the list that leads to them."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
each = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def document(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text())
    return content


def code_cells(path: Path) -> list[dict[str, Any]]:
    return [cell for cell in document(path)["cells"] if cell["cell_type"] == "code"]


def python(source: str) -> str:
    """Returns what of a cell is Python: no line that is a shell's."""
    return "".join(line for line in source.splitlines(keepends=True) if not line.startswith("!"))


def test_they_are_numbered_without_a_gap() -> None:
    assert [path.name[:3] for path in NOTEBOOKS] == [f"{number:02}_" for number in range(1, len(NOTEBOOKS) + 1)]


@each
def test_outputs_are_stripped(path: Path) -> None:
    assert not any(cell["outputs"] or cell["execution_count"] for cell in code_cells(path))


@each
def test_cells_have_ids_that_stay(path: Path) -> None:
    content = document(path)

    assert (content["nbformat"], content["nbformat_minor"]) == (4, 5)
    assert [cell["id"] for cell in content["cells"]] == [f"cell-{at:02}" for at in range(len(content["cells"]))]


@each
def test_nothing_of_an_editor_is_left_in_them(path: Path) -> None:
    content = document(path)
    known = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}

    assert content["metadata"] == {"kernelspec": known, "language_info": {"name": "python"}}
    assert not any(cell["metadata"] for cell in content["cells"])
    assert path.read_text() == json.dumps(content, indent=1, ensure_ascii=False) + "\n"


@each
def test_each_begins_with_a_title(path: Path) -> None:
    first = document(path)["cells"][0]

    assert first["cell_type"] == "markdown"
    assert first["source"][0].startswith("# ")


@each
def test_each_cell_is_python_or_says_what_it_is(path: Path) -> None:
    for cell in code_cells(path):
        ast.parse(python("".join(cell["source"])))


@each
def test_what_it_names_is_there(path: Path) -> None:
    named = re.findall(r"\b(\d\d_\w+\.ipynb)", path.read_text())

    assert all((FOLDER / name).exists() for name in named), named


def test_the_readme_lists_all() -> None:
    listed = re.findall(r"\]\((\d\d_\w+\.ipynb)\)", (FOLDER / "README.md").read_text())

    assert listed == [path.name for path in NOTEBOOKS]
