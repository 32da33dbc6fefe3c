"""Why a `transform` can't be split into cells that mean the same, and why its class can't be a cell either.

What a function binds is its own; what a cell binds, all cells share, and the module's names lie in the same place. The
rules, each with a predicate of its name, say where that makes a difference, or might.
"""

from __future__ import annotations

import ast
import re
import symtable
from collections.abc import Callable, Iterable, Iterator

from spark_etl.debugging.notebook.bindings import BUILTINS, bindings, names_bound_by, own_nodes
from spark_etl.debugging.notebook.find_class import FoundTransform

GIVEN = ("self", "spark", "start_date", "end_date")
# What the notebook's first cells bind, and what IPython does.
NOTEBOOK = {*GIVEN, "debug", "runs", "globals"}
IPYTHON = re.compile(r"_+|_\d+|_i\d*|_i+|_oh|_ih|_dh|In|Out|get_ipython|exit|quit|display")
DUNDER = re.compile(r"__\w+__")
PRIVATE = re.compile(r"__(?!\w*__$)\w+")
RUNS_TEXT = {"exec", "eval", "globals"}
LOOKS_AT_SCOPE = {"locals", "vars", "dir"}
LOOKS_AT_FRAMES = {"_getframe", "currentframe"}
HARMLESS_DECORATORS = {"dataclass", "dataclasses.dataclass", "final", "typing.final"}
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)

Reasons = Iterator[str]


def why_one_cell(found: FoundTransform) -> str | None:
    """Returns why the statements of `transform` can't be cells; None if they can."""
    rules: tuple[Callable[[FoundTransform], Reasons], ...] = (
        _by_decorators,
        _by_signature,
        _by_return,
        _by_statements,
        _by_names_of_classes,
        _by_scope,
        _by_own_names,
        _by_module_names,
        _by_annotations,
    )
    return next((reason for rule in rules for reason in rule(found)), None)


def why_no_cell(found: FoundTransform) -> str | None:
    """Returns why the class of `transform` can't be a cell, which would run it beside the module; None if it can."""
    if found.is_inherited:
        return f"it is inherited from {found.node.name}"
    return next((reason for rule in (_by_decorators_of_class, _by_class_names) for reason in rule(found)), None)


def arguments_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> tuple[str, ...]:
    """Returns the named arguments of a `transform` that are inputs."""
    arguments = function.args
    positional = [each.arg for each in (*arguments.posonlyargs, *arguments.args)]
    return (*positional[len(GIVEN) :], *(each.arg for each in arguments.kwonlyargs))


def is_for_notebook(name: str) -> bool:
    """Returns whether a name is one that the notebook's own cells or IPython use."""
    return name in NOTEBOOK or IPYTHON.fullmatch(name) is not None


def _by_decorators(found: FoundTransform) -> Reasons:
    if found.function.decorator_list:
        yield "it has a decorator"
    yield from (reason for node in found.classes for reason in _by_class_statement(node))
    patched = (each for each in ast.walk(found.tree) if isinstance(each, ast.Attribute) and each.attr == "transform")
    if any(isinstance(each.ctx, ast.Store) for each in patched):
        yield "the module assigns another `transform` to a class"


def _by_class_statement(node: ast.ClassDef) -> Reasons:
    if any(_decorator(each) not in HARMLESS_DECORATORS for each in node.decorator_list):
        yield f"class {node.name} has a decorator"
    if node.keywords:
        yield f"class {node.name} has a metaclass, or arguments for one"


def _decorator(node: ast.expr) -> str:
    return ast.unparse(node.func if isinstance(node, ast.Call) else node)


def _by_signature(found: FoundTransform) -> Reasons:
    function, arguments = found.function, found.function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    if isinstance(function, ast.AsyncFunctionDef):
        yield "it is `async`"
    if getattr(function, "type_params", None):
        yield "it has type parameters"
    if tuple(each.arg for each in positional[: len(GIVEN)]) != GIVEN:
        yield f"its first arguments are not {', '.join(GIVEN)}"
    if arguments.vararg:
        yield f"it takes `*{arguments.vararg.arg}`"
    if arguments.defaults or any(each is not None for each in arguments.kw_defaults):
        yield "an argument has a default value"


def _by_return(found: FoundTransform) -> Reasons:
    last = found.function.body[-1]
    returns = [
        each for statement in found.function.body for each in own_nodes(statement) if isinstance(each, ast.Return)
    ]
    early = [each for each in returns if each is not last]
    if early:
        yield f"it returns at more than one place, or inside of a block (line {_line_of(early[0])})"
    if not isinstance(last, ast.Return) or last.value is None:
        yield "its last statement returns no value"


def _line_of(node: ast.AST) -> int:
    return int(getattr(node, "lineno", 0))


def _by_statements(found: FoundTransform) -> Reasons:
    named = {ast.Yield: "yield", ast.YieldFrom: "yield from", ast.Await: "await", ast.AsyncFor: "async for"}
    for statement in found.function.body:
        for node in own_nodes(statement):
            if type(node) in named:
                yield f"it has `{named[type(node)]}` (line {_line_of(node)})"
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Del):
                yield f"it deletes `{node.id}` (line {node.lineno})"
        for node in ast.walk(statement):
            if isinstance(node, ast.Global | ast.Nonlocal):
                yield f"it has `{type(node).__name__.lower()}` (line {node.lineno})"
            if isinstance(node, ast.ClassDef):
                yield f"it defines a class (line {node.lineno})"
            yield from _by_relative_import(node)


def _by_relative_import(node: ast.AST) -> Reasons:
    if isinstance(node, ast.ImportFrom) and node.level:
        yield f"it has an import that is relative to its module (line {node.lineno})"


def _by_names_of_classes(found: FoundTransform) -> Reasons:
    """Yields what means something in a class only: `super()`, and names that Python makes private."""
    for node in ast.walk(found.function):
        if isinstance(node, ast.Name) and node.id in {"super", "__class__"}:
            yield f"it has `{node.id}` (line {node.lineno})"
        fields = (getattr(node, field, None) for field in ("id", "attr", "arg", "name", "asname"))
        private = [each for each in fields if isinstance(each, str) and PRIVATE.fullmatch(each)]
        if private:
            yield f"`{private[0]}` is private to its class (line {_line_of(node)})"


def _by_scope(found: FoundTransform) -> Reasons:
    names = {each.id for each in ast.walk(found.function) if isinstance(each, ast.Name)}
    yield from (f"it has `{name}()`" for name in sorted(names & (RUNS_TEXT | LOOKS_AT_SCOPE)))
    yield from _by_frames(found.function)


def _by_frames(node: ast.AST) -> Reasons:
    for each in ast.walk(node):
        if isinstance(each, ast.Attribute) and each.attr in LOOKS_AT_FRAMES:
            yield f"it has `{each.attr}` (line {each.lineno})"


def _by_own_names(found: FoundTransform) -> Reasons:
    """Yields variables of `transform` that as variables of the notebook would hide or meet others."""
    arguments = sorted({*arguments_of(found.function), keyword_name(found.function)} - {""})
    bound = dict.fromkeys(name for node in found.function.body for name in names_bound_by(node))
    yield from (f"the notebook itself uses its argument `{name}`" for name in arguments if is_for_notebook(name))
    for name in bound:
        if is_for_notebook(name) and name not in GIVEN:
            yield f"the notebook itself uses the name of its variable `{name}`"
    if "self" in bound:
        yield "it assigns `self`"
    hidden = BUILTINS | {each.name for each in bindings(found.tree.body)}
    for name in bound:
        if name in hidden and name not in {*arguments, *GIVEN} and not _is_bound_first(found.function.body, name):
            yield f"its variable `{name}` is also a name of the module or of Python"


def _is_bound_first(body: Iterable[ast.stmt], name: str) -> bool:
    """Returns whether the first statement that has a name binds it, whatever happens, and does not read it."""
    first = next(node for node in body if name in _all_names(node))
    if isinstance(first, ast.Import | ast.ImportFrom):
        return True
    if isinstance(first, ast.FunctionDef):
        return first.name == name and name not in {found for each in first.decorator_list for found in _all_names(each)}
    if not isinstance(first, ast.Assign | ast.AnnAssign) or first.value is None:
        return False
    targets = first.targets if isinstance(first, ast.Assign) else [first.target]
    return name not in _all_names(first.value) and name in {each for one in targets for each in names_bound_by(one)}


def _all_names(node: ast.AST) -> set[str]:
    read = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
    return read | {name for each in ast.walk(node) for name in names_bound_by(each, whole=False)}


def keyword_name(function: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    """Returns the name of `**kwargs`; empty if there is none."""
    return function.args.kwarg.arg if function.args.kwarg else ""


def _by_module_names(found: FoundTransform) -> Reasons:
    yield from _by_globals(found, _globals(found, found.function), set())


def _by_globals(found: FoundTransform, names: set[str], more: set[str]) -> Reasons:
    """Yields names of the module that are others in the notebook.

    Args:
        found: The `transform`.
        names: Of the module or of Python, that the code reads.
        more: Names that the notebook uses beside its usual ones.
    """
    yield from (f"it reads `{name}` of its module" for name in sorted(names) if DUNDER.fullmatch(name))
    for name in sorted(names):
        if name in more or (is_for_notebook(name) and name not in BUILTINS):
            yield f"the notebook itself uses the name `{name}` of the module"
    changed = {name for node in ast.walk(found.tree) if isinstance(node, ast.Global) for name in node.names}
    yield from (f"functions of the module change its `{name}`" for name in sorted(names & changed))


def _globals(found: FoundTransform, node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    """Returns the names that a class or function, and what is defined inside of it, looks up in its module."""
    table = symtable.symtable(found.text, found.file, "exec")
    path = [found.node.name] if node is found.node else [found.node.name, found.function.name]
    tables = [table]
    for name in path:
        tables = [each for one in tables for each in _inside(one) if each.get_name() == name]
    nested = [each for one in tables for each in (one, *_inside(one))]
    return {each.get_name() for one in nested for each in one.get_symbols() if each.is_global()}


def _inside(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    for child in table.get_children():
        yield child
        yield from _inside(child)


def _by_annotations(found: FoundTransform) -> Reasons:
    """Yields annotations of variables, which no function computes but a cell would, where others are needed."""
    if _annotates_variables(found) and not has_lazy_annotations(found):
        yield "it annotates variables, and functions inside of it"


def has_lazy_annotations(found: FoundTransform) -> bool:
    """Returns whether the cells are to leave annotations as texts.

    They do where the module does. They do, too, where a variable has one, which a function never computes, unless a
    function inside has some: Spark reads those.
    """
    if is_lazy_module(found):
        return True
    inside = [node for statement in found.function.body for node in ast.walk(statement)]
    is_read = any(isinstance(node, ast.arg) and node.annotation for node in inside)
    is_read = is_read or any(isinstance(node, FUNCTIONS) and node.returns for node in inside)
    return _annotates_variables(found) and not is_read


def is_lazy_module(found: FoundTransform) -> bool:
    """Returns whether the module imports `annotations` from `__future__`."""
    imports = (node for node in found.tree.body if isinstance(node, ast.ImportFrom) and node.module == "__future__")
    return any(alias.name == "annotations" for node in imports for alias in node.names)


def _annotates_variables(found: FoundTransform) -> bool:
    nodes = (node for statement in found.function.body for node in own_nodes(statement))
    return any(isinstance(node, ast.AnnAssign) for node in nodes)


def _by_decorators_of_class(found: FoundTransform) -> Reasons:
    yield from _by_class_statement(found.node)


def _by_class_names(found: FoundTransform) -> Reasons:
    """Yields what a class could not do, or would do otherwise, outside of its module."""
    names = _globals(found, found.node)
    yield from (f"its class has `{name}()`" for name in sorted(names & RUNS_TEXT))
    inputs = set(arguments_of(found.function))
    yield from (each for each in _by_globals(found, names, inputs))
    if is_for_notebook(found.node.name) or found.node.name in inputs:
        yield f"the notebook itself uses the name `{found.node.name}` of the class"
    for node in ast.walk(found.node):
        if isinstance(node, ast.Global):
            yield f"it has `global` (line {node.lineno})"
        yield from _by_relative_import(node)
    yield from _by_frames(found.node)
