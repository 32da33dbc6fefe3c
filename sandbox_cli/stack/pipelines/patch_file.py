"""A patch as `sandbox debug --apply` takes it: read strictly, as its paths come from outside of this machine.

1. It consists of files in git's format, and of nothing between them: git would pass over what it does not know.
2. A path is relative, leads nowhere upwards and not into `.git`, and comes once.
3. A file stays a plain file: no links, no other modes, no renames, no binary content.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from spark_etl.printable import printable

from sandbox_cli.errors import UsageError

NOTHING = "/dev/null"
QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)"')
ESCAPE = re.compile(rb"\\([0-7]{3}|.)")
LETTERS = {b"a": b"\a", b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}
MODE = re.compile(r"(?:(new|deleted) file|old|new) mode (?:100644|100755)")
INDEX = re.compile(r"index [0-9a-f]{4,64}\.\.[0-9a-f]{4,64}(?: 100644| 100755)?")
HUNK = re.compile(r"@@ -[0-9]{1,9}(?:,([0-9]{1,9}))? \+[0-9]{1,9}(?:,([0-9]{1,9}))? @@.*")
NO_NEWLINE = "\\ "
OF_GIT = re.compile(r"\.git|git~[0-9]+", re.IGNORECASE)  # the second is its short name on Windows


@dataclass(frozen=True)
class FileChange:
    """What a patch does to a file.

    Attributes:
        path: Relative to the folder that modules are imported from, with slashes.
        added: How many lines.
        removed: How many lines.
        kind: `changed`, `new` or `deleted`.
    """

    path: str
    added: int
    removed: int
    kind: str

    def __str__(self) -> str:
        what = f" ({self.kind})" if self.kind != "changed" else ""
        return f"{self.path}{what}: +{self.added:,} -{self.removed:,}"


def read_patch(text: str) -> list[FileChange]:
    """Returns what a patch does, file by file.

    Raises:
        UsageError: It is no such patch, or would touch something outside of a project; the line is named.
    """
    reader = _Reader(text)
    try:
        text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise reader.error(f"its character {error.start:,} can't be written to a file") from None
    changes: list[FileChange] = []
    while not reader.ended:
        change = reader.file()
        if change.path in {known.path for known in changes}:
            raise reader.error(f"`{change.path}` comes twice")
        changes.append(change)
    return changes


def moved_text(text: str, path: str, start: int, content: bytes) -> str:
    """Returns where a file is another one than a patch was made for: the line, or that its lines end otherwise.

    Args:
        text: The patch.
        path: The file's, as `git apply` names it.
        start: The line that the hunk begins at which does not fit.
        content: The file's.
    """
    expected = list(_old_lines(text, path, start))
    there = content.decode("utf-8", "surrogateescape").split("\n")[start - 1 :]
    differing = (number for number, line in enumerate(expected) if number >= len(there) or there[number] != line)
    number = next(differing, 0)
    if [line.rstrip("\r") for line in there[: len(expected)]] == [line.rstrip("\r") for line in expected]:
        return f"the lines of {path} end otherwise than those of the run (CRLF or LF)"
    return f"{path} has changed at line {start + number} since the run"


def _old_lines(text: str, path: str, start: int) -> Iterator[str]:
    """Yields the lines that a hunk of a patch expects, without their ends."""
    file, is_hunk = "", False
    for line in text.split("\n"):
        if line.startswith("--- "):
            file = _unquoted(line.removeprefix("--- ").strip('"\t')).removeprefix("a/")
            is_hunk = False
        elif HUNK.fullmatch(line):
            is_hunk = file == path and line.startswith((f"@@ -{start},", f"@@ -{start} "))
        elif is_hunk and line[:1] in {" ", "-"} and not line.startswith("--- "):
            yield line[1:]


class _Reader:
    """Reads a patch line by line; a line ends with a line feed, and with nothing else."""

    def __init__(self, text: str) -> None:
        self._lines = text.removesuffix("\n").split("\n") if text else []
        self._at = 0

    @property
    def ended(self) -> bool:
        return self._at >= len(self._lines)

    @property
    def _line(self) -> str:
        return "" if self.ended else self._lines[self._at]

    def error(self, what: str) -> UsageError:
        """Returns the error that names the line that is read."""
        shown = printable(what, one_line=True)
        return UsageError(
            f"The patch can't be applied, at its line {min(self._at + 1, len(self._lines)):,}: {shown}.",
            hint="save it again, by `debug.save_patch()` in the notebook",
        )

    def file(self) -> FileChange:
        """Returns what is done to the next file."""
        path = self._path()
        self._at += 1
        kinds = self._headers()
        kind = "new" if "new" in kinds else "deleted" if "deleted" in kinds else "changed"
        added = removed = 0
        if self._line.startswith("--- "):
            self._names(path, kind)
            while self._line.startswith("@@ "):
                more, less = self._hunk()
                added, removed = added + more, removed + less
        if not kinds and not added + removed:
            raise self.error(f"nothing is done to `{path}`")
        return FileChange(path, added, removed, kind)

    def _path(self) -> str:
        """Returns the path of a line `diff --git a/PATH b/PATH`."""
        start, _, rest = self._line.partition("diff --git ")
        quoted = QUOTED.fullmatch(rest)
        half = (len(rest) - 1) // 2
        names = [_unquoted(name) for name in quoted.groups()] if quoted else [rest[:half], rest[half + 1 :]]
        path = names[0].removeprefix("a/")
        if start or names != [f"a/{path}", f"b/{path}"] or (not quoted and rest != f"a/{path} b/{path}"):
            raise self.error(f"`{self._line[:80]}` is no `diff --git a/FILE b/FILE` of one file")
        if reason := _unsafe_reason(path):
            raise self.error(f"`{path}` {reason}")
        return path

    def _headers(self) -> set[str]:
        """Returns what the lines below say of the file: `new`, `deleted`, or `mode` for another mode."""
        found: set[str] = set()
        while not self.ended and not self._line.startswith(("--- ", "diff --git ")):
            mode = MODE.fullmatch(self._line)
            if mode is None and not INDEX.fullmatch(self._line):
                raise self.error(f"`{self._line[:80]}`: only lines of plain files can be changed")
            found |= {mode[1] or "mode"} if mode else set()
            self._at += 1
        return found

    def _names(self, path: str, kind: str) -> None:
        """Reads the lines `--- a/PATH` and `+++ b/PATH`."""
        old = NOTHING if kind == "new" else f"a/{path}"
        new = NOTHING if kind == "deleted" else f"b/{path}"
        for start, name in (("--- ", old), ("+++ ", new)):
            shown = self._line.removeprefix(start).removesuffix("\t")
            known = _unquoted(shown[1:-1]) if len(shown) > 1 and shown[0] == shown[-1] == '"' else shown
            if not self._line.startswith(start) or known != name:
                raise self.error(f"`{self._line[:80]}` is not `{start}{name}`")
            self._at += 1

    def _hunk(self) -> tuple[int, int]:
        """Reads a hunk, and returns how many lines it adds and removes."""
        head = HUNK.fullmatch(self._line)
        if head is None:
            raise self.error(f"`{self._line[:80]}` is no beginning of a hunk")
        old, new = (int(count) if count is not None else 1 for count in head.groups())
        added = removed = 0
        self._at += 1
        while old or new or self._line.startswith(NO_NEWLINE):
            sign = self._line[:1]
            if self.ended or sign not in {" ", "+", "-", "\\"} or (sign == "\\" and self._line[:2] != NO_NEWLINE):
                raise self.error(f"`{self._line[:80]}` is no line of a hunk")
            old, new = old - (sign in {" ", "-"}), new - (sign in {" ", "+"})
            added, removed = added + (sign == "+"), removed + (sign == "-")
            if old < 0 or new < 0:
                raise self.error("the hunk has more lines than it says")
            self._at += 1
        return added, removed


def _unquoted(text: str) -> str:
    """Returns a path that git has put into quotes, with escapes for what is no ASCII."""

    def plain(match: re.Match[bytes]) -> bytes:
        code = match[1]
        return bytes([int(code, 8) & 0xFF]) if len(code) == 3 else LETTERS.get(code, code)

    return ESCAPE.sub(plain, text.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")


def _unsafe_reason(path: str) -> str:
    """Returns why a path must not be touched; empty if it may be."""
    parts = path.split("/")
    if path.startswith("/") or re.match("[A-Za-z]:", path):
        return "is absolute"
    if not path or {"", ".", ".."} & set(parts):
        return "leads out of the project"
    if "\\" in path or re.search("[\x00-\x1f\x7f]", path):
        return "has a character that no file of a project has"
    if any(OF_GIT.fullmatch(part.partition(":")[0].rstrip(" .")) for part in parts):
        return "is git's own"
    return ""
