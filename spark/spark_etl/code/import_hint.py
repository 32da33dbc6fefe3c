"""What to do about a module of a project that could not be imported."""

from __future__ import annotations

import ast
import re
import traceback
from pathlib import Path

from spark_etl.code.libraries import NOT_INSTALLED
from spark_etl.code.roots import module_file, package_root, possible_roots
from spark_etl.code.shadowing import owner_of
from spark_etl.error_text import error_summary, raw_text
from spark_etl.names import nearest

RELATIVE_FILE = re.compile(r"^FileNotFoundError: .*: ['\"](?!/|[a-z0-9]+://)[^'\"]+['\"]")
IN_A_PACKAGE = (
    "a relative path is looked up in the process's folder, which is not the project's. A file beside the code: "
    'importlib.resources.files(__package__).joinpath("x.csv").read_text(), or Path(__file__).parent / "x.csv" on '
    "the driver; executors get the project as a zip (files up to 1 MB, none below data/), and only "
    "importlib.resources reads from it. Larger data: a source, or the object store"
)


def import_hint(error: Exception, module_name: str, folder: Path) -> str | None:
    """Returns the next thing to do; None where it is not known.

    Args:
        error: What importing has raised.
        module_name: The module of the feature's class.
        folder: The project's.
    """
    if "relative import" in raw_text(error) and type(error) is ImportError:
        return _relative_hint(error, module_name, folder)
    if RELATIVE_FILE.match(error_summary(error)):
        return IN_A_PACKAGE
    if not isinstance(error, ModuleNotFoundError) or not error.name:
        return None
    return _missing_hint(error.name, module_name, folder)


def _missing_hint(name: str, module_name: str, folder: Path) -> str | None:
    for root in possible_roots(folder):
        if _is_below(root, name):
            return f"{name} is in {root}: {_other_root(root, module_name, folder)}"
    missing, top = name.partition(".")[0], module_name.partition(".")[0]
    if missing == top and (owner := owner_of(top)):
        return f"give {folder / top} another name, as it has that of {owner}"
    if _is_below(folder, missing):
        return None
    like = nearest(missing, (file.stem for file in folder.glob("*.py")))
    return f"is `{like}` meant? Otherwise {NOT_INSTALLED}" if like else NOT_INSTALLED


def _relative_hint(error: Exception, module_name: str, folder: Path) -> str | None:
    """Returns what to write instead of `from ..x import y`, or from where it would work."""
    found = _failed_import(error, folder)
    if found is None:
        return None
    file, statement = found
    written = f"from {'.' * statement.level}{statement.module or ''} import {statement.names[0].name}"
    base = file.parents[statement.level - 1]
    target = statement.module or statement.names[0].name
    if not _is_below(base, target):
        return f"`{written}` looks for {base.joinpath(*target.split('.'))}.py, which is not there"
    if base == folder and not (base / "__init__.py").exists():
        absolute = (
            f"from {statement.module} import {statement.names[0].name}" if statement.module else f"import {target}"
        )
        return f"write `{absolute}` instead of `{written}`: modules are imported from {folder}, which is no package"
    return _other_root(package_root(base), module_name, folder)


def _failed_import(error: Exception, folder: Path) -> tuple[Path, ast.ImportFrom] | None:
    """Returns the relative import of the project that was carried out last, with the file it stands in."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        file = Path(frame.filename).resolve()
        if file.is_relative_to(folder) and file.is_file():
            nodes = ast.walk(ast.parse(file.read_bytes()))
            return next(
                ((file, node) for node in nodes if isinstance(node, ast.ImportFrom) and node.lineno == frame.lineno),
                None,
            )
    return None


def _other_root(root: Path, module_name: str, folder: Path) -> str:
    own = _name_below(root, module_file(folder, module_name)) or module_name
    return f"give --project-path {root}, and the class as {own}.…"


def _name_below(root: Path, file: Path | None) -> str | None:
    if file is None or not file.is_relative_to(root):
        return None
    parts = file.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _is_below(root: Path, module: str) -> bool:
    return module_file(root, module) is not None or root.joinpath(*module.split(".")).is_dir()
