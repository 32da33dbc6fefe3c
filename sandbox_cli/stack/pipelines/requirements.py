"""A requirements file as pip in a container gets it: with the files that it names, and without what can't be there."""

from __future__ import annotations

import codecs
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from spark_etl.printable import printable
from spark_etl.units import format_bytes

from sandbox_cli.errors import UsageError
from sandbox_cli.stack.pipelines.inside.install_packages import IMAGES_OWN, OWN_FILES, requirement_name

MAIN = "requirements.txt"
MOST_BYTES = 256_000_000
MOST_FILES = 100
MOST_TEXT = 4_000_000
BOMS = (  # that of UTF-32 begins as that of UTF-16
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
COMMENT = re.compile(r"(^|\s+)#.*$")
OPTION = re.compile(r"(?P<name>-[rcef]|--[a-z-]+)(?:\s*=\s*|\s*)(?P<value>.*)$")
SHORT = {"-r": "--requirement", "-c": "--constraint", "-e": "--editable", "-f": "--find-links"}
ARCHIVES = (".whl", ".tar.gz", ".zip", ".tar.bz2", ".tgz")
PATH = re.compile(r"(?P<path>[^\s;\[]+)(?P<rest>.*)$")
NAMED_PATH = re.compile(r"(?P<name>[A-Za-z0-9][\w.\[\],-]*)\s*@\s*(?P<path>file:\S+)(?P<rest>.*)$")
VARIABLE = re.compile(r"\$\{(?P<name>[A-Z0-9_]+)\}")
VCS = re.compile(r"(git|hg|svn|bzr)\+")


@dataclass
class Requirements:
    """What a container needs to install what a requirements file asks for.

    Attributes:
        files: Name → content. `requirements.txt` is the file itself; the names of files in it are these.
        packages: How many packages it asks for, with what it includes.
        variables: The environment variables that it mentions.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    packages: int = 0
    variables: dict[str, str] = field(default_factory=dict)


def collect(file: Path, environment: Mapping[str, str] | None = None) -> Requirements:
    """Returns a requirements file with all that it names.

    Args:
        file: In pip's format.
        environment: What `${NAME}` in it is taken from; this process's if not given.

    Raises:
        UsageError: It can't be read, names what is not there, or asks for what can't be installed in a container.
    """
    return _Collector(os.environ if environment is None else environment).collect(file)


class _Collector:
    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._found = Requirements()
        self._names: dict[Path, str] = {}

    def collect(self, file: Path) -> Requirements:
        self._names[file.resolve()] = MAIN
        self._add(file, MAIN, constraints=False)
        return self._found

    def _add(self, file: Path, name: str, *, constraints: bool) -> None:
        lines = [
            self._rewritten(_Line(file, number, text), constraints=constraints) for number, text in _lines(_text(file))
        ]
        self._take(name, "".join(f"{line}\n" for line in lines).encode())

    def _rewritten(self, line: _Line, *, constraints: bool) -> str:
        """Returns a line with the names that its files have in the container."""
        for match in VARIABLE.finditer(line.text):
            if match["name"] not in self._environment:
                raise line.error(f"needs the environment variable {match['name']}, which is not set")
            self._found.variables[match["name"]] = self._environment[match["name"]]
        if option := OPTION.match(line.text):
            return self._option(line, SHORT.get(option["name"], option["name"]), option["value"].strip())
        is_package = not constraints and not line.text.startswith("-")
        return self._requirement(line) if is_package else line.text

    def _option(self, line: _Line, name: str, value: str) -> str:
        if name == "--editable":
            raise line.error(
                f"`-e {value}` is a folder of your disk, which is not there where packages are installed",
                "leave it out: the project's own code is sent along; of another project, name a wheel by its path",
            )
        if name in {"--requirement", "--constraint"} and not _is_url(value):
            return f"{name} {self._included(line, value, constraints=name == '--constraint')}"
        if name == "--find-links" and not _is_url(value):
            return f"{name} {self._folder_of_archives(line, value)}"
        return line.text

    def _included(self, line: _Line, value: str, *, constraints: bool) -> str:
        file = line.folder / _path(value)
        if not file.is_file():
            raise line.error(f"no such file: {file}")
        real = file.resolve()
        if real not in self._names:
            if len(self._names) >= MOST_FILES:
                raise line.error(f"more than {MOST_FILES} files include each other")
            self._names[real] = self._free_name(file.name)
            self._add(file, self._names[real], constraints=constraints)
        return self._names[real]

    def _requirement(self, line: _Line) -> str:
        self._found.packages += 1
        if VCS.match(line.text) or re.search(r"@\s*(git|hg|svn|bzr)\+", line.text):
            raise line.error(
                "the image has no git", "name the archive of a commit: NAME @ https://…/archive/COMMIT.zip"
            )
        if named := NAMED_PATH.match(line.text):
            return f"./{self._archive(line, named['path'])}{named['rest']}"
        found = PATH.match(line.text)
        if found and _is_path(found["path"]):
            return f"./{self._archive(line, found['path'])}{found['rest']}"
        name = requirement_name(line.text)
        if name in IMAGES_OWN:
            raise line.error(f"{name} is the image's, and can't be replaced", "leave it out: it is there")
        return line.text

    def _archive(self, line: _Line, value: str) -> str:
        file = line.folder / _path(value)
        if file.is_dir():
            raise line.error(
                f"{value} is a folder of your disk, which is not there where packages are installed",
                f"name a wheel of it by its path; `pip wheel --no-deps {value}` makes one",
            )
        if not file.is_file():
            raise line.error(f"no such file: {file}")
        name = f"archives/{len(self._found.files)}/{file.name}"
        self._take_file(line, name, file)
        return name

    def _folder_of_archives(self, line: _Line, value: str) -> str:
        folder = line.folder / _path(value)
        if not folder.is_dir():
            raise line.error(f"no such folder: {folder}")
        name = f"archives/{len(self._found.files)}"
        for file in sorted(folder.iterdir()):
            if file.is_file() and file.name.endswith(ARCHIVES):
                self._take_file(line, f"{name}/{file.name}", file)
        return name

    def _take_file(self, line: _Line, name: str, file: Path) -> None:
        try:
            if file.stat().st_size > MOST_BYTES:
                raise line.error(f"{file} has more than {format_bytes(MOST_BYTES)}")
            self._take(name, file.read_bytes())
        except OSError as error:
            raise line.error(f"{file} can't be read: {error.strerror}") from error

    def _take(self, name: str, content: bytes) -> None:
        self._found.files[name] = content
        if sum(map(len, self._found.files.values())) > MOST_BYTES:
            raise UsageError(f"the files that the requirements name come to more than {format_bytes(MOST_BYTES)}")

    def _free_name(self, name: str) -> str:
        taken = {*self._names.values(), *OWN_FILES}
        return next(new for new in (name, *(f"{number}-{name}" for number in range(1000))) if new not in taken)


@dataclass(frozen=True)
class _Line:
    """A line of a requirements file, with those that continue it."""

    file: Path
    number: int
    text: str

    @property
    def folder(self) -> Path:
        return self.file.parent

    def error(self, problem: str, hint: str | None = None) -> UsageError:
        text = printable(self.text, one_line=True)
        return UsageError(f"{self.file}:{self.number}: `{text}`: {problem}", hint=hint)


def _text(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            content = opened.read(MOST_TEXT + 1)
    except OSError as error:
        raise UsageError(f"{file} can't be read: {error.strerror}") from error
    if len(content) > MOST_TEXT:
        raise UsageError(f"{file} has more than {format_bytes(MOST_TEXT)}: it is no requirements file")
    encoding = next((name for bom, name in BOMS if content.startswith(bom)), "utf-8")
    try:
        text = content.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UsageError(f"{file}:{line}: it is not UTF-8", hint="save it as UTF-8") from error
    if "\0" in text:
        raise UsageError(f"{file}: it is no text, or UTF-16 without its mark", hint="save it as UTF-8")
    return text


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Yields the number of each line that says something, and what it says, as pip joins and cuts them."""
    parts: list[str] = []
    first = 1
    for number, line in enumerate([*text.splitlines(), ""], start=1):
        if not parts:
            first = number
        if line.endswith("\\") and not line.lstrip().startswith("#"):
            parts.append(line[:-1])
            continue
        whole = COMMENT.sub("", "".join([*parts, line])).strip()
        parts = []
        if whole:
            yield first, whole


def _is_url(value: str) -> bool:
    return "://" in value and not value.startswith("file:")


def _is_path(value: str) -> bool:
    """Returns whether pip takes a requirement for a file or folder."""
    if _is_url(value):
        return False
    return value.startswith((".", "/", "~", "file:")) or "/" in value or value.endswith(ARCHIVES)


def _path(value: str) -> str:
    value = value.strip("\"'")
    return unquote(urlsplit(value).path) if value.startswith("file:") else os.path.expanduser(value)  # noqa: PTH111
