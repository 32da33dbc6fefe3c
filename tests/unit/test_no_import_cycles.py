"""No circle of imports, neither between modules nor between the packages and modules of one folder.

The contract in pyproject.toml holds this for what is imported when code runs. Here, what is imported for its types
counts, too.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterable
from graphlib import CycleError, TopologicalSorter

import grimp
import pytest

from tests.support.sandbox import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
LINTER = PROJECT["importlinter"]
# For types only, so the contract does not see it. What compares runs lies above what reads them, and is looked up when
# somebody calls `run.diff(other)` or `run.debug()`.
OF_TYPES = [
    "bounded_http.request_guard -> bounded_http.server",
    *(f"spark_etl.reading.{module} -> spark_etl.compare" for module in ("catalog", "checkpoint", "comparing", "run")),
    *(f"spark_etl.reading.comparing -> spark_etl.reading.{module}" for module in ("catalog", "checkpoint", "run")),
    *(f"spark_etl.reading.debugging -> spark_etl.debugging.notebook.{part}" for part in ("debugger", "notebook_file")),
    *(f"spark_etl.reading.{module} -> spark_etl.reading.run" for module in ("asserting", "debugging")),
]


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    """All our modules, without the imports that the contract leaves out."""
    before = list(sys.path)
    sys.path[:0] = [str(ROOT / folder) for folder in PROJECT["pytest"]["ini_options"]["pythonpath"]]
    try:
        found = grimp.build_graph(*LINTER["root_packages"], exclude_type_checking_imports=False, cache_dir=None)
    finally:
        sys.path[:] = before
    (contract,) = [each for each in LINTER["contracts"] if each["type"] == "acyclic_siblings"]
    for arrow in [*contract.get("ignore_imports", []), *OF_TYPES]:
        importer, imported = arrow.split(" -> ")
        found.remove_import(importer=importer, imported=imported)
    return found


def circle(imports: dict[str, set[str]]) -> str | None:
    """Returns a circle as `a -> b -> a`; None if there is none."""
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        return " -> ".join(reversed(error.args[1]))
    return None


def test_modules_do_not_import_each_other_in_a_circle(graph: grimp.ImportGraph) -> None:
    assert circle({module: graph.find_modules_directly_imported_by(module) for module in graph.modules}) is None


def test_packages_do_not_import_each_other_in_a_circle(graph: grimp.ImportGraph) -> None:
    circles = [circle(siblings(graph, graph.find_children(package))) for package in sorted(graph.modules)]
    assert [each for each in circles if each] == []


def siblings(graph: grimp.ImportGraph, children: Iterable[str]) -> dict[str, set[str]]:
    """Returns which of the children of one package import which others, with all that is in them."""
    inside = {module: child for child in children for module in {child, *graph.find_descendants(child)}}
    imports: dict[str, set[str]] = {child: set() for child in children}
    for module, child in inside.items():
        others = {inside.get(imported, child) for imported in graph.find_modules_directly_imported_by(module)}
        imports[child] |= others - {child}
    return imports


def test_a_circle_is_found() -> None:
    found = circle({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}})
    assert found in {"a -> b -> c -> a", "b -> c -> a -> b", "c -> a -> b -> c"}
    assert circle({"a": {"b", "c"}, "b": {"c"}}) is None
