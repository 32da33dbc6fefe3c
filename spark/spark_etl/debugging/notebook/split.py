"""`transform` as cells: one for each statement, where that means the same; else one for all of it."""

from __future__ import annotations

import ast
import io
import itertools
import tokenize
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from spark_etl.debugging.notebook.find_class import FoundTransform, TransformNotFoundError, find_transform
from spark_etl.debugging.notebook.lines import (
    UNREADABLE,
    changes_in_ipython,
    first_line,
    group_statements,
    indent_of,
    inside_strings,
    split_lines,
    without_indent,
)
from spark_etl.debugging.notebook.one_cell import (
    arguments_of,
    has_lazy_annotations,
    is_lazy_module,
    keyword_name,
    why_no_cell,
    why_one_cell,
)

RESULT = "result"
CALL = "self.transform(spark, start_date, end_date, **debug.inputs)"
MEETS_IPYTHON = "IPython would change lines of a text in it"


@dataclass(frozen=True)
class Segment:
    """Lines of a file that are a cell.

    Attributes:
        first: Number of the first line, from 1.
        last: Number of the last one.
        text: What the cell shows of them.
    """

    first: int
    last: int
    text: str


@dataclass(frozen=True)
class Layout:
    """Where the cells come from.

    Attributes:
        lines: Of the file, with their own ends.
        segments: In their order, one right behind the other.
        indent: Of the block that they are.
        column: Where the block begins in the first line, for one that stands behind the colon of its `def`.
        is_class: Whether it is the class, and not the body of `transform`.
    """

    lines: tuple[str, ...]
    segments: tuple[Segment, ...]
    indent: str
    column: int | None = None
    is_class: bool = False


@dataclass(frozen=True)
class TransformCells:
    """A feature's `transform` as cells.

    Attributes:
        file: Where it is defined; where its class is, if it is not of the project; None if that was not found either.
        class_name: The class that defines it, or the feature's.
        cells: One for each statement, or a single one.
        whole: Why it is a single one; None if it is split.
        arguments: The inputs that it takes by name.
        keywords: What it calls the others, such as `kwargs`; empty if it takes no others.
        is_editable: Whether changes of the cells are changes of the file.
        result: The variable that has what it returns.
        lazy_annotations: Whether the cells leave annotations as texts, as `from __future__ import annotations` does.
        layout: Where the cells come from; None where they are not editable.
    """

    file: str | None
    class_name: str | None
    cells: tuple[str, ...]
    whole: str | None
    arguments: tuple[str, ...] = ()
    keywords: str = "kwargs"
    is_editable: bool = True
    result: str = RESULT
    lazy_annotations: bool = False
    layout: Layout | None = field(default=None, repr=False)

    @property
    def takes_kwargs(self) -> bool:
        """Whether it takes inputs that it does not name."""
        return bool(self.keywords)


def split_transform(code: Mapping[str, str], class_path: str) -> TransformCells:
    """Returns the `transform` of a feature as cells. Nothing of the code is executed.

    Args:
        code: Path → text of the project.
        class_path: The feature's class, with its module.
    """
    try:
        found = find_transform(code, class_path)
    except TransformNotFoundError as error:
        return TransformCells(error.file, error.class_name, (_call(),), error.reason, is_editable=False)
    lines = tuple(split_lines(code[found.file]))
    try:
        reason = why_one_cell(found)
        cells = _statements(found, lines) if reason is None else None
        reason = reason or MEETS_IPYTHON
        cells = cells or _class(found, lines, reason)
    except UNREADABLE as error:
        return _one_call(found, f"its lines can't be taken apart: {error}")
    return cells or _one_call(found, f"{reason}; and its class is no cell: {why_no_cell(found) or MEETS_IPYTHON}")


def _call() -> str:
    return f"{RESULT} = {CALL}"


def _one_call(found: FoundTransform, reason: str) -> TransformCells:
    return TransformCells(
        found.file,
        found.node.name,
        (_call(),),
        reason,
        arguments_of(found.function),
        keyword_name(found.function),
        is_editable=False,
    )


def _statements(found: FoundTransform, lines: tuple[str, ...]) -> TransformCells | None:
    """Returns the statements as cells; None if they would not mean the same."""
    result = _free_name(found.function)
    text = _with_result(found, result)
    layout = _body(found, lines, text)
    cells = tuple(segment.text for segment in layout.segments)
    if not _mean_the_same(found.function.body, cells, result):
        return None
    return TransformCells(
        found.file,
        found.node.name,
        cells,
        None,
        arguments_of(found.function),
        keyword_name(found.function),
        result=result,
        lazy_annotations=has_lazy_annotations(found),
        layout=layout,
    )


def _class(found: FoundTransform, lines: tuple[str, ...], reason: str) -> TransformCells | None:
    """Returns the class as a cell; None if it would not mean the same."""
    if why_no_cell(found) is not None:
        return None
    first, last = first_line(found.node), found.node.end_lineno or found.node.lineno
    text = found.text.split("\n")
    indent = indent_of(text[first - 1])
    segment = Segment(first, last, _shown(text, first, last, indent, inside_strings(found.text)))
    if changes_in_ipython(segment.text) or ast.dump(ast.parse(segment.text).body[0]) != ast.dump(found.node):
        return None
    return TransformCells(
        found.file,
        found.node.name,
        (f"{segment.text}\n\n\nself = debug.new({found.node.name})\n{_call()}",),
        reason,
        arguments_of(found.function),
        keyword_name(found.function),
        lazy_annotations=is_lazy_module(found),
        layout=Layout(lines, (segment,), indent, is_class=True),
    )


def _free_name(function: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    """Returns a name for what is returned that the function does not use."""
    nodes = list(ast.walk(function))
    used = {each.id for each in nodes if isinstance(each, ast.Name)}
    used |= {each.arg for each in nodes if isinstance(each, ast.arg)}
    used |= {each.name for each in nodes if isinstance(each, ast.FunctionDef)}
    used |= {str(each.asname or each.name) for each in nodes if isinstance(each, ast.alias)}
    used |= {str(getattr(each, "name", "")) for each in nodes}
    names = itertools.chain([RESULT, "returned"], (f"returned_{number}" for number in itertools.count(2)))
    return next(name for name in names if name not in used)


def _with_result(found: FoundTransform, result: str) -> list[str]:
    """Returns the lines of the file, `return X` at the end of `transform` as `result = X`."""
    lines = found.text.split("\n")
    node = found.function.body[-1]
    line = lines[node.lineno - 1]
    before = line.encode()[: node.col_offset].decode()
    lines[node.lineno - 1] = f"{before}{result} ={line[len(before) + len('return') :]}"
    return lines


def _body(found: FoundTransform, lines: tuple[str, ...], text: Sequence[str]) -> Layout:
    """Returns where the statements lie, and what the cells show.

    Args:
        found: The `transform`.
        lines: Of the file.
        text: The same to be shown, without line ends.
    """
    statements, last = list(found.function.body), found.function.body[-1].end_lineno or 0
    header = _header_end(found)
    if statements[0].lineno <= header:
        first, column = (
            statements[0].lineno,
            len(found.text.split("\n")[statements[0].lineno - 1].encode()[: statements[0].col_offset].decode()),
        )
        shown = "\n".join([text[first - 1][column:], *text[first:last]])
        return Layout(lines, (Segment(first, last, shown),), _indent_below(found, text), column)
    first = header + 1
    if len(statements) > 1 and _is_text(statements[0]) and statements[1].lineno > (statements[0].end_lineno or 0):
        first = (statements.pop(0).end_lineno or 0) + 1
    indent, fixed = indent_of(text[statements[0].lineno - 1]), inside_strings(found.text)
    groups = group_statements(statements, first, last)
    segments = [Segment(each.first, each.last, _shown(text, each.first, each.last, indent, fixed)) for each in groups]
    return Layout(lines, tuple(segments), indent)


def _header_end(found: FoundTransform) -> int:
    """Returns the line that the `def` ends at."""
    tokens = tokenize.generate_tokens(io.StringIO(found.text).readline)
    ends = (token.start[0] for token in tokens if token.type == tokenize.NEWLINE)
    return next(line for line in ends if line >= found.function.lineno)


def _indent_below(found: FoundTransform, text: Sequence[str]) -> str:
    """Returns the indentation of a block below the `def`."""
    own = indent_of(text[found.function.lineno - 1])
    return own + ("\t" if own.endswith("\t") else "    ")


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _shown(text: Sequence[str], first: int, last: int, indent: str, fixed: set[int]) -> str:
    """Returns lines of a file as a cell: without their indentation, and without blank lines above."""
    inside = {number - first for number in fixed}
    return "\n".join(without_indent(text[first - 1 : last], indent, inside)).lstrip("\n")


def _mean_the_same(body: Sequence[ast.stmt], cells: Sequence[str], result: str) -> bool:
    """Returns whether cells are the statements of a function, its `return` aside, also when IPython runs them."""
    *before, last = body
    value = last.value if isinstance(last, ast.Return) else None
    expected = [ast.dump(node) for node in before]
    expected.append(ast.dump(ast.Assign([ast.Name(result, ast.Store())], value or ast.Constant(None))))
    if _is_text(body[0]) and len(body) > len([node for cell in cells for node in ast.parse(cell).body]):
        expected.pop(0)
    shown = [ast.dump(node) for cell in cells for node in ast.parse(cell).body]
    return shown == expected and not any(map(changes_in_ipython, cells))
