"""The cells of a debug notebook, as the file has them."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from spark_etl import bounded_json
from spark_etl.errors import ArgumentError, DamagedError
from spark_etl.printable import printable

KEY = "sandbox_debug"  # of what the sandbox knows, in the metadata of the notebook and of a cell
SETUP, TRANSFORM, REPLAY = "setup", "transform:", "replay"  # parts
OPENS = "debug = "  # the line of the setup that makes a debugger
# Notebooks hold pictures and tables.
LARGEST, IN_OBJECTS = 256 << 20, 1 << 30
LONGEST_SHOWN = 80


class Cell(NamedTuple):
    """A code cell.

    Attributes:
        number: Which cell of the notebook it is, from 1.
        execution: The number that Jupyter shows beside it; None if it was not run.
        part: What it is a part of, such as `transform:2` or `input:orders`; None of one that somebody has added.
        text: Its source.
    """

    number: int
    execution: int | None
    part: str | None
    text: str

    @property
    def name(self) -> str:
        """How messages call it."""
        beside = f" [{self.execution}]" if self.execution is not None else ""
        return f"cell {self.number}{beside}"


def code_cells(notebook: Mapping[str, Any]) -> Iterator[Cell]:
    """Yields the code cells of a notebook, in their order."""
    cells = notebook.get("cells")
    for number, cell in enumerate(cells if isinstance(cells, list) else (), 1):
        if isinstance(cell, Mapping) and cell.get("cell_type") == "code":
            count = cell.get("execution_count")
            part = _mapping(_mapping(cell.get("metadata")).get(KEY)).get("part")
            yield Cell(number, count if isinstance(count, int) else None, _text(part), source_of(cell))


def source_of(cell: Mapping[str, Any]) -> str:
    """Returns the text of a cell, which a file may have as lines."""
    source = cell.get("source")
    return "".join(map(str, source)) if isinstance(source, list) else str(source or "")


def debug_metadata(notebook: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns what a debug notebook says of itself: run, feature, file, class, folder, parts.

    Raises:
        ArgumentError: It is no debug notebook.
    """
    known = _mapping(_mapping(notebook.get("metadata")).get(KEY))
    if not isinstance(known.get("run"), str) or not isinstance(known.get("feature"), str):
        raise ArgumentError("this is no debug notebook", hint="./sandbox debug RUN/FEATURE makes one")
    return known


def known_parts(known: Mapping[str, Any]) -> dict[str, str]:
    """Returns part → text of the code cells as they were written; empty where the notebook has no code.

    Args:
        known: What the notebook says of itself.

    Raises:
        ArgumentError: That was changed by hand, or by another program.
    """
    parts = known.get("parts") or {}
    if not isinstance(parts, Mapping) or not all(isinstance(text, str) for text in parts.values()):
        raise ArgumentError(
            "what this notebook says of its cells was changed: `parts` in its metadata",
            hint=f"./sandbox debug {known['run']}/{known['feature']} --new, and make the changes there",
        )
    return {str(name): text for name, text in parts.items()}


def read_notebook(file: Path) -> dict[str, Any]:
    """Returns a notebook as its file has it.

    Raises:
        ArgumentError: There is no such file, or it is no notebook.
    """
    try:
        with file.open("rb") as content:
            found = bounded_json.parse(
                content.read(LARGEST + 1),
                str(file),
                largest=LARGEST,
                in_objects=IN_OBJECTS,
                in_memory=IN_OBJECTS,
                finite=False,
            )
    except OSError as error:
        raise ArgumentError(f"{file} can't be read: {error.strerror}", hint="./sandbox debug RUN/FEATURE") from error
    except DamagedError as error:
        raise ArgumentError(f"{file} is no notebook: {error.message}", hint="./sandbox debug RUN/FEATURE") from error
    if not isinstance(found, dict):
        raise ArgumentError(f"{file} is no notebook", hint="./sandbox debug RUN/FEATURE")
    return found


def shown(text: str) -> str:
    """Returns the beginning of a cell, or of a part of it, as one line."""
    line = next((each.strip() for each in text.splitlines() if each.strip() and not each.strip().startswith("#")), "")
    cut = line if len(line) <= LONGEST_SHOWN else f"{line[:LONGEST_SHOWN]}…"
    return printable(cut, one_line=True)


# What shows something of a frame, and what changes something on the way to it.
LOOKS = {
    *("collect", "count", "describe", "display", "explain", "first", "head", "isEmpty", "limit", "printSchema"),
    *("sample", "show", "summary", "tail", "take", "toPandas"),
}
EFFECTS = {
    *("append", "cache", "checkpoint", "localCheckpoint", "persist", "pop", "unpersist", "update", "write", "writeTo"),
    *("createGlobalTempView", "createOrReplaceGlobalTempView", "createOrReplaceTempView", "createTempView"),
}
LOOKING_FUNCTIONS = {"dir", "display", "help", "len", "print", "repr", "type"}


def only_looks(nodes: Sequence[ast.stmt]) -> bool:
    """Returns whether statements only show something: `orders`, `orders.show()`, `debug.head(orders)`, `print(…)`."""
    return bool(nodes) and all(isinstance(node, ast.Expr) and _looks(node.value) for node in nodes)


def _looks(node: ast.expr) -> bool:
    inside = list(ast.walk(node))
    if any(isinstance(each, ast.NamedExpr | ast.Await | ast.Yield | ast.YieldFrom) for each in inside):
        return False
    if not isinstance(node, ast.Call):
        has_calls = any(isinstance(each, ast.Call) for each in inside)
        return not has_calls and not isinstance(node, ast.Constant)
    if isinstance(node.func, ast.Name):
        return node.func.id in LOOKING_FUNCTIONS
    if not isinstance(node.func, ast.Attribute):
        return False
    if isinstance(node.func.value, ast.Name) and node.func.value.id == "debug":
        return True
    changes = any(isinstance(each, ast.Attribute) and each.attr in EFFECTS for each in inside)
    return node.func.attr in LOOKS and not changes


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
