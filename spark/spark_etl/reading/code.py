"""The code that a run has kept: its files, and how they differ from others."""

from __future__ import annotations

import difflib
import io
import tokenize
from collections.abc import Iterator, Mapping
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Protocol

from spark_etl.code.archive import MORE, read_archive, read_code, unpack
from spark_etl.errors import CodeNotKeptError
from spark_etl.names import alternatives
from spark_etl.printable import printable
from spark_etl.reading.tables import html_table, text_table
from spark_etl.store import ADOPTED, CodeRecord, RunDocument, StoredRun
from spark_etl.units import format_bytes, format_count

COLUMNS, LEFT_OUT_COLUMNS = ("file", "size"), ("left out", "why")
MOST_SHOWN = 200
MOST_LINES = 20_000  # of two files that are compared line by line
EARLIER = "it is of an earlier version, which kept none"


class HasCode(Protocol):
    """A run."""

    @property
    def code(self) -> RunCode:
        """Its code."""
        ...


def code_of(stored: StoredRun, document: RunDocument, name: str) -> RunCode:
    """Returns the code that a run has kept.

    Args:
        stored: The run.
        document: What it is.
        name: What the run is called.

    Raises:
        CodeNotKeptError: It has kept none; why is said.
    """
    record = document.code
    if document.kind == ADOPTED:
        raise CodeNotKeptError(f"run {name} has no code: it was adopted, and another program has made its rows")
    if record is None or record.sha256 is None:
        reason = (record and record.reason) or EARLIER
        raise CodeNotKeptError(
            f"run {name} has no code: {reason}", hint="a new run keeps its code, unless --no-keep-code is given"
        )
    return RunCode(stored, record, name)


class RunCode(Mapping[str, str]):
    """The files of a run's code: path → text. They are read from the store when one is asked for.

    Args:
        stored: The run.
        record: What it says of its code, with the hash of the archive.
        name: What the run is called.
    """

    def __init__(self, stored: StoredRun, record: CodeRecord, name: str) -> None:
        self._stored, self._record, self._name = stored, record, name

    @property
    def sha256(self) -> str:
        """The hash of the archive: runs of the same hash have the same code."""
        return self._record.sha256 or ""

    @property
    def left_out(self) -> dict[str, str]:
        """What of the project was not kept → why; of very much, the last says how much more."""
        return dict(self._record.left_out)

    @property
    def sizes(self) -> dict[str, int]:
        """Path → bytes."""
        return {path: len(content) for path, content in self._files.items()}

    @cached_property
    def _files(self) -> dict[str, bytes]:
        content = self._stored.code_archive(self.sha256)
        return dict(sorted(read_archive(content, f"the code of run {self._name}").items()))

    def bytes(self, path: str) -> bytes:
        """Returns a file as it is.

        Raises:
            CodeNotKeptError: There is no such file; why is said, if it was left out.
        """
        if path not in self._files:
            raise CodeNotKeptError(
                f"the code of run {self._name} has no file {path}. {self._why_not(path)}",
                hint=f"./sandbox runs show {self._name} --code",
            )
        return self._files[path]

    def __getitem__(self, path: str) -> str:
        """Returns a file as text, in the encoding that it declares.

        Raises:
            CodeNotKeptError: There is no such file; why is said, if it was left out.
        """
        return _as_text(self.bytes(path))

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)

    def _ipython_key_completions_(self) -> list[str]:
        return list(self)

    def diff(self, other: HasCode | RunCode | Path) -> str:
        """Returns how the files differ from others, as `diff -u` shows it; empty if they are the same.

        Args:
            other: A run, its code, or the folder of a project, of which the same is left out as of a run.

        Returns:
            For people: what a terminal could obey is shown as an escape. Files that one side has left out are named.

        Raises:
            CodeNotKeptError: The other run has no code.
            spark_etl.errors.ConfigError: The folder is not there, or too large.
        """
        if isinstance(other, Path):
            theirs, left_out = read_code(other.expanduser())
            name = str(other)
        else:
            code = other if isinstance(other, RunCode) else other.code
            theirs, left_out, name = code._files, code.left_out, code._name
        paths = sorted({*self._files, *theirs})
        unknown = {path: self.left_out.get(path) or left_out.get(path) for path in paths}
        parts = (
            f"# {path} is left out on one side: {unknown[path]}\n"
            if unknown[path]
            else _file_diff(path, (self._name, self._files.get(path)), (name, theirs.get(path)))
            for path in paths
        )
        return printable("".join(parts))

    def unpack(self, folder: Path) -> None:
        """Writes the files into a folder, which has to be new or empty.

        Nothing is written outside of it, whoever made the archive: names that lead out of it, links, and names that
        meet on a disk that knows no case are refused, and so is what is larger than it says.

        Raises:
            DamagedError: The archive is none that could be unpacked.
            spark_etl.errors.ArgumentError: Something is in the folder.
        """
        unpack(self._files, folder)

    def to_dict(self) -> dict[str, object]:
        """Returns hash, path → bytes, and what is left out, as plain values."""
        return {"sha256": self.sha256, "files": self.sizes, "left_out": self.left_out}

    def _why_not(self, path: str) -> str:
        folders = (f"{parent.as_posix()}/" for parent in Path(path).parents)
        reasons = (self.left_out.get(name) for name in (path, *folders))
        reason = next((each for each in reasons if each), None)
        return f"It was left out: {reason}." if reason else alternatives(path, self)

    def _headline(self) -> str:
        size = format_bytes(sum(self.sizes.values()))
        return f"code of run {self._name}: {format_count(len(self), 'file')}, {size}, sha256 {self.sha256[:12]}…"

    def _rows(self) -> list[tuple[str, str]]:
        rows = [(path, format_bytes(size)) for path, size in self.sizes.items()]
        more = len(rows) - MOST_SHOWN
        return rows[:MOST_SHOWN] + ([(MORE, f"{format_count(more, 'file')} more")] if more > 0 else [])

    def __repr__(self) -> str:
        parts = [self._headline(), text_table(COLUMNS, self._rows())]
        if self.left_out:
            parts.append(f"\n{text_table(LEFT_OUT_COLUMNS, list(self.left_out.items()))}")
        return printable("\n".join(parts))

    def _repr_html_(self) -> str:
        left_out = html_table(LEFT_OUT_COLUMNS, list(self.left_out.items())) if self.left_out else ""
        return f"<p>{escape(printable(self._headline()))}</p>{html_table(COLUMNS, self._rows())}{left_out}"


def _as_text(content: bytes) -> str:
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
    except (SyntaxError, UnicodeDecodeError):
        encoding = "utf-8"
    return content.decode(encoding, errors="replace")


def _file_diff(path: str, ours: tuple[str, bytes | None], theirs: tuple[str, bytes | None]) -> str:
    """Returns how a file of two sides differs; each is the side's name and its content, None if it has none."""
    (our_name, before), (their_name, after) = ours, theirs
    if before == after:
        return ""
    if any(content is not None and b"\0" in content for content in (before, after)):
        return f"Binary files {our_name}/{path} and {their_name}/{path} differ\n"
    lines, other_lines = _lines(before), _lines(after)
    if before is not None and after is not None and len(lines) + len(other_lines) > MOST_LINES:
        return f"Files {our_name}/{path} and {their_name}/{path} differ, in too many lines to compare them\n"
    ours_called, theirs_called = (_called(side, path) for side in (ours, theirs))
    return "".join(difflib.unified_diff(lines, other_lines, ours_called, theirs_called))


def _called(side: tuple[str, bytes | None], path: str) -> str:
    return "/dev/null" if side[1] is None else f"{side[0]}/{path}"


def _lines(content: bytes | None) -> list[str]:
    """Returns the lines with their ends; a last one without is marked, as `diff` does."""
    lines = io.StringIO(_as_text(content or b"")).readlines()  # which end with \n, and with nothing else
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n\\ No newline at end of file\n"
    return lines
