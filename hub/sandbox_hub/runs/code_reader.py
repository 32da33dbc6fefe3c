"""The code of a run, read in a process of its own: its files in colours, a class, a difference, lines of a failure.

Run as `python -m sandbox_hub.runs.code_reader`: on stdin, the question as a line of JSON, and one or two archives.
"""

from __future__ import annotations

import difflib
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sandbox_hub.apart.process import limit_this_process

MOST_BYTES = 400_000  # of a file in colours
MOST_LINES, LONGEST_LINE = 5_000, 2_000  # of a difference; and of any text
AROUND = 4


def main() -> None:
    """Reads a question and archives from stdin, and writes the answer to stdout, as JSON."""
    limit_this_process()
    question = json.loads(sys.stdin.buffer.readline())
    archives = [sys.stdin.buffer.read(size) for size in question["sizes"]]
    answer = ANSWERS[question["what"]]([_files(each) for each in archives], *question["arguments"])
    sys.stdout.write(json.dumps(answer))


def _files(archive: bytes) -> dict[str, bytes]:
    from spark_etl.code.archive import read_archive  # noqa: PLC0415 - of the limited process only

    return read_archive(archive, "the code")


def list_files(codes: Sequence[Mapping[str, bytes]]) -> list[tuple[str, int]]:
    """Returns path and size of each file."""
    return [(path, len(content)) for path, content in sorted(codes[0].items())]


def show_file(codes: Sequence[Mapping[str, bytes]], path: str) -> dict[str, Any] | None:
    """Returns a file in colours; None if there is none."""
    return _shown(path, codes[0][path]) if path in codes[0] else None


def show_class(codes: Sequence[Mapping[str, bytes]], class_path: str) -> dict[str, Any]:
    """Returns the file that a feature's `transform` is defined in, and the lines of its class.

    Returns:
        The file in colours with `first` and `last`; or `reason`, why it was not found.
    """
    from spark_etl.debugging.notebook.find_class import TransformNotFoundError, find_transform  # noqa: PLC0415

    code = {path: content.decode("utf-8", "replace") for path, content in codes[0].items() if path.endswith(".py")}
    try:
        found = find_transform(code, class_path)
    except TransformNotFoundError as error:
        file = error.file or ""
        shown = _shown(file, codes[0][file]) if file in codes[0] else {}
        return {**shown, "reason": error.reason}
    first = min([found.node.lineno, *(each.lineno for each in found.node.decorator_list)])
    lines = {"first": first, "last": found.node.end_lineno or first, "transform": found.function.lineno}
    return {**_shown(found.file, codes[0][found.file]), **lines}


def show_failure(codes: Sequence[Mapping[str, bytes]], frames: str) -> list[dict[str, Any]]:
    """Returns the project's own lines that an error came by, each with those around it.

    Args:
        codes: The run's.
        frames: File, line and function of each frame, as JSON.
    """
    found = []
    for file, number, where in json.loads(frames):
        path = _path_in(codes[0], file)
        lines = _text_of(codes[0][path]).split("\n") if path else []
        if path and 0 < number <= len(lines):
            first = max(1, number - AROUND)
            shown = lines[first - 1 : number + AROUND]
            found.append({"path": path, "line": number, "where": where, "first": first, "lines": shown})
    return found


def show_difference(codes: Sequence[Mapping[str, bytes]]) -> dict[str, Any]:
    """Returns how the code of two runs differs, the second the newer: lines as `diff -u` has them."""
    before, after = codes if len(codes) > 1 else (codes[0], codes[0])
    lines = [line for path in sorted({*before, *after}) for line in _file_difference(path, before, after)]
    return {"lines": lines[:MOST_LINES], "more": max(len(lines) - MOST_LINES, 0)}


def _file_difference(path: str, before: Mapping[str, bytes], after: Mapping[str, bytes]) -> Iterator[str]:
    old, new = before.get(path), after.get(path)
    if old == new:
        return
    before_lines, after_lines = (_lines_of(each) for each in (old, new))
    if before_lines is None or after_lines is None:
        yield f"--- {path}: no text"
        return
    names = ["/dev/null" if each is None else f"{side}/{path}" for side, each in (("a", old), ("b", new))]
    yield from difflib.unified_diff(before_lines, after_lines, names[0], names[1], lineterm="")


def _lines_of(content: bytes | None) -> list[str] | None:
    """Returns the lines of a file, none of one that is not there; None if it is no text."""
    if content is None:
        return []
    if b"\0" in content:
        return None
    return [line[:LONGEST_LINE] for line in _text_of(content).split("\n")]


def _text_of(content: bytes) -> str:
    return content.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")


def _path_in(code: Mapping[str, bytes], file: str) -> str | None:
    """Returns the file that a traceback names by its whole path; None if it is none of them."""
    fitting = [path for path in code if f"/{file.lstrip('/')}".endswith(f"/{path}")]
    return max(fitting, key=len, default=None)


def _shown(path: str, content: bytes) -> dict[str, Any]:
    """Returns a file as lines of HTML, in which nothing but `<span class>` is no text."""
    text = _text_of(content[:MOST_BYTES])
    return {"path": path, "lines": _highlighted(path, text), "is_cut": len(content) > MOST_BYTES}


def _highlighted(path: str, text: str) -> list[str]:
    from pygments import highlight  # noqa: PLC0415
    from pygments.formatters import HtmlFormatter  # noqa: PLC0415
    from pygments.lexers import get_lexer_for_filename  # noqa: PLC0415
    from pygments.util import ClassNotFound  # noqa: PLC0415
    from spark_etl.printable import printable  # noqa: PLC0415

    plain = "\n".join(line[:LONGEST_LINE] for line in printable(text).split("\n"))
    try:
        lexer = get_lexer_for_filename(path, stripnl=False, ensurenl=False)
    except ClassNotFound:
        from pygments.lexers.special import TextLexer  # noqa: PLC0415

        lexer = TextLexer(stripnl=False, ensurenl=False)
    return str(highlight(plain, lexer, HtmlFormatter(nowrap=True))).rstrip("\n").split("\n")


ANSWERS: dict[str, Callable[..., Any]] = {
    "files": list_files,
    "file": show_file,
    "class": show_class,
    "failure": show_failure,
    "difference": show_difference,
}

if __name__ == "__main__":
    main()
