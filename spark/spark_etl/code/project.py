"""The project's code: what may be imported, and what executors get."""

from __future__ import annotations

import copy
import importlib
import io
import re
import sys
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path, PurePosixPath
from types import ModuleType
from typing import Any

from spark_etl.code.archive import CodeArchive, make_archive
from spark_etl.code.files import (
    IGNORE_FILE,
    LARGEST_ARCHIVE,
    LARGEST_RESOURCE,
    Survey,
    format_left_out,
    is_code_or_small,
    is_large,
    refuse_too_large,
    shown,
    survey,
)
from spark_etl.code.import_hint import import_hint
from spark_etl.code.parameters import check_params
from spark_etl.code.roots import module_file, other_roots, possible_roots
from spark_etl.code.shadowing import refuse_shadowing
from spark_etl.error_text import error_story
from spark_etl.errors import ConfigError, SparkEtlError
from spark_etl.feature import SparkFeature
from spark_etl.names import alternatives, listing
from spark_etl.printable import printable
from spark_etl.units import format_bytes
from spark_etl.user_code import guard_user_code, location_in


class Project:
    """A folder of Python code.

    Args:
        path: The folder that module names are relative to.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self._imported: dict[str, ModuleType] = {}
        self._contents: dict[Path, bytes] = {}
        if not self.path.is_dir():
            raise ConfigError(f"the project folder {path} is not there", hint="give it as --project-path DIR")

    def activate(self) -> None:
        """Puts the folder on the driver's module path.

        Raises:
            ConfigError: Others would import a module of it instead of the one they mean.
        """
        refuse_shadowing(self.path)
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
        with self._naming(f"feature `{alias}`: loading {class_path}"):
            return self._load(alias, class_path, params or {})

    def _load(self, alias: str, class_path: str, params: Mapping[str, Any]) -> SparkFeature:
        module_name, _, class_name = class_path.rpartition(".")
        what = f"feature `{alias}`: {class_path}"
        module = self._import(alias, class_path, module_name)
        with self._naming(f"feature `{alias}`: looking for {class_name} in {module_name}"):
            cls = getattr(module, class_name, None)
        if cls is None:
            known = [name for name, value in vars(module).items() if _is_feature(value)]
            files = [shown(file, self.path) for file in self._files_with(class_name)]
            raise ConfigError(
                f"feature `{alias}`: {module_name} has no class {class_name}. {alternatives(class_name, known)}",
                hint=f"there is one in {listing(files)}" if files else None,
            )
        if not _is_feature(cls):
            raise ConfigError(f"{what} is no subclass of SparkFeature")
        home: str = cls.__module__
        if not home.startswith("spark_etl.") and home not in self._imported and self.file_of(home) is None:
            raise ConfigError(f"{what} comes from {home}, outside of {self.path}")
        return self.make_feature(alias, cls, params, class_path)

    def make_feature(
        self, alias: str, cls: type[SparkFeature], params: Mapping[str, Any], class_path: str
    ) -> SparkFeature:
        """Returns an instance of a class, wherever it was defined.

        Args:
            alias: Its name in the graph.
            cls: The class.
            params: Keyword arguments of its `__init__`.
            class_path: What the class is called in messages.

        Raises:
            ConfigError: It is no feature, or its `__init__` fails or takes other parameters.
        """
        what = f"feature `{alias}`: {class_path}"
        if not _is_feature(cls):
            raise ConfigError(f"{what} is no subclass of SparkFeature")
        given = copy.deepcopy(dict(params))
        check_params(alias, class_path, cls, given)
        with self._naming(f"{what}()"):
            feature: SparkFeature = cls(**given)
        if not isinstance(feature, SparkFeature):
            raise ConfigError(f"{what}() returns a {type(feature).__name__}, and no instance of {cls.__name__}")
        with self._naming(f"{what}: setting `alias`, which is the feature's key in the config,"):
            feature.alias = alias
        return feature

    @contextmanager
    def _naming(self, what: str, module_name: str = "") -> Iterator[None]:
        """Names what of the project's code has failed, and the line.

        Args:
            what: What it was called for.
            module_name: The module that is imported, if that is what is done.
        """
        try:
            with guard_user_code():
                yield
        except SparkEtlError as error:
            if error.message.startswith("feature `"):
                raise
            where = location_in(error.__cause__ or error, self.path)
            raise ConfigError(f"{what}: {error.message}{where}", hint=error.hint) from error
        except Exception as error:
            hint = import_hint(error, module_name, self.path) if module_name else None
            raise ConfigError(f"{what} raises {self._story(error, module_name)}", hint=hint) from error

    def _story(self, error: Exception, module_name: str) -> str:
        """Returns what was raised with the line of the project's that it came by, and what it was raised from."""
        said, *causes = error_story(error).splitlines()
        where = location_in(error, self.path)
        if isinstance(error, SyntaxError):
            file = Path(error.filename) if error.filename else self.file_of(module_name)
            said = f"{type(error).__name__}: {printable(str(error.msg))}"
            where = (
                f" ({shown(file, self.path)}:{error.lineno or 1})" if file and file.is_relative_to(self.path) else where
            )
        return "\n".join([f"{said}{where}", *causes])

    def _import(self, alias: str, class_path: str, module_name: str) -> ModuleType:
        if module_name in self._imported:
            return self._imported[module_name]
        file = self.file_of(module_name)
        if file is None:
            raise self._no_module(alias, class_path, module_name)
        with self._naming(f"feature `{alias}`: importing {module_name}", module_name):
            module = importlib.import_module(module_name)
        if Path(module.__file__ or "").resolve() != file.resolve():
            raise ConfigError(
                f"feature `{alias}`: not {file} was imported as {module_name}, but {module.__file__}",
                hint="give the project's module another name",
            )
        self._imported[module_name] = module
        return module

    def _no_module(self, alias: str, class_path: str, module_name: str) -> ConfigError:
        what = f"feature `{alias}`: no module {module_name} in the project {self.path} (for class {class_path})"
        roots = [root for root in possible_roots(self.path) if module_file(root, module_name)]
        if roots:
            return ConfigError(f"{what}; it is in {roots[0]}", hint=f"give --project-path {roots[0]}")
        known = [self._importable_name(name) for name in self.modules()]
        hyphenated = next((name for name in known if "-" in name and name.replace("-", "_") == module_name), None)
        if hyphenated:
            return ConfigError(
                f"{what}; {hyphenated} is none that can be imported", hint="rename it: `_` instead of `-`"
            )
        return ConfigError(
            f"{what}. {alternatives(module_name, known)}",
            hint="class paths are relative to the project: the config's folder, or --project-path DIR",
        )

    def _files_with(self, class_name: str) -> list[Path]:
        """Returns the files of the project in which a class of this name stands."""
        line = re.compile(rf"^class {re.escape(class_name)}\b", re.MULTILINE)
        sources = [file for file in self.files() if file.suffix == ".py"]
        return [file for file in sources if line.search(file.read_text(encoding="utf-8", errors="replace"))]

    def _importable_name(self, name: str) -> str:
        """Returns a module's name without the `src.` that its own imports don't have."""
        first, _, rest = name.partition(".")
        return rest if rest and self.path / first in other_roots(self.path) else name

    def file_of(self, module_name: str) -> Path | None:
        """Returns the file of a module in this project, where a link may lead to it; nothing is imported for that."""
        return module_file(self.path, module_name)

    def modules(self) -> list[str]:
        """Returns the names of all modules of the project."""
        names = (file.relative_to(self.path).with_suffix("").parts for file in self.files() if file.suffix == ".py")
        return sorted(
            ".".join(parts[:-1] if parts[-1] == "__init__" else parts) for parts in names if parts != ("__init__",)
        )

    @cached_property
    def _survey(self) -> Survey:
        return survey(self.path)

    def files(self) -> Iterator[Path]:
        """Yields what executors need: code and small resources beside it; no data, caches or hidden files."""
        for file in self._survey.files:
            if file in self._survey.wanted or is_code_or_small(file):
                yield file

    def all_files(self) -> Iterator[Path]:
        """Yields the same files and others beside them, of any kind and size."""
        yield from self._survey.files

    def check_files(self) -> None:
        """Refuses more files than are sent to executors.

        Raises:
            ConfigError: They are too large, or too many; with the folders that hold most.
        """
        refuse_too_large(self.files(), self.path, LARGEST_ARCHIVE, "for executors")

    def notes(self) -> Iterator[str]:
        """Yields a line about each kind of files that executors don't get, but for those that a rule leaves out."""
        yield from (f"not sent to executors: {line}" for line in format_left_out(self._survey.left_out, self.path))
        large = [file for file in self._survey.files if is_large(file) and file not in self._survey.wanted]
        reason = f"over {format_bytes(LARGEST_RESOURCE)}; a line `!name` in {IGNORE_FILE} sends it"
        yield from (
            f"not sent to executors: {line}" for line in format_left_out(dict.fromkeys(large, reason), self.path)
        )

    def code_archive(self) -> CodeArchive:
        """Returns what is kept of the project with a run; what it has read of it, `archive` need not read again.

        Raises:
            ConfigError: It is too large.
        """
        return make_archive(self.path, found=self._survey, read=self._read)

    def _read(self, file: Path) -> bytes:
        content = self._contents[file] = file.read_bytes()
        return content

    def archive(self) -> bytes:
        """Returns the project, and spark_etl with it, as a zip; byte for byte the same for the same files."""
        read, self._contents = self._contents, {}
        library = Path(__file__).resolve().parents[1]
        content: dict[str, bytes] = {}
        for base, files in (
            (self.path, self.files()),
            (library.parent, filter(is_code_or_small, survey(library).files)),
        ):
            for file in files:
                content.setdefault(file.relative_to(base).as_posix(), read.get(file) or file.read_bytes())
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


def _is_feature(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, SparkFeature) and value is not SparkFeature
