"""The class of a feature, and its `transform`, in the files of a project; nothing is imported to find them."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from spark_etl.debugging.notebook.bindings import BUILTINS, Binding, bindings
from spark_etl.debugging.notebook.lines import UNREADABLE, with_newlines

ROOTS = ("", "src/", "lib/", "python/")
# Classes of Python's own that bring no `transform` with them.
PLAIN = {"builtins.object", "abc.ABC", "typing.Generic", "typing.Protocol"}
LIBRARY = "spark_etl."
DEEPEST = 30


class TransformNotFoundError(Exception):
    """Raised where a feature's `transform` can't be found without importing anything.

    Args:
        reason: Why, as half a sentence.
        file: The file that its class is in, if that is known.
        class_name: The class, if it was found.
    """

    def __init__(self, reason: str, file: str | None = None, class_name: str | None = None) -> None:
        super().__init__(reason)
        self.reason, self.file, self.class_name = reason, file, class_name


@dataclass(frozen=True)
class FoundClass:
    """A class statement of the project."""

    file: str
    node: ast.ClassDef


@dataclass(frozen=True)
class FoundTransform:
    """A `transform` of the project.

    Attributes:
        file: The file it is in.
        text: That file, its lines ending with a newline character.
        tree: The same, parsed.
        node: The class it is in.
        function: It.
        classes: The feature's class, and those between it and the class that it is in, which is the last.
    """

    file: str
    text: str
    tree: ast.Module
    node: ast.ClassDef
    function: ast.FunctionDef | ast.AsyncFunctionDef
    classes: tuple[ast.ClassDef, ...]

    @property
    def is_inherited(self) -> bool:
        """Whether it is another class than the feature's that defines it."""
        return len(self.classes) > 1


@dataclass(frozen=True)
class _Module:
    place: str  # path without `.py`; of one that is not of the project, the dotted name
    is_own: bool


@dataclass(frozen=True)
class _Foreign:
    name: str


_Value = FoundClass | _Module | _Foreign


def find_transform(code: Mapping[str, str], class_path: str) -> FoundTransform:
    """Returns the `transform` that an instance of a class has.

    Args:
        code: Path → text of the project.
        class_path: The class, with its module.

    Raises:
        TransformNotFoundError: There is none in the project, or only running the code would say which it is.
    """
    return _Search(code).transform(class_path)


class _Search:
    def __init__(self, code: Mapping[str, str]) -> None:
        self._code = code
        self._places = {_place(path): path for path in code if path.endswith(".py")}
        self._folders = {parent.as_posix() for path in self._places for parent in PurePosixPath(path).parents}
        self._trees: dict[str, ast.Module] = {}
        self._bound: dict[str, list[Binding]] = {}
        self._classes: dict[_Value, type] = {}

    def transform(self, class_path: str) -> FoundTransform:
        module, _, name = class_path.rpartition(".")
        place = self._absolute(module)
        file = self._places.get(place or "")
        if file is None:
            raise TransformNotFoundError(f"the code has no module {module or class_path}")
        found = self._named(file, name, None, 0)
        if not isinstance(found, FoundClass):
            raise TransformNotFoundError(f"{file} has no class statement for {name}", file)
        passed: list[ast.ClassDef] = []
        for value in self._lineage(found):
            if isinstance(value, FoundClass):
                passed.append(value.node)
                if function := _method(value):
                    text, tree = with_newlines(self._code[value.file]), self._tree(value.file)
                    return FoundTransform(value.file, text, tree, value.node, function, tuple(passed))
            elif (foreign := _name_of(value)) not in PLAIN:
                is_ours = foreign.startswith(LIBRARY)
                reason = "it is the one of spark_etl" if is_ours else f"it may be inherited from {foreign}"
                raise TransformNotFoundError(reason, found.file, found.node.name)
        raise TransformNotFoundError(f"class {name} has none", found.file, found.node.name)

    def _lineage(self, found: FoundClass) -> list[_Value]:
        """Returns a class and those that it inherits from, in the order in which Python looks for a method."""
        order = self._as_type(found, 0).__mro__[:-1]
        values = {kind: value for value, kind in self._classes.items()}
        return [values[kind] for kind in order]

    def _as_type(self, value: _Value, depth: int) -> type:
        """Returns an empty class with the bases of a class, so that Python itself orders them."""
        if value not in self._classes:
            bases: tuple[type, ...] = ()
            if isinstance(value, FoundClass):
                _refuse_deeper(depth)
                found = [self._value(value.file, base, value.node.lineno, depth + 1) for base in value.node.bases]
                bases = tuple(self._as_type(each, depth + 1) for each in found if each != _Foreign("builtins.object"))
            try:
                self._classes[value] = type("C", bases, {})
            except TypeError as error:
                raise TransformNotFoundError(f"its classes have no order: {error}") from error
        return self._classes[value]

    def _value(self, file: str, node: ast.expr, before: int | None, depth: int) -> _Value:
        """Returns what an expression at the top level of a file means."""
        _refuse_deeper(depth)
        if isinstance(node, ast.Name):
            return self._named(file, node.id, before, depth + 1)
        if isinstance(node, ast.Subscript):
            return self._value(file, node.value, before, depth + 1)
        if isinstance(node, ast.Attribute):
            return self._attribute(self._value(file, node.value, before, depth + 1), node.attr, depth + 1)
        return _Foreign(f"`{ast.unparse(node)}`")

    def _attribute(self, value: _Value, name: str, depth: int) -> _Value:
        if isinstance(value, _Module) and value.is_own:
            return self._member(value.place, name, depth)
        return _Foreign(f"{_name_of(value)}.{name}")

    def _member(self, place: str, name: str, depth: int) -> _Value:
        """Returns what a module of the project has under a name: what it binds, or a module below it."""
        file, below = self._places.get(place), f"{place}/{name}".lstrip("/")
        if file is not None and any(each.name == name for each in self._bindings(file)):
            return self._named(file, name, None, depth + 1)
        if below in self._places or below in self._folders:
            return _Module(below, is_own=True)
        return self._named(file, name, None, depth + 1) if file else _Foreign(f"{place.replace('/', '.')}.{name}")

    def _named(self, file: str, name: str, before: int | None, depth: int) -> _Value:
        """Returns what a name means at the top level of a file.

        Args:
            file: The file.
            name: The name.
            before: A line; what is bound there or later does not count.
            depth: How many steps have led here.

        Raises:
            TransformNotFoundError: It is bound in more than one way, or the file can't be read.
        """
        _refuse_deeper(depth)
        known = [each for each in self._bindings(file) if before is None or each.node.lineno < before]
        found = [each for each in known if each.name == name]
        if not found:
            return self._from_stars(file, name, known, depth)
        *others, last = found
        if others and not last.is_direct:
            raise TransformNotFoundError(f"{file} binds {name} in more than one way", file)
        node = last.node
        if isinstance(node, ast.ClassDef):
            return FoundClass(file, node)
        if isinstance(node, ast.Import | ast.ImportFrom):
            return self._imported(file, node, name, depth)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and len(node.targets) == 1:
            return self._value(file, node.value, node.lineno, depth + 1)
        return _Foreign(f"`{name}` of {file}")

    def _from_stars(self, file: str, name: str, known: list[Binding], depth: int) -> _Value:
        stars = [each.node for each in known if each.name == "*" and isinstance(each.node, ast.ImportFrom)]
        for node in reversed(stars):
            place = self._source(file, node)
            star_file = self._places.get(place.place) if place.is_own else None
            if star_file and any(each.name in {name, "*"} for each in self._bindings(star_file)):
                return self._named(star_file, name, None, depth + 1)
        return _Foreign(f"builtins.{name}" if name in BUILTINS else name)

    def _imported(self, file: str, node: ast.Import | ast.ImportFrom, name: str, depth: int) -> _Value:
        alias = next(each for each in node.names if (each.asname or each.name).partition(".")[0] == name)
        if isinstance(node, ast.Import):
            dotted = alias.name if alias.asname else name
            place = self._absolute(dotted)
            return _Module(dotted, is_own=False) if place is None else _Module(place, is_own=True)
        source = self._source(file, node)
        if source.is_own:
            return self._member(source.place, alias.name, depth + 1)
        return _Foreign(f"{source.place}.{alias.name}")

    def _source(self, file: str, node: ast.ImportFrom) -> _Module:
        """Returns the module that a `from … import` names."""
        if not node.level:
            place = self._absolute(node.module or "")
            return _Module(node.module or "", is_own=False) if place is None else _Module(place, is_own=True)
        parts = [*PurePosixPath(file).parts[: -node.level], *(node.module or "").split(".")]
        return _Module("/".join(filter(None, parts)), is_own=True)

    def _absolute(self, module: str) -> str | None:
        """Returns the place of a module that is named from the import root; None if it is not of the project."""
        wanted = module.replace(".", "/")
        places = [f"{root}{wanted}" for root in ROOTS] if wanted else []
        return next((each for each in places if each in self._places or each in self._folders), None)

    def _bindings(self, file: str) -> list[Binding]:
        if file not in self._bound:
            self._bound[file] = list(bindings(self._tree(file).body))
        return self._bound[file]

    def _tree(self, file: str) -> ast.Module:
        if file not in self._trees:
            try:
                self._trees[file] = ast.parse(with_newlines(self._code[file]))
            except UNREADABLE as error:
                line = f" (line {error.lineno})" if isinstance(error, SyntaxError) else ""
                reason = error.msg if isinstance(error, SyntaxError) else str(error)
                raise TransformNotFoundError(f"this Python can't read {file}: {reason}{line}", file) from error
        return self._trees[file]


def _method(found: FoundClass) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    bound = [each for each in bindings(found.node.body) if each.name == "transform"]
    if not bound:
        return None
    last = bound[-1]
    if last.is_direct and isinstance(last.node, ast.FunctionDef | ast.AsyncFunctionDef):
        return last.node
    name = found.node.name
    raise TransformNotFoundError(f"class {name} has it by another statement than `def`", found.file, name)


def _name_of(value: _Value) -> str:
    if isinstance(value, FoundClass):
        return value.node.name
    return value.name if isinstance(value, _Foreign) else value.place.replace("/", ".")


def _place(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__")


def _refuse_deeper(depth: int) -> None:
    if depth > DEEPEST:
        raise TransformNotFoundError("its classes or imports lead in a circle")
