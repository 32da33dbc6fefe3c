"""The project's code: what may be imported, and what executors get."""

from __future__ import annotations

import copy
import importlib
import inspect
import io
import os
import sys
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from types import ModuleType
from typing import Any

from spark_etl.errors import ConfigError, NotReturnedError
from spark_etl.feature import SparkFeature
from spark_etl.names import alternatives, listing
from spark_etl.user_code import guard_user_code, location_in

TOOL_FOLDERS = frozenset({"__pycache__", "node_modules", "venv"})  # neither executors nor a driver need them
EXCLUDED_FOLDERS = TOOL_FOLDERS | {"data", "spark-warehouse", "metastore_db"}
LARGEST_RESOURCE = 1 << 20


class Project:
    """A folder of Python code.

    Args:
        path: The folder that module names are relative to.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self._imported: dict[str, ModuleType] = {}
        if not self.path.is_dir():
            raise ConfigError(f"the project folder {path} is not there", hint="give it as --project-path DIR")

    def activate(self) -> None:
        """Puts the folder on the driver's module path."""
        if str(self.path) not in sys.path:
            sys.path.insert(0, str(self.path))
        importlib.invalidate_caches()

    def load_feature(self, alias: str, class_path: str, params: Mapping[str, Any] | None = None) -> SparkFeature:
        """Returns an instance of a feature class of this project.

        Args:
            alias: Its name in the graph.
            class_path: The class, with its module.
            params: Keyword arguments of its `__init__`.

        Raises:
            ConfigError: The class is not there, not in this project, no feature, or its `__init__` fails or takes
                other parameters.
        """
        module_name, _, class_name = class_path.rpartition(".")
        module = self._import(alias, class_path, module_name)
        cls = getattr(module, class_name, None)
        if cls is None:
            known = [name for name, value in vars(module).items() if _is_feature(value)]
            raise ConfigError(
                f"feature `{alias}`: {module_name} has no class {class_name}. {alternatives(class_name, known)}"
            )
        if not _is_feature(cls):
            raise ConfigError(f"feature `{alias}`: {class_path} is no subclass of SparkFeature")
        home: str = cls.__module__
        if not home.startswith("spark_etl.") and home not in self._imported and self.file_of(home) is None:
            raise ConfigError(f"feature `{alias}`: {class_path} comes from {home}, outside of {self.path}")
        given = copy.deepcopy(dict(params or {}))
        _check_params(alias, class_path, cls, given)
        try:
            with guard_user_code():
                feature: SparkFeature = cls(**given)
        except NotReturnedError as error:
            raise self._exit_error(f"feature `{alias}`: {class_path}()", error) from error
        except Exception as error:
            raise ConfigError(f"feature `{alias}`: {class_path}() raises {type(error).__name__}: {error}") from error
        feature.alias = alias
        return feature

    def _import(self, alias: str, class_path: str, module_name: str) -> ModuleType:
        if module_name in self._imported:
            return self._imported[module_name]
        file = self.file_of(module_name)
        if file is None:
            raise ConfigError(
                f"feature `{alias}`: no module {module_name} in the project {self.path} (for class {class_path}). "
                f"{alternatives(module_name, self.modules())}",
                hint="class paths are relative to the project: the config's folder, or --project-path DIR",
            )
        try:
            with guard_user_code():
                module = importlib.import_module(module_name)
        except NotReturnedError as error:
            raise self._exit_error(f"feature `{alias}`: importing {module_name}", error) from error
        except Exception as error:
            raise ConfigError(
                f"feature `{alias}`: importing {module_name} raises {type(error).__name__}: {error}"
            ) from error
        if Path(module.__file__ or "").resolve() != file:
            raise ConfigError(
                f"feature `{alias}`: not {file} was imported as {module_name}, but {module.__file__}",
                hint="give the project's module another name",
            )
        self._imported[module_name] = module
        return module

    def _exit_error(self, what: str, error: NotReturnedError) -> ConfigError:
        where = location_in(error.__cause__ or error, self.path)
        return ConfigError(f"{what}: {error.message}{where}", hint=error.hint)

    def file_of(self, module_name: str) -> Path | None:
        """Returns the file of a module if it lies in this project; nothing is imported for that."""
        folder = self.path.joinpath(*module_name.split("."))
        for file in (folder / "__init__.py", folder.with_suffix(".py")):
            if file.is_file() and file.resolve().is_relative_to(self.path):
                return file.resolve()
        return None

    def modules(self) -> list[str]:
        """Returns the names of all modules of the project."""
        names = (file.relative_to(self.path).with_suffix("").parts for file in self.files() if file.suffix == ".py")
        return sorted(
            ".".join(parts[:-1] if parts[-1] == "__init__" else parts) for parts in names if parts != ("__init__",)
        )

    def files(self) -> Iterator[Path]:
        """Yields what executors need: code and small resources beside it; no data, caches or hidden files."""
        yield from filter(_is_for_executors, _files_below(self.path))

    def all_files(self) -> Iterator[Path]:
        """Yields the same files and others beside them, of any kind and size."""
        yield from _files_below(self.path)

    def archive(self) -> bytes:
        """Returns the project, and spark_etl with it, as a zip; byte for byte the same for the same files."""
        library = Path(__file__).resolve().parents[1]
        content: dict[str, bytes] = {}
        for base, files in (
            (self.path, self.files()),
            (library.parent, filter(_is_for_executors, _files_below(library))),
        ):
            for file in files:
                content.setdefault(file.relative_to(base).as_posix(), file.read_bytes())
        return _zip(content)


def _zip(content: dict[str, bytes]) -> bytes:
    """Returns a zip; folders have entries too, or Python finds no package in it that lacks an `__init__.py`."""
    folders = {f"{parent.as_posix()}/" for name in content for parent in PurePosixPath(name).parents if parent.name}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in sorted({*content, *folders}):
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            archive.writestr(info, content.get(name, b""), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _check_params(alias: str, class_path: str, cls: type[SparkFeature], given: Mapping[str, Any]) -> None:
    """Refuses parameters that the class does not take, and those that are missing."""
    parameters = inspect.signature(cls).parameters.values()
    if not given and not parameters:
        return
    named = [each for each in parameters if each.kind in {each.KEYWORD_ONLY, each.POSITIONAL_OR_KEYWORD}]
    names = [each.name for each in named]
    anything = any(each.kind is each.VAR_KEYWORD for each in parameters)
    unknown = [] if anything else [name for name in given if name not in names]
    if unknown:
        known = alternatives(unknown[0], names) if names else "It takes none."
        raise ConfigError(
            f"feature `{alias}`: {class_path} takes no parameter `{unknown[0]}`. {known}",
            hint=f"correct `params:` of `{alias}`, or {cls.__name__}.__init__",
        )
    missing = [each.name for each in named if each.default is each.empty and each.name not in given]
    if missing:
        raise ConfigError(
            f"feature `{alias}`: {class_path} needs the parameters it is not given: {listing(missing)}",
            hint=f"add `params:` with `{missing[0]}:` below `{alias}:`",
        )


def _is_feature(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, SparkFeature) and value is not SparkFeature


def is_tool_file(name: str) -> bool:
    """Returns whether a file or folder of a project belongs to a tool, such as `.git`, and is no code or resource."""
    return name.startswith(".")


def _files_below(folder: Path) -> Iterator[Path]:
    """Yields what can be read; a link that leads nowhere is no file."""
    for path in sorted(folder.iterdir()) if os.access(folder, os.R_OK | os.X_OK) else []:
        if is_tool_file(path.name):
            continue
        if path.is_dir():
            if path.name not in EXCLUDED_FOLDERS and not (path / "pyvenv.cfg").exists():
                yield from _files_below(path)
        elif path.is_file():
            yield path


def _is_for_executors(file: Path) -> bool:
    small = file.suffix not in {".pyc", ".parquet"} and file.stat().st_size <= LARGEST_RESOURCE
    return file.suffix == ".py" or small
