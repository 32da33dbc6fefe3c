"""A test on the stack looks at its own runs, whatever the tests before it have left there."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[2]
ON_THE_STACK = [file for name in ("integration", "browser", "faults") for file in sorted((TESTS / name).glob("*.py"))]
FILTERS = {"--team", "--pipeline"}


def problems(source: str) -> list[str]:
    """Returns what a test takes of `runs list` that depends on the other tests.

    1. One by its place, of all runs: the newest may be another test's.
    2. One by its id, though it may lie below `users/`, where only its name finds it.
    """
    tree = ast.parse(source)
    listed = {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and _lists_all(node.value)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    found = [f"line {node.lineno}: by its place" for node in ast.walk(tree) if _is_by_place(node, listed)]
    return found + [f"{name}: by its id" for name in _named_by_id(tree)]


def _is_by_place(node: ast.AST, listed: set[str]) -> bool:
    if not isinstance(node, ast.Subscript) or isinstance(node.slice, ast.Name):
        return False
    if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
        return False
    return _lists_all(node.value) or (isinstance(node.value, ast.Name) and node.value.id in listed)


def _lists_all(node: ast.AST) -> bool:
    return any(not FILTERS & words for words in _lists(node))


def _named_by_id(tree: ast.Module) -> Iterator[str]:
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        words = _words(function)
        if any(_lists(function)) and "run_id" in words and "/" not in words and any(map(_names, ast.walk(function))):
            yield function.name


def _names(node: ast.AST) -> bool:
    """Returns whether something is a run that is looked up: `runs[…]` in code of a notebook, or a command about it."""
    if isinstance(node, ast.JoinedStr):
        return "runs[" in ast.unparse(node)
    return (
        isinstance(node, ast.Call) and "runs" in _words(node) and any("['run_id']" in ast.unparse(a) for a in node.args)
    )


def _lists(node: ast.AST) -> Iterator[set[str]]:
    """Yields the words of each call of `runs list`."""
    for call in (each for each in ast.walk(node) if isinstance(each, ast.Call)):
        words = {each.value for each in call.args if isinstance(each, ast.Constant)}
        if {"runs", "list"} <= words:
            yield {str(word) for word in words}


def _words(node: ast.AST) -> set[str]:
    return {each.value for each in ast.walk(node) if isinstance(each, ast.Constant) and isinstance(each.value, str)}


@pytest.mark.parametrize("file", ON_THE_STACK, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_no_run_is_another_tests(file: Path) -> None:
    assert not problems(file.read_text())


@pytest.mark.parametrize(
    ("body", "count"),
    [
        ('stack("runs", "list", "--json").json[0]["status"]', 1),
        ('stack("runs", "list", "--json").json[-1]', 1),
        ('found = stack("runs", "list", "--json").json; found[0]["status"]', 1),
        ('stack("runs", "list", "--team", "mine", "--json").json[0]', 0),
        ('for run in stack("runs", "list").json: run["run_id"] == ID; stack("runs", "show", ID)', 0),
        ('''for run in stack("runs", "list").json: f"runs[{run['run_id']}]"''', 1),
        ("""for run in stack("runs", "list").json: stack("runs", "show", run["run_id"])""", 1),
        ("""for run in stack("runs", "list").json: stack("runs", "show", run["name"])""", 0),
        ('''for run in stack("runs", "list").json: "/" in run["name"] or f"runs[{run['run_id']}]"''', 0),
    ],
)
def test_such_a_run_is_found(body: str, count: int) -> None:
    assert len(problems(f"def test(stack):\n    {body}\n")) == count
