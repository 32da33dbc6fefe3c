"""What was changed in a debug notebook as a patch, in the form that `git apply` takes."""

from __future__ import annotations

import difflib
import io
import re
import tokenize
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from spark_etl.code.archive import read_code
from spark_etl.debugging.notebook.join import edited_module
from spark_etl.errors import ArgumentError
from spark_etl.printable import printable
from spark_etl.reading.code import RunCode

# Names in which git writes a character as `\n` or `\303`, between quotes.
QUOTED = re.compile(r'["\\\x00-\x1f\x7f]')
ESCAPES = {"\n": "\\n", "\t": "\\t", '"': '\\"', "\\": "\\\\", "\r": "\\r"}
NO_NEWLINE = "\\ No newline at end of file\n"
IN_FOLDER = "edit the file in your working copy instead"


def make_patch(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> str:
    r"""Returns how files differ, as `git diff` shows it; empty where they do not.

    Args:
        before: Path → content.
        after: The same of the files as they are to be.

    Returns:
        The patch. Its lines end with `\n`; a line of a file that ends with `\r\n` has its `\r` in it.

    Raises:
        ArgumentError: A file that differs is no text in UTF-8.
    """
    paths = sorted({*before, *after})
    return "".join(_file_patch(path, before.get(path), after.get(path)) for path in paths)


def _file_patch(path: str, before: bytes | None, after: bytes | None) -> str:
    if before == after:
        return ""
    old, new = (_name(side, path) for side in ("a", "b"))
    head = [f"diff --git {old} {new}\n"]
    if before is None or after is None:
        head.append(f"{'new' if before is None else 'deleted'} file mode 100644\n")
    lines = [_lines(path, content) for content in (before, after)]
    changes = list(_hunks(*lines))
    if changes:
        end = "\t" if " " in path and not QUOTED.search(path) else ""  # so that programs know where the name ends
        head.append("--- /dev/null\n" if before is None else f"--- {old}{end}\n")
        head.append("+++ /dev/null\n" if after is None else f"+++ {new}{end}\n")
    return "".join([*head, *changes])


def _hunks(old: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    """Yields the lines of the changes; each starts with ` `, `-`, `+` or `@`."""
    for number, line in enumerate(difflib.unified_diff(old, new)):
        if number >= 2:  # behind the names of the files
            yield line if line.endswith("\n") else f"{line}\n{NO_NEWLINE}"


def _name(side: str, path: str) -> str:
    name = f"{side}/{path}"
    return f'"{QUOTED.sub(_escaped, name)}"' if QUOTED.search(name) else name


def _escaped(match: re.Match[str]) -> str:
    return ESCAPES.get(match[0], f"\\{ord(match[0]):03o}")


def _lines(path: str, content: bytes | None) -> list[str]:
    """Returns the lines of a file with their ends, which only a newline character makes.

    Raises:
        ArgumentError: It is no text in UTF-8.
    """
    try:
        text = (content or b"").decode("utf-8")
    except UnicodeDecodeError as error:
        raise _no_text(path, f"it is not in UTF-8 (byte {error.start})") from error
    if "\0" in text:
        raise _no_text(path, "it is no text")
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def _no_text(path: str, reason: str) -> ArgumentError:
    return ArgumentError(f"{printable(path, one_line=True)} can't be in a patch: {reason}", hint=IN_FOLDER)


class EditedCode(NamedTuple):
    """A run's code as it was edited.

    Attributes:
        files: Path → content of all files.
        left_out: What of the cells is not in them, a line each.
    """

    files: dict[str, bytes]
    left_out: tuple[str, ...]


def edited_code(notebook: Mapping[str, Any], folder: Path, code: RunCode) -> EditedCode:
    """Returns a run's code as it was edited: in the cells, and in the notebook's folder.

    Args:
        notebook: The notebook, as its file has it.
        folder: Where the code was unpacked; if it is gone, nothing was edited there.
        code: What the run has kept.

    Raises:
        ArgumentError: A file was edited in both places, or a cell is no Python.
    """
    kept = original_files(code)
    found = files_in(folder, kept) if folder.is_dir() else dict(kept)
    module = edited_module(code, notebook)
    if module.file is None or module.text is None:
        return EditedCode(found, module.left_out)
    content = _encoded(module.file, module.text, kept[module.file])
    if found.get(module.file) not in {kept[module.file], content}:
        raise ArgumentError(
            f"{module.file} was edited in the cells and in {folder}",
            hint="make both changes in one of the two, then save the patch again",
        )
    return EditedCode({**found, module.file: content}, module.left_out)


def original_files(code: RunCode) -> dict[str, bytes]:
    """Returns path → content of the code that a run has kept."""
    return {path: code.bytes(path) for path in code}


def files_in(folder: Path, kept: Mapping[str, bytes]) -> dict[str, bytes]:
    """Returns the files of a folder: those of the run that are still there, and others that a run would keep.

    Raises:
        ArgumentError: One can't be read, or is a link now where the run has a file.
    """
    added, _ = read_code(folder)
    found = {}
    for path in {**kept, **added}:
        file = folder / path
        if path in kept and file.is_symlink():
            where = printable(str(file), one_line=True)
            raise ArgumentError(f"{where} is a link now, which no patch has", hint="put a file there, or delete it")
        if file.is_file() and not file.is_symlink():
            try:
                found[path] = file.read_bytes()
            except OSError as error:
                raise ArgumentError(f"{file} can't be read: {error.strerror}") from error
    return found


def _encoded(path: str, text: str, before: bytes) -> bytes:
    """Returns a text in the encoding of the file that it replaces.

    Raises:
        ArgumentError: That encoding can't express it, or could not be read.
    """
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(before).readline)
        before.decode(encoding)
        return text.encode(encoding)
    except (SyntaxError, UnicodeError, LookupError) as error:
        raise _no_text(path, f"its encoding can't be kept: {error}") from error
