"""Features as cells, and cells as JupyterLab leaves them."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from spark_etl.debugging.notebook.join import Edited, edited_module
from spark_etl.debugging.notebook.lines import with_indent
from spark_etl.debugging.notebook.split import TransformCells, split_transform

from tests.support.sandbox import ROOT

PROJECTS = (
    "spark/pipelines/revenue",
    "spark/pipelines/pricing",
    "tests/fixtures/outside_project",
    "bench/runner/inside/shop",
)
Cells = Sequence[tuple[str | None, str]]
FILE, CLASS = "features.py", "features.Feature"
IMPORT = "from spark_etl import SparkFeature\n\n\n"


def module(body: str, signature: str = "self, spark, start_date, end_date, orders", above: str = "") -> str:
    """Returns a module whose class has a `transform` of that body."""
    lines = "\n".join(with_indent(textwrap.dedent(body).strip("\n"), " " * 8))
    head = f"class Feature(SparkFeature):\n    def transform({signature}):\n"
    return f"{textwrap.dedent(above).lstrip()}{IMPORT}{head}{lines}\n"


def split(text: str) -> TransformCells:
    return split_transform({FILE: text}, CLASS)


def notebook(
    code: Mapping[str, str], class_path: str, cells: Cells | None = None, others: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Returns a notebook with the cells of `transform`: as they were written, or other ones, by part and text.

    Args:
        code: Path → text.
        class_path: The feature's class.
        cells: What it has now.
        others: Part → text of other cells that were written with it.
    """
    made = split_transform(code, class_path)
    parts = {f"transform:{number}": text for number, text in enumerate(made.cells)}
    shown = list(parts.items()) if cells is None else cells
    known = {
        "run": "RUN",
        "feature": "feature",
        "class": class_path,
        "file": made.file,
        "parts": {**parts, **(others or {})},
    }
    return {
        "cells": [
            {
                "cell_type": "code",
                "execution_count": None,
                "metadata": {"sandbox_debug": {"part": part}} if part else {},
                "source": text.splitlines(keepends=True),
            }
            for part, text in shown
        ],
        "metadata": {"sandbox_debug": known},
    }


def join(text: str, cells: Cells, others: Mapping[str, str] | None = None) -> Edited:
    """Returns what comes of a module's `transform` with other cells."""
    return edited_module({FILE: text}, notebook({FILE: text}, CLASS, cells, others))


def parts(text: str) -> list[tuple[str | None, str]]:
    """Returns the cells of a module's `transform`, to be edited."""
    return [(f"transform:{number}", cell) for number, cell in enumerate(split(text).cells)]


def sample_projects() -> Iterator[tuple[dict[str, str], str]]:
    """Yields each feature of the repository's own projects: the code, and the class path."""
    for folder in PROJECTS:
        root = ROOT / folder
        code = {file.relative_to(root).as_posix(): file.read_text() for file in sorted(root.rglob("*.py"))}
        yield from ((code, path) for path in _classes(code))


def _classes(code: Mapping[str, str]) -> Iterator[str]:
    for path, text in code.items():
        for node in ast.parse(text).body:
            if isinstance(node, ast.ClassDef) and any("Feature" in ast.unparse(base) for base in node.bases):
                yield f"{path.removesuffix('.py').replace('/', '.')}.{node.name}"
