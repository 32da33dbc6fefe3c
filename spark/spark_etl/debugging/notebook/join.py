"""The cells of `transform` as code again: what was not changed comes back byte for byte."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from spark_etl.debugging.notebook.assemble import Piece, is_call, new_text, parse_cell, refuse_notebook_names
from spark_etl.debugging.notebook.cells import (
    OPENS,
    REPLAY,
    SETUP,
    TRANSFORM,
    Cell,
    code_cells,
    debug_metadata,
    known_parts,
    only_looks,
    shown,
)
from spark_etl.debugging.notebook.lines import UNREADABLE, group_statements, with_newlines
from spark_etl.debugging.notebook.split import Layout, Segment, TransformCells, split_transform
from spark_etl.errors import ArgumentError


@dataclass(frozen=True)
class Edited:
    """The module of a feature, as the notebook's cells have it.

    Attributes:
        file: Its path in the project; None where the notebook has no cells of a module.
        text: Its new text; None if it is as it was.
        left_out: What of the cells is not in it, a line for each.
    """

    file: str | None
    text: str | None
    left_out: tuple[str, ...] = ()


def edited_module(code: Mapping[str, str], notebook: Mapping[str, Any]) -> Edited:
    """Returns the module of the feature with what was changed in the cells.

    Args:
        code: Path → text of the run's project.
        notebook: The notebook, as its file has it.

    Raises:
        ArgumentError: A cell is no Python, or its code could not run in the module; the cell and line are named.
    """
    known = debug_metadata(notebook)
    parts = known_parts(known)
    all_cells = list(code_cells(notebook))
    cells = [cell for cell in all_cells if (cell.part or "").startswith(TRANSFORM)]
    split = split_transform(code, str(known.get("class") or ""))
    if not parts or split.file is None:
        return Edited(split.file, None)
    others = tuple(_edits_elsewhere(all_cells, parts))
    if split.layout is None:
        changed = [cell for cell in cells if cell.text != split.cells[0]]
        return Edited(split.file, None, (*(f"{each.name} is no part of the module" for each in changed), *others))
    _refuse_other_split(split, known, parts)
    if [cell.text for cell in cells] == list(split.cells):
        return Edited(split.file, None, others)
    pieces = list(_all_pieces(cells, split.layout))
    left = [piece for piece in pieces if _is_left_out(piece, split)]
    pieces = [piece for piece in pieces if piece not in left]
    refuse_notebook_names(code[split.file], pieces)
    text = new_text(code, str(known["class"]), split, pieces)
    left_out = [f"{piece.cell.name}: {shown(piece.text)}" for piece in left if not is_call(piece.nodes)]
    return Edited(split.file, None if text == code[split.file] else text, (*left_out, *others))


def _refuse_other_split(split: TransformCells, known: Mapping[str, Any], parts: Mapping[str, str]) -> None:
    if [text for name, text in parts.items() if name.startswith(TRANSFORM)] != list(split.cells):
        raise ArgumentError(
            "this notebook was written by another version, which took the code apart in another way",
            hint=f"./sandbox debug {known['run']}/{known['feature']} --new, and make the changes there",
        )


def _edits_elsewhere(cells: Sequence[Cell], parts: Mapping[str, str]) -> Iterator[str]:
    """Yields cells that are no part of `transform`, were added or changed, and do more than look.

    Those below *replay and compare* are left out: they come after the rows that it compares.
    """
    for cell in cells:
        if cell.part == REPLAY:
            return
        if cell.part is None and _does_something(cell.text):
            yield f"{cell.name}, which was added and is no part of `transform`: {shown(cell.text)}"
        elif _is_changed(cell, parts) and _does_something(cell.text):
            yield f"{cell.name} (`{cell.part}`), which was changed and is no part of `transform`: {shown(cell.text)}"


def _is_changed(cell: Cell, parts: Mapping[str, str]) -> bool:
    """Returns whether a cell that was written with the notebook, and is none of `transform`, is another one now.

    How the session is opened does not count.
    """
    if cell.part is None or cell.part.startswith(TRANSFORM):
        return False
    now, before = (
        [line for line in text.split("\n") if cell.part != SETUP or not line.startswith(OPENS)]
        for text in (cell.text, parts.get(cell.part, ""))
    )
    return now != before


def _does_something(text: str) -> bool:
    try:
        nodes = ast.parse(with_newlines(text)).body
    except UNREADABLE:  # such as `%time`
        return False
    return bool(nodes) and not only_looks(nodes)


def _all_pieces(cells: Sequence[Cell], layout: Layout) -> Iterator[Piece]:
    seen = set[str | None]()
    for cell in cells:
        yield from _pieces(cell, layout, above=() if cell.part in seen else _blank_lines_above(cell, layout))
        seen.add(cell.part)


def _pieces(cell: Cell, layout: Layout, above: tuple[str, ...]) -> Iterator[Piece]:
    """Yields what is in a cell.

    Args:
        cell: The cell.
        layout: Where the cells come from.
        above: The blank lines that the file has above what the cell was.

    Raises:
        ArgumentError: It is no Python.
    """
    text = with_newlines(cell.text)
    lines = text.split("\n")
    segments = {} if layout.column is not None else {each.text: each for each in layout.segments}
    for group in group_statements(parse_cell(cell, text), 1, len(lines)):
        whole = lines[group.first - 1 : group.last]
        stripped = "\n".join(whole).strip("\n")
        blank = ("",) * (len(whole) - len("\n".join(whole).lstrip("\n").split("\n")))
        if stripped.strip():
            yield Piece(
                cell,
                stripped,
                tuple(ast.parse(stripped).body),
                above if group.first == 1 else blank,
                segments.get(stripped),
            )


def _blank_lines_above(cell: Cell, layout: Layout) -> tuple[str, ...]:
    """Returns the blank lines, without their ends, above what a cell was in the file; none for a class."""
    place = (cell.part or "")[len(TRANSFORM) :]
    segments: Sequence[Segment] = () if layout.is_class or layout.column is not None else layout.segments
    if not place.isdecimal() or int(place) >= len(segments):
        return ()
    segment = segments[int(place)]
    lines = layout.lines[segment.first - 1 : segment.last]
    return tuple(line.rstrip("\r\n") for line in takewhile(lambda line: not line.strip(), lines))


def _is_left_out(piece: Piece, split: TransformCells) -> bool:
    """Returns whether a piece is no code of the module: it only looks, or it calls the class of its cell.

    What looks in the module itself, such as a `print`, may be changed.
    """
    if split.layout is not None and split.layout.is_class and is_call(piece.nodes):
        return True
    if piece.segment is not None or piece.text in split.cells or not only_looks(piece.nodes):
        return False
    return not _replaces_a_look(piece, split)


def _replaces_a_look(piece: Piece, split: TransformCells) -> bool:
    """Returns whether a piece stands in place of a call of the same function that its cell was."""
    place = (piece.cell.part or "")[len(TRANSFORM) :]
    if not place.isdecimal() or int(place) >= len(split.cells) or split.cells[int(place)] in piece.cell.text:
        return False
    before = ast.parse(with_newlines(split.cells[int(place)])).body
    return only_looks(before) and len(before) == len(piece.nodes) == 1 and _called(before[0]) == _called(piece.nodes[0])


def _called(node: ast.stmt) -> str:
    """Returns the function that a statement calls, as text; empty if it is no call."""
    value = getattr(node, "value", None)
    return ast.unparse(value.func) if isinstance(value, ast.Call) else ""
