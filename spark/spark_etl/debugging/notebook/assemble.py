"""A module with other statements in `transform`, or with another class, than it had."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from spark_etl.debugging.notebook.bindings import bindings, names_bound_by
from spark_etl.debugging.notebook.cells import Cell
from spark_etl.debugging.notebook.find_class import TransformNotFoundError, find_transform
from spark_etl.debugging.notebook.lines import UNREADABLE, line_end, with_indent, with_newlines
from spark_etl.debugging.notebook.split import Layout, Segment, TransformCells
from spark_etl.errors import ArgumentError
from spark_etl.printable import printable

AGAIN = "correct the cell, then save the patch again"
# What only a notebook has.
OF_NOTEBOOK = {"debug", "display", "get_ipython"}


class Piece(NamedTuple):
    """Statements of a cell that share a line, mostly one alone, with the comments above.

    Attributes:
        cell: Where they stand.
        text: They, without blank lines above.
        nodes: They, parsed.
        above: The blank lines above, without their ends.
        segment: The lines of the file that they are, where they were not changed.
    """

    cell: Cell
    text: str
    nodes: tuple[ast.stmt, ...]
    above: tuple[str, ...] = ()
    segment: Segment | None = None


def parse_cell(cell: Cell, text: str) -> list[ast.stmt]:
    """Returns the statements of a cell.

    Raises:
        ArgumentError: It is no Python; cell and line are named.
    """
    try:
        return ast.parse(text).body
    except UNREADABLE as error:
        line = (error.lineno or 1) if isinstance(error, SyntaxError) else 1
        reason = error.msg if isinstance(error, SyntaxError) else str(error)
        lines = text.split("\n")
        code = lines[min(line, len(lines)) - 1].strip()
        where = f"{cell.name} (`{cell.part}`), line {line}"
        message = printable(f"{where}: {reason}: {code}", one_line=True)
        magic = ", and take out lines for IPython such as `%time`" if code[:1] in {"%", "!", "?"} else ""
        raise ArgumentError(f"this is no Python: {message}", hint=f"{AGAIN}{magic}") from error


def is_call(nodes: Sequence[ast.stmt]) -> bool:
    """Returns whether a statement is one of those below a class that make an instance, or call its `transform`."""
    value = getattr(nodes[0], "value", None) if len(nodes) == 1 else None
    function = value.func if isinstance(value, ast.Call) else None
    if not isinstance(function, ast.Attribute) or not isinstance(function.value, ast.Name):
        return False
    return (function.value.id, function.attr) in {("debug", "new"), ("self", "transform")}


def refuse_notebook_names(module: str, pieces: Sequence[Piece]) -> None:
    """Refuses code that uses what only the notebook has.

    Raises:
        ArgumentError: It does; cell and name are named.
    """
    known = {each.name for each in bindings(ast.parse(with_newlines(module)).body)}
    known |= {name for piece in pieces for node in piece.nodes for name in names_bound_by(node)}
    for piece in pieces:
        names = {each.id for node in piece.nodes for each in ast.walk(node) if isinstance(each, ast.Name)}
        if piece.segment is None and (found := sorted((names & OF_NOTEBOOK) - known)):
            raise ArgumentError(
                f"{piece.cell.name} (`{piece.cell.part}`) uses `{found[0]}`, which only the notebook has", hint=AGAIN
            )


def new_text(code: Mapping[str, str], class_path: str, split: TransformCells, pieces: Sequence[Piece]) -> str:
    """Returns the module with the pieces in place of what the cells were.

    Args:
        code: Path → text of the project.
        class_path: The feature's class.
        split: Its `transform` as it was.
        pieces: What the cells have now, in their order.

    Raises:
        ArgumentError: That would be no such module any more.
    """
    layout, file = split.layout, split.file
    if layout is None or file is None:
        raise ArgumentError("these cells are no part of a module")
    if not any(piece.nodes for piece in pieces):
        raise ArgumentError("the cells of `transform` are gone, or empty", hint="undo that in the notebook")
    if not layout.is_class:
        pieces = _with_return(pieces, split, layout)
    text = "".join(_lines(layout, pieces))
    _check(code, class_path, split, pieces, text)
    return text


def _with_return(pieces: Sequence[Piece], split: TransformCells, layout: Layout) -> list[Piece]:
    """Returns the pieces as the body of a function, which ends with a `return`.

    1. One that ends as the function did is left as it is.
    2. An assignment of the result at the end becomes a `return`.
    3. Where the result is assigned elsewhere, a `return` of it is added.
    """
    last = max(number for number, piece in enumerate(pieces) if piece.nodes)
    returning = layout.segments[-1]
    found = [
        piece._replace(segment=None) if piece.segment == returning and number != last else piece
        for number, piece in enumerate(pieces)
    ]
    end = found[last]
    changed = None if end.segment == returning else _returned(end.text, end.nodes[-1], split.result)
    if end.segment == returning or isinstance(end.nodes[-1], ast.Return):
        return found
    if changed is not None:
        found[last] = end._replace(text=changed, segment=None)
        return found
    if not any(split.result in names_bound_by(node) for piece in found for node in piece.nodes):
        raise ArgumentError(
            f"no cell of `transform` assigns `{split.result}`, which is what it returns",
            hint=f"let the last one end with `{split.result} = …`, then save the patch again",
        )
    added = f"return {split.result}"
    return [*found, Piece(end.cell, added, tuple(ast.parse(added).body))]


def _returned(text: str, node: ast.stmt, result: str) -> str | None:
    """Returns a text whose last statement assigns the result, with `return` instead; None if it is no such one."""
    if not isinstance(node, ast.Assign) or len(node.targets) != 1 or not isinstance(node.targets[0], ast.Name):
        return None
    lines = text.split("\n")
    line = lines[node.lineno - 1]
    before = line.encode()[: node.col_offset].decode()
    assigned = re.match(rf"{re.escape(result)}[ \t]*=[ \t]*", line[len(before) :])
    if assigned is None or node.targets[0].id != result:
        return None
    lines[node.lineno - 1] = f"{before}return {line[len(before) + assigned.end() :]}"
    return "\n".join(lines)


def _lines(layout: Layout, pieces: Sequence[Piece]) -> Iterator[str]:
    """Yields the lines of the module, each with its end."""
    lines, end = layout.lines, line_end(layout.lines)
    first, last = layout.segments[0].first, layout.segments[-1].last
    yield from lines[: first - 1]
    if layout.column is not None:
        yield lines[first - 1][: layout.column].rstrip() + end
    body = [line for piece in pieces for line in _lines_of(piece, layout, end)]
    has_end = lines[last - 1].endswith(("\n", "\r"))
    yield from body if has_end else [*body[:-1], body[-1].rstrip("\r\n")]
    yield from lines[last:]


def _lines_of(piece: Piece, layout: Layout, end: str) -> Iterator[str]:
    """Yields the lines of a piece in the file, with the blank lines above: those of statements are lines of theirs."""
    if piece.segment is None or layout.is_class:
        yield from (f"{line}{end}" for line in piece.above)
    if piece.segment is None:
        yield from (f"{line}{end}" for line in with_indent(piece.text, layout.indent))
        return
    known = layout.lines[piece.segment.first - 1 : piece.segment.last]
    yield from (line if line.endswith(("\n", "\r")) else f"{line}{end}" for line in known)


def _check(code: Mapping[str, str], class_path: str, split: TransformCells, pieces: Sequence[Piece], text: str) -> None:
    """Refuses a module that Python does not take, or whose statements are not those of the cells."""
    file = split.file or ""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(with_newlines(text), file, "exec", dont_inherit=True)
        found = find_transform({**code, file: text}, class_path)
    except UNREADABLE as error:
        reason = f"{error.msg} (line {error.lineno})" if isinstance(error, SyntaxError) else str(error)
        raise ArgumentError(f"with the cells, {file} is no Python any more: {printable(reason)}", hint=AGAIN) from error
    except TransformNotFoundError as error:
        raise ArgumentError(
            f"with the cells, there is no `transform` of {split.class_name} any more: {error.reason}", hint=AGAIN
        ) from error
    in_cells = [ast.dump(node) for piece in pieces for node in _final_nodes(piece, split)]
    if split.layout and split.layout.is_class:
        fits = set(in_cells) <= {ast.dump(node) for node in ast.walk(found.tree) if isinstance(node, ast.stmt)}
    else:
        fits = [ast.dump(node) for node in found.function.body][-len(in_cells) :] == in_cells
    if not fits:
        raise ArgumentError(
            f"the cells can't be put back into {file}: their lines would mean something else there",
            hint="make the change in that file, below the notebook's folder",
        )


def _final_nodes(piece: Piece, split: TransformCells) -> list[ast.stmt]:
    nodes = ast.parse(piece.text).body
    if piece.segment is not None and split.layout and piece.segment == split.layout.segments[-1]:
        changed = _returned(piece.text, nodes[-1], split.result) if not split.layout.is_class else None
        return ast.parse(changed).body if changed else nodes
    return nodes
