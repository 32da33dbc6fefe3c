"""Which names a block of Python binds, and by which statement; nothing is executed to find out."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator, Sequence
from typing import NamedTuple

OF_SHELLS = {"_", "display", "exit", "get_ipython", "quit"}
BUILTINS = frozenset(dir(builtins)) - OF_SHELLS
SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
BLOCKS = ("body", "orelse", "finalbody")


class Binding(NamedTuple):
    """A name that a block binds.

    Attributes:
        name: The name.
        node: The statement.
        is_direct: Whether the statement stands in the block itself, and not below an `if`, `try`, `for` or `with`.
    """

    name: str
    node: ast.stmt
    is_direct: bool


def bindings(block: Sequence[ast.stmt], *, is_direct: bool = True) -> Iterator[Binding]:
    """Yields what the statements of a block bind, in the order of the lines."""
    for statement in block:
        for name in names_bound_by(statement, whole=False):
            yield Binding(name, statement, is_direct)
        for inner in inner_blocks(statement):
            yield from bindings(inner, is_direct=False)


def inner_blocks(statement: ast.stmt) -> Iterator[Sequence[ast.stmt]]:
    """Yields the blocks of an `if`, `for`, `while`, `with`, `try` or `match`; those of functions and classes not."""
    if isinstance(statement, SCOPES):
        return
    yield from (getattr(statement, name) for name in BLOCKS[:1] if hasattr(statement, name))
    yield from (handler.body for handler in getattr(statement, "handlers", ()))
    yield from (case.body for case in getattr(statement, "cases", ()))
    yield from (getattr(statement, name) for name in BLOCKS[1:] if getattr(statement, name, None))


def names_bound_by(statement: ast.AST, *, whole: bool = True) -> Iterator[str]:
    """Yields the names that a statement binds in the block that it stands in.

    Args:
        statement: It.
        whole: Whether what the blocks inside of it bind counts, too.
    """
    for node in own_nodes(statement, whole=whole):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del):
            yield node.id
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.alias):
            yield (node.asname or node.name).partition(".")[0]
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            yield node.name
        elif isinstance(node, ast.MatchMapping) and node.rest:
            yield node.rest


def own_nodes(node: ast.AST, *, whole: bool = True) -> Iterator[ast.AST]:
    """Yields a node and what is inside of it, as far as it is of the same scope.

    Of a function or class inside that is its decorators, defaults and bases; of a comprehension, what `:=` binds and
    what is read first.

    Args:
        node: It.
        whole: Whether the blocks of a statement count, too.
    """
    yield node
    to_do = list(reversed(list(_own_children(node, whole=whole))))
    while to_do:  # no recursion: an expression may be as deep as a thousand terms
        inside = to_do.pop()
        yield inside
        to_do += reversed(list(_own_children(inside, whole=True)))


def _own_children(node: ast.AST, *, whole: bool) -> Iterator[ast.AST]:
    if isinstance(node, ast.Lambda):
        yield from _defaults(node.args)
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        yield from (*node.decorator_list, *_defaults(node.args))
    elif isinstance(node, ast.ClassDef):
        yield from (*node.decorator_list, *node.bases, *(each.value for each in node.keywords))
    elif isinstance(node, COMPREHENSIONS):
        yield node.generators[0].iter
        yield from (each for each in ast.walk(node) if isinstance(each, ast.NamedExpr))
    elif whole or not isinstance(node, ast.stmt):
        yield from ast.iter_child_nodes(node)
    else:
        yield from _without_blocks(node)


def _without_blocks(statement: ast.stmt) -> Iterator[ast.AST]:
    for name, value in ast.iter_fields(statement):
        inside = value if isinstance(value, list) else [value]
        if name == "handlers":
            yield from (ast.ExceptHandler(type=each.type, name=each.name, body=[]) for each in inside)
        elif name == "cases":
            yield from (part for each in inside for part in (each.pattern, each.guard) if part)
        elif name not in BLOCKS:
            yield from (each for each in inside if isinstance(each, ast.AST))


def _defaults(arguments: ast.arguments) -> Iterator[ast.AST]:
    yield from (each for each in (*arguments.defaults, *arguments.kw_defaults) if each is not None)
