"""Python text as lines: what lies inside of strings, statements with their comments, indentation off and on again.

Everything here works on texts whose lines end with `\\n`. A text of a file keeps its own line ends beside that: line N
of the one is line N of the other.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator, Sequence
from typing import NamedTuple

ENDS = re.compile(r"\r\n?|\n")
INDENT = re.compile(r"[ \t]*")
# What IPython takes for a prompt, and cuts off, even inside of a string.
PROMPT = re.compile(r"\s*(?:>>>|In \[\d+\]: |\.{3,}:|\.\.\.(?: |$))")
DECORATED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
OPENS, CLOSES = ("FSTRING_START", "TSTRING_START"), ("FSTRING_END", "TSTRING_END")
UNREADABLE = (SyntaxError, ValueError, RecursionError, MemoryError, tokenize.TokenError)


class Group(NamedTuple):
    """Statements that share a line, mostly one alone, with what stands above them.

    Attributes:
        first: Number of the first line, comments and blank lines included, from 1.
        last: Number of the last line.
        nodes: The statements; none where comments come last.
    """

    first: int
    last: int
    nodes: tuple[ast.stmt, ...]


def with_newlines(text: str) -> str:
    """Returns a text whose lines all end with a newline character, as Python reads it."""
    return ENDS.sub("\n", text)


def split_lines(text: str) -> list[str]:
    """Returns the lines of a file, each with its own end; only what ends a line for Python ends one here."""
    return io.StringIO(text, newline="").readlines()


def line_end(lines: Sequence[str]) -> str:
    """Returns what ends the first line that has an end; a newline character if none does."""
    return next((match[0] for match in map(ENDS.search, lines) if match), "\n")


def inside_strings(text: str) -> set[int]:
    """Returns the numbers of the lines, from 1, that begin inside of a string.

    Raises:
        tokenize.TokenError: It is no complete Python. SyntaxError: the same.
    """
    found: set[int] = set()
    open_at: list[int] = []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        name = tokenize.tok_name[token.type]
        if name in OPENS:
            open_at.append(token.start[0])
        elif name == "STRING" or name in CLOSES:
            first = open_at.pop() if name in CLOSES else token.start[0]
            found.update(range(first + 1, token.end[0] + 1))
    return found


def group_statements(statements: Sequence[ast.stmt], first: int, last: int) -> Iterator[Group]:
    """Yields the statements of a block with the lines that belong to each.

    Args:
        statements: In their order.
        first: The first line of the block, from 1.
        last: The last line; what is left after the last statement is a group without statements.
    """
    together: list[ast.stmt] = []
    for position, node in enumerate(statements, 1):
        together.append(node)
        end = node.end_lineno or node.lineno
        if position == len(statements) or first_line(statements[position]) > end:
            yield Group(first, end, tuple(together))
            first, together = end + 1, []
    if first <= last:
        yield Group(first, last, ())


def first_line(node: ast.stmt) -> int:
    """Returns the line that a statement begins at, with its decorators."""
    decorators = node.decorator_list if isinstance(node, DECORATED) else []
    return min([node.lineno, *(each.lineno for each in decorators)])


def without_indent(lines: Sequence[str], indent: str, fixed: set[int]) -> list[str]:
    """Returns lines without the indentation of their block.

    Args:
        lines: Without their ends.
        indent: Of the block.
        fixed: Positions in `lines`, from 0, of those that begin inside of a string and stay as they are.
    """
    return [
        line if position in fixed else line.removeprefix(indent) if line.strip() else ""
        for position, line in enumerate(lines)
    ]


def with_indent(text: str, indent: str) -> list[str]:
    """Returns the lines of a text of Python, moved into a block; what lies inside of strings stays as it is.

    Raises:
        tokenize.TokenError: It is no complete Python. SyntaxError: the same.
    """
    fixed = inside_strings(text)
    return [
        line if number in fixed else f"{indent}{line}" if line.strip() else ""
        for number, line in enumerate(text.split("\n"), 1)
    ]


def indent_of(line: str) -> str:
    """Returns the blanks and tabs that a line begins with."""
    match = INDENT.match(line)
    return match[0] if match else ""


def changes_in_ipython(text: str) -> bool:
    """Returns whether IPython would run something else than this: it cuts prompts and blanks also out of strings."""
    texts = {number for node in ast.walk(ast.parse(text)) for number in _lines_of_docstring(node)}
    lines = dict(enumerate(text.split("\n"), 1))
    return any(
        (lines[number].isspace() or PROMPT.match(lines[number]))
        for number in inside_strings(text) - texts
        if number in lines
    )


def _lines_of_docstring(node: ast.AST) -> range:
    """Returns the lines of a text that stands alone as a statement, and means nothing."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
        return range(node.lineno, (node.end_lineno or node.lineno) + 1)
    return range(0)
