"""Only `spark_etl.store` knows how a run is laid out: no other code names its files or takes its paths apart."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from spark_etl.store import layout

ROOT = Path(__file__).resolve().parents[2]
PLACES = ("spark/spark_etl", "spark/pipelines", "hub", "sandbox_cli", "bench")
STORE = ROOT / "spark/spark_etl/store"
NAMES = {
    layout.RUN_FILE,
    layout.LOG_FILE,
    layout.INPUTS_FILE,
    layout.HEARTBEAT_FILE,
    layout.DECISION_FILE,
    layout.MANIFEST_FILE,
    layout.FAILURE_FILE,
    layout.SOURCES_FOLDER,
    layout.SOURCES_FILE,
    layout.INDEX_FOLDER,
    layout.CODE_FOLDER,
}
KEY_NAME = re.compile(rf"(?<![\w.-])({'|'.join(map(re.escape, sorted(NAMES)))})(?![\w.-])")
# Keys of a run's document that nothing else has.
DOCUMENT_KEYS = {"reused_from", "after_failure", "project_path", "config_path", "start_date", "end_date", "resumed"}


def sources() -> list[Path]:
    return sorted(path for place in PLACES for path in (ROOT / place).rglob("*.py") if not path.is_relative_to(STORE))


def docstrings(tree: ast.AST) -> set[int]:
    """Returns the lines on which texts that stand for themselves begin."""
    return {node.value.lineno for node in ast.walk(tree) if isinstance(node, ast.Expr) and _is_text(node.value)}


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def key_names(source: str) -> Iterator[tuple[int, str]]:
    """Yields line and text of each name of a run's file; a sentence with spaces is a message, not a path."""
    tree = ast.parse(source)
    skipped = docstrings(tree)
    for node in ast.walk(tree):
        if _is_text(node) and node.lineno not in skipped:  # type: ignore[attr-defined]
            text = str(node.value)  # type: ignore[attr-defined]
            if KEY_NAME.search(text) and " " not in text.strip():
                yield node.lineno, text  # type: ignore[attr-defined]


def looked_up_keys(source: str) -> Iterator[tuple[int, str]]:
    """Yields line and key of each look into a document by name."""
    for node in ast.walk(ast.parse(source)):
        key = None
        if isinstance(node, ast.Subscript):
            key = node.slice
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get":
            key = node.args[0] if node.args else None
        if key is not None and _is_text(key) and key.value in DOCUMENT_KEYS:  # type: ignore[attr-defined]
            yield node.lineno, key.value  # type: ignore[attr-defined]


@pytest.mark.parametrize("find", [key_names, looked_up_keys])
def test_nothing_else_knows_the_layout(find) -> None:
    found = [f"{path.relative_to(ROOT)}:{line}: {text}" for path in sources() for line, text in find(path.read_text())]
    assert found == []


@pytest.mark.parametrize(
    ("find", "source"),
    [
        (key_names, 'x = join(folder, "_manifest.json")'),
        (key_names, 'PATH = f"{root}/run.json"'),
        (looked_up_keys, 'content["reused_from"]'),
        (looked_up_keys, 'content.get("start_date", "")'),
    ],
)
def test_what_is_looked_for_is_found(find, source: str) -> None:
    assert list(find(source))
