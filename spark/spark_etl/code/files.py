"""Which files of a folder belong to a project: what executors get, what a driver elsewhere gets, what is kept of it.

One set of rules in gitignore's syntax: those here, then those of the project's own `.sparketlignore`, of which the last
that fits counts. A line there leaves out more, or with `!` before it brings back what is left out here.
"""

from __future__ import annotations

import fnmatch
import os
import re
import stat
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pathspec import GitIgnoreSpec
from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

from spark_etl.errors import ConfigError
from spark_etl.printable import printable
from spark_etl.units import format_bytes, format_count

IGNORE_FILE = ".sparketlignore"
# What is no part of any project → what it is.
RULES = {
    ".*": "hidden",
    "__pycache__/": "a cache",
    "node_modules/": "an environment",
    "venv/": "an environment",
    "data/": "data",
    "spark-warehouse/": "data of Spark",
    "metastore_db/": "data of Spark",
}
MOST_FILES = 20_000
LARGEST_RESOURCE = 1 << 20
LARGEST_ARCHIVE = 64_000_000
MOST_SHOWN = 5
WILDCARD = re.compile(r"[*?\[]")


@dataclass
class Survey:
    """What a folder holds that belongs to a project.

    Attributes:
        files: The files, by the paths that they have in it.
        links: The links to something else in the folder.
        ways_out: The links that lead out of the folder; what they lead to is among the files.
        left_out: What no rule leaves out, but nobody can read → why.
        wanted: Those of the files that a line of the ignore file brings back.
        named: Those of the files that a line of the ignore file brings back by their name, without a wildcard.
        ruled_out: What a rule leaves out → what it is; of a folder that is left out nothing else.
    """

    files: list[Path] = field(default_factory=list)
    links: list[Path] = field(default_factory=list)
    ways_out: list[Path] = field(default_factory=list)
    left_out: dict[Path, str] = field(default_factory=dict)
    wanted: set[Path] = field(default_factory=set)
    named: set[Path] = field(default_factory=set)
    ruled_out: dict[Path, str] = field(default_factory=dict)


def survey(folder: Path, *, follow: bool = True) -> Survey:
    """Returns the files of a project.

    Args:
        folder: The project's.
        follow: Whether links to something else in the folder are followed; those that lead out of it always are.

    Raises:
        ConfigError: There are more files than anybody writes.
    """
    return _Walk(folder, follow=follow).survey()


def refuse_too_large(files: Iterable[Path], folder: Path, most: int, what_for: str) -> None:
    """Refuses files that come to more than a number of bytes, with the folders that hold most.

    Raises:
        ConfigError: They do.
    """
    sizes = {file: size_of(file) for file in files}
    total = sum(sizes.values())
    if total > most:
        raise ConfigError(
            f"the project {printable(str(folder))} has {format_bytes(total)} in {format_count(len(sizes), 'file')} "
            f"{what_for}, more than {format_bytes(most)}: {_largest(sizes, folder)}",
            hint=f"write what a run does not need into {folder / IGNORE_FILE}, as in a .gitignore; data belongs in S3",
        )


def size_of(file: Path) -> int:
    """Returns the size of a file in bytes; 0 for one that has gone in the meantime."""
    try:
        return file.stat().st_size
    except OSError:
        return 0


def is_code_or_small(file: Path) -> bool:
    """Returns whether a file is code, or a resource beside it: neither data nor large."""
    return file.suffix == ".py" or (file.suffix not in {".pyc", ".parquet"} and not is_large(file))


def is_large(file: Path) -> bool:
    """Returns whether a file that is no code is larger than what is taken along unasked."""
    return file.suffix != ".py" and size_of(file) > LARGEST_RESOURCE


def shown(path: Path, folder: Path) -> str:
    """Returns a path relative to the project, as it can be printed."""
    return printable(path.relative_to(folder).as_posix(), one_line=True)


def link_target(link: Path, folder: Path) -> str:
    """Returns `shop → /elsewhere/shop`."""
    return f"{shown(link, folder)} → {printable(str(link.resolve()), one_line=True)}"


def leads_out(link: Path, folder: Path) -> bool:
    """Returns whether a link leads out of a folder."""
    return not link.resolve().is_relative_to(folder.resolve())


def _largest(sizes: dict[Path, int], folder: Path) -> str:
    sums = Counter[str]()
    for file, size in sizes.items():
        parts = file.relative_to(folder).parts
        sums[parts[0] + ("/" if len(parts) > 1 else "")] += size
    largest = sums.most_common(MOST_SHOWN)
    return ", ".join(f"{printable(name, one_line=True)} {format_bytes(size)}" for name, size in largest)


class _Rules:
    """The rules of a project: those of every project, then those of its ignore file."""

    def __init__(self, folder: Path) -> None:
        own = list(_patterns(folder / IGNORE_FILE))
        self._patterns = [*map(GitIgnoreSpecPattern, RULES), *own]
        self._spec = GitIgnoreSpec(self._patterns)
        brought_back = [str(pattern.pattern).strip() for pattern in own if pattern.include is False]
        self._names = {line.removeprefix("!") for line in brought_back if not WILDCARD.search(line)}
        self._wanted = [line[1:].strip("/").split("/") for line in brought_back if "/" in line[:-1]]

    def reason_to_leave_out(self, name: str) -> str | None:
        """Returns why a file, or a folder with a slash at its end, is left out; None if it is not."""
        found = self._spec.check_file(name)
        if not found.include or found.index is None:
            return None
        line = str(self._patterns[found.index].pattern)
        return RULES[line] if found.index < len(RULES) else f"by the line `{line.strip()}` of {IGNORE_FILE}"

    def wants(self, name: str) -> bool:
        """Returns whether the ignore file brings back a file."""
        return self._spec.check_file(name).include is False

    def names(self, name: str) -> bool:
        """Returns whether the ignore file brings back a file by its name, not by a pattern or with its folder."""
        own = {name, f"/{name}", name.rpartition("/")[2]}
        return not self._names.isdisjoint(own) and self.wants(name)

    def may_want_below(self, name: str) -> bool:
        """Returns whether a line that begins with `!` names something in a folder that is left out."""
        parts = name.strip("/").split("/")
        return any(_begins_like(parts, pattern) for pattern in self._wanted)


def _begins_like(parts: list[str], pattern: list[str]) -> bool:
    """Returns whether a folder is above what a pattern fits, or fits it; `**` stands for any folders."""
    pattern = pattern[: pattern.index("**")] if "**" in pattern else pattern
    return all(map(fnmatch.fnmatch, parts, pattern))


class _Walk:
    def __init__(self, folder: Path, *, follow: bool) -> None:
        self._folder = folder
        self._follow = follow
        self._rules = _Rules(folder)
        self._found = Survey()

    def survey(self) -> Survey:
        self._enter(self._folder, (self._folder.resolve(),))
        return self._found

    def _enter(self, folder: Path, chain: tuple[Path, ...]) -> None:
        """Looks at what lies in a folder; `chain` is where it and those above it really are."""
        try:
            entries = sorted(folder.iterdir())
        except OSError as error:
            self._found.left_out[folder] = f"can't be read: {error.strerror}"
            return
        for entry in entries:
            self._look_at(entry, chain)

    def _look_at(self, path: Path, chain: tuple[Path, ...]) -> None:
        name = path.relative_to(self._folder).as_posix()
        is_folder = os.path.isdir(path)  # noqa: PTH112 - no error where it may not be looked at
        if reason := self._ruled_out(path, name, is_folder=is_folder):
            self._found.ruled_out[path] = reason
            return
        if reason := _unusable(path, chain):
            self._found.left_out[path] = reason
            return
        if path.is_symlink():
            inside = not leads_out(path, self._folder)
            (self._found.links if inside else self._found.ways_out).append(path)
            if inside and not self._follow:
                return
        if is_folder:
            self._enter(path, (*chain, path.resolve()))
        else:
            self._add(path, name)

    def _ruled_out(self, path: Path, name: str, *, is_folder: bool) -> str | None:
        if not is_folder:
            return self._rules.reason_to_leave_out(name)
        if os.path.exists(path / "pyvenv.cfg"):  # noqa: PTH110 - as above
            return "an environment"
        return None if self._rules.may_want_below(name) else self._rules.reason_to_leave_out(f"{name}/")

    def _add(self, path: Path, name: str) -> None:
        self._found.files.append(path)
        if self._rules.wants(name):
            self._found.wanted.add(path)
        if self._rules.names(name):
            self._found.named.add(path)
        if len(self._found.files) > MOST_FILES:
            counts = dict.fromkeys(self._found.files, 1)
            tops = Counter(file.relative_to(self._folder).parts[0] for file in counts).most_common(MOST_SHOWN)
            most = ", ".join(f"{printable(top, one_line=True)} ({count:,})" for top, count in tops)
            raise ConfigError(
                f"the project {printable(str(self._folder))} has more than {MOST_FILES:,} files; most are in {most}",
                hint=f"write what a run does not need into {self._folder / IGNORE_FILE}, as in a .gitignore",
            )


def _unusable(path: Path, chain: tuple[Path, ...]) -> str | None:
    """Returns why nobody can use a file or folder; None if they can."""
    try:
        path.name.encode()
        found = path.stat()
    except UnicodeEncodeError:
        return "its name is no UTF-8"
    except FileNotFoundError:
        return "a link that leads nowhere" if path.is_symlink() else "gone"
    except OSError as error:
        is_link = os.path.islink(path)  # noqa: PTH114 - as above
        return "a link that leads to itself" if is_link else f"can't be read: {error.strerror}"
    if path.is_symlink() and stat.S_ISDIR(found.st_mode) and _is_above(path.resolve(), chain):
        return "a link that leads to a folder above it"
    if not stat.S_ISDIR(found.st_mode) and not stat.S_ISREG(found.st_mode):
        return "no regular file"
    return None if os.access(path, os.R_OK) else "you may not read it"


def _is_above(target: Path, chain: tuple[Path, ...]) -> bool:
    return any(place.is_relative_to(target) for place in chain)


def _patterns(file: Path) -> Iterator[GitIgnoreSpecPattern]:
    """Yields the rules of an ignore file; a line that is none would leave out nothing, silently."""
    try:
        lines = file.read_text(encoding="utf-8-sig", errors="replace").splitlines()
    except FileNotFoundError:
        return
    except OSError as error:
        raise ConfigError(f"can't read {file}: {error.strerror}") from error
    for number, line in enumerate(lines, start=1):
        try:
            yield GitIgnoreSpecPattern(line)
        except (ValueError, re.error) as error:
            raise ConfigError(
                f"{file}:{number}: `{printable(line, one_line=True)}` is no pattern as in a .gitignore",
                hint="correct the line, or begin it with # to leave it out",
            ) from error


def format_left_out(left_out: dict[Path, str], folder: Path) -> Iterator[str]:
    """Yields a line for each reason, with the files."""
    by_reason: dict[str, list[str]] = {}
    for path, reason in left_out.items():
        by_reason.setdefault(reason, []).append(shown(path, folder) if path != folder else ".")
    for reason, names in by_reason.items():
        more = f" and {len(names) - MOST_SHOWN} more" if len(names) > MOST_SHOWN else ""
        yield f"{', '.join(names[:MOST_SHOWN])}{more} ({reason})"
