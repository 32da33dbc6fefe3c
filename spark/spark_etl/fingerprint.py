"""Tells whether the code that computes a feature is still the same: comments and layout don't count, helpers do."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from spark_etl.project import Project


def code_fingerprint(project: Project, class_path: str) -> dict[str, Any]:
    """Returns what identifies the code of a feature.

    Returns:
        `class`, `modules` (name → hash of each of the project's modules it uses, its own included) and
        `fingerprint`, a hash over both.
    """
    module_name, _, _ = class_path.rpartition(".")
    modules = {name: _hash(file) for name, file in sorted(_closure(project, module_name).items())}
    whole = hashlib.sha256(repr((class_path, sorted(modules.items()))).encode()).hexdigest()
    return {"class": class_path, "fingerprint": f"sha256:{whole}", "modules": modules}


def _closure(project: Project, module_name: str) -> dict[str, Path]:
    """Returns the module and all of the project that it imports, directly or not."""
    found: dict[str, Path] = {}
    waiting = [module_name]
    while waiting:
        name = waiting.pop()
        file = project.file_of(name)
        if file is not None and name not in found:
            found[name] = file
            waiting += [*_imports(name, file), *_parents(name)]
    return found


def _parents(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:end]) for end in range(1, len(parts))]


def _imports(name: str, file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _base_of(node, name, is_package=file.name == "__init__.py")
            yield base
            yield from (f"{base}.{alias.name}" if base else alias.name for alias in node.names)


def _base_of(node: ast.ImportFrom, name: str, *, is_package: bool) -> str:
    if not node.level:
        return node.module or ""
    parts = name.split(".")
    kept = parts[: len(parts) - node.level + (1 if is_package else 0)]
    return ".".join([*kept, *([node.module] if node.module else [])])


def _hash(file: Path) -> str:
    tree = ast.parse(file.read_bytes())
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            _drop_docstring(node)
    return hashlib.sha256(ast.unparse(tree).encode()).hexdigest()[:16]


def _drop_docstring(node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    if ast.get_docstring(node, clean=False) is not None:
        node.body = node.body[1:] or [ast.Pass()]
