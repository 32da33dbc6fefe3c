"""docs/variables.md has every variable that the sources use, and no other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "variables.md"
SOURCES = (
    "compose.yaml", "Makefile", ".ci", "sandbox_cli", "spark", "hub", "minio", "mail", "notebooks", "scripts", "bench",
    "tests/conftest.py", "tests/browser", "tests/faults", "tests/integration", "tests/matrix", "tests/run",
    "tests/spark", "tests/support",
)  # fmt: skip
LEFT_BY_TOOLS = {"__pycache__", "node_modules", ".ipynb_checkpoints"}
# Not the beginning of a longer name that is put together, such as f"SANDBOX_IMAGE_{name}".
VARIABLE = re.compile(r"\b(?:SANDBOX|SPARK_ETL)(?:_[A-Z0-9]+)+(?![A-Z0-9_])")
ROW = re.compile(r"^\| `([A-Z0-9_]+)` \| (.+?) \| (.+?) \| (.+?) \|$", re.MULTILINE)


def files() -> Iterator[Path]:
    for name in SOURCES:
        top = ROOT / name
        for path in [top] if top.is_file() else top.rglob("*"):
            if path.is_file() and not LEFT_BY_TOOLS & set(path.parts):
                yield path


def used() -> dict[str, set[str]]:
    """Returns the files that each variable is in."""
    found: dict[str, set[str]] = {}
    for path in files():
        for name in VARIABLE.findall(path.read_text(encoding="utf-8", errors="replace")):
            found.setdefault(name, set()).add(str(path.relative_to(ROOT)))
    return found


def documented() -> list[str]:
    return [row[0] for row in ROW.findall(PAGE.read_text(encoding="utf-8"))]


def test_every_variable_has_a_row() -> None:
    missing = {name: sorted(where) for name, where in used().items() if name not in documented()}
    assert not missing, f"not in {PAGE.relative_to(ROOT)}"


def test_every_row_is_of_a_variable_that_is_used() -> None:
    assert sorted(set(documented()) - used().keys()) == []


def test_no_variable_has_two_rows() -> None:
    assert sorted(documented()) == sorted(set(documented()))
