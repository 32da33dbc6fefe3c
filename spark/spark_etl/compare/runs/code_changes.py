"""Code that is another in the two runs: which functions, classes and constants that a feature uses, and files."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from spark_etl.compare.runs.kept_code import IMPORTS, TOP_LEVEL, Definition, KeptCode, reachable
from spark_etl.compare.runs.own_changes import cut, listed, mapping, other_names
from spark_etl.compare.runs.result import Cause
from spark_etl.compare.runs.side import Side
from spark_etl.store import FeatureRecord

MOST_LINES = 20_000  # of two files that are compared line by line
MOST_DIFF = 400
CONTEXT = 3


@dataclass(frozen=True)
class CodeChanges:
    """How the code of a feature differs.

    Attributes:
        causes: What it uses and that is another.
        possible: What is another in modules that it imports, and that it does not seem to use.
        known: Whether both runs say what the code is.
    """

    causes: tuple[Cause, ...] = ()
    possible: tuple[Cause, ...] = ()
    known: bool = True


@dataclass(frozen=True)
class _Changed:
    """A definition that is another; None on the side that lacks it."""

    module: str
    name: str
    a: Definition | None
    b: Definition | None
    path: str
    is_used: bool

    @property
    def label(self) -> str:
        if self.name in {IMPORTS, TOP_LEVEL}:
            return f"{self.name} of {self.module}" if self.name == IMPORTS else f"{self.name} {self.module}"
        only = "" if self.a and self.b else f" (only in {'A' if self.a else 'B'})"
        return f"{self.module}.{self.name}{only}"

    @property
    def place(self) -> str:
        lines = [
            f"line {min(each.lines)} in {letter}"
            for letter, each in (("A", self.a), ("B", self.b))
            if each and each.lines
        ]
        return f"{self.label}: {self.path}, {', '.join(lines)}"


class CodeComparison:
    """The code of two runs.

    Args:
        a: One run.
        b: The other.
    """

    def __init__(self, a: Side, b: Side) -> None:
        self._sides = (a, b)
        self.kept = (KeptCode(a), KeptCode(b))

    def changes(self, alias: str) -> CodeChanges:
        """Returns how the code of a feature differs."""
        classes = [_class(side, alias) for side in self._sides]
        codes = [_recorded(side, alias) for side in self._sides]
        if all(classes) and classes[0] != classes[1]:
            moved = self._of_moved(classes)
            return replace(moved, causes=(*moved.causes, *self._of_files(*codes)))
        hashes = [mapping(code.get("modules")) for code in codes]
        known = all(hashes)
        if known and codes[0].get("fingerprint") == codes[1].get("fingerprint"):
            return CodeChanges()
        modules = other_names(*hashes) if known else None
        causes = [*self._of_files(*codes)]
        if known and not modules:
            return CodeChanges(tuple(causes))
        return self._of_modules(classes, modules, causes)

    def _of_moved(self, classes: list[str]) -> CodeChanges:
        """Returns that the class is another one; where it has the same code under another name, as a possible cause."""
        text = f"its class is {classes[0]} in A and {classes[1]} in B"
        sides = [_MovedClass.of(kept, class_path) for kept, class_path in zip(self.kept, classes, strict=True)]
        a, b = sides
        if a is None or b is None:
            return CodeChanges((Cause("code", text),))
        if a.codes == b.codes:
            return CodeChanges(possible=(Cause("code", f"{text}, with the same code"),))
        path = a.path if a.path == b.path else f"{a.path} and {b.path}"
        return CodeChanges((Cause("code", text, (), "".join(file_diff(path, a.text, b.text)[:MOST_DIFF])),))

    def _of_modules(self, classes: list[str], modules: list[str] | None, causes: list[Cause]) -> CodeChanges:
        changed = self._changed(classes, modules)
        if changed is None:
            if modules is None:
                return CodeChanges(tuple(causes), known=False)
            named = listed(f"`{name}`" for name in modules)
            why = tuple(side.why_no_code for side in self._sides if side.why_no_code)
            return CodeChanges((Cause("code", f"its code in {named} is different", why), *causes))
        used = [each for each in changed if each.is_used]
        unused = [each for each in changed if not each.is_used]
        return CodeChanges(
            (*([self._cause(used, "{} {}")] if used else []), *causes),
            (self._cause(unused, "{}, which it imports and does not seem to use, {}"),) if unused else (),
        )

    def _cause(self, changed: list[_Changed], text: str) -> Cause:
        labels = [f"`{each.label}`" for each in changed]
        is_one = len(changed) == 1 and changed[0].name not in {IMPORTS, TOP_LEVEL}
        said = text.format(listed(labels), "is different" if is_one else "are different")
        return Cause("code", said, tuple(cut(each.place for each in changed)), self._text_diff(changed))

    def _changed(self, classes: list[str], modules: Collection[str] | None) -> list[_Changed] | None:
        """Returns the definitions that are others, the feature's own module first; None where code is not there.

        Args:
            classes: The feature's class in either run.
            modules: Those that are others; None where that is not known.
        """
        known: list[dict[str, dict[str, Definition]]] = []
        paths: dict[str, str] = {}
        reached: set[tuple[str, str]] = set()
        for kept, class_path in zip(self.kept, classes, strict=True):
            found = kept.used_modules(class_path)
            if found is None:
                return None
            definitions = {module.name: kept.definitions(module, class_path) for module in found}
            paths |= {module.name: kept.path(module) for module in found}
            reached |= reachable(definitions, class_path.rpartition(".")[0])
            known.append(definitions)
        names = [name for name in paths if modules is None or name in modules]
        changed = [each for name in names for each in _of_module(name, paths[name], known, reached)]
        return [each for each in changed if self._is_changed(each)] or changed

    def _is_changed(self, each: _Changed) -> bool:
        """Returns whether the files of both have it otherwise: else one side only does not use it."""
        whole = [kept.all_definitions(each.module).get(each.name) for kept in self.kept]
        if each.name == IMPORTS:
            lines = [set(one.code.splitlines()) if one else set() for one in whole]
            return lines[0] != lines[1]
        return whole[0] is None or whole[1] is None or whole[0].code != whole[1].code

    def _text_diff(self, changed: list[_Changed]) -> str:
        paths = dict.fromkeys(each.path for each in changed)
        parts = (self._file_diff(path, [each for each in changed if each.path == path]) for path in paths)
        lines = [line for part in parts for line in part]
        more = [f"… and {len(lines) - MOST_DIFF:,} more lines\n"] if len(lines) > MOST_DIFF else []
        return "".join([*lines[:MOST_DIFF], *more])

    def _file_diff(self, path: str, changed: list[_Changed]) -> list[str]:
        """Returns the hunks of a file's difference that touch what has changed for the feature."""
        touched = [
            {line for each in changed for line in (side.lines if side else ())}
            for side in (_Union([each.a for each in changed]), _Union([each.b for each in changed]))
        ]
        return file_diff(path, self.kept[0].text(path), self.kept[1].text(path), touched[0], touched[1])

    def _of_files(self, a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[Cause]:
        """Yields a cause for each file that the code names and that is another."""
        if "files" not in a and "files" not in b:
            return
        for path in other_names(mapping(a.get("files")), mapping(b.get("files"))):
            one, other = (kept.text(path) for kept in self.kept)
            diff = "" if one is None and other is None else "".join(file_diff(path, one, other))
            yield Cause("code", f"the file `{path}`, which its code names, is different", (), diff)

    def other_files(self, alias: str) -> list[str]:
        """Returns the files of the project that are others, and of which nothing says that a feature uses them."""
        one, other = (side.code for side in self._sides)
        used = {path for side in self._sides for path in mapping(_recorded(side, alias).get("files"))}
        for side, kept in zip(self._sides, self.kept, strict=True):
            used |= {kept.path(module) for module in kept.used_modules(_class(side, alias)) or []}
        return [path for path in other_names(one, other) if path not in used] if one and other else []

    def close(self) -> None:
        """Removes what was unpacked."""
        for kept in self.kept:
            kept.close()


class _Union:
    """The lines of several definitions of one side."""

    def __init__(self, definitions: list[Definition | None]) -> None:
        self.lines = set().union(*(each.lines for each in definitions if each))


def _of_module(
    module: str, path: str, known: list[dict[str, dict[str, Definition]]], reached: set[tuple[str, str]]
) -> Iterator[_Changed]:
    a, b = (each.get(module, {}) for each in known)
    names = dict.fromkeys([*a, *b])
    for name in sorted(names, key=lambda each: each in {IMPORTS, TOP_LEVEL}):
        one, other = a.get(name), b.get(name)
        if one is None or other is None or one.code != other.code:
            yield _Changed(module, name, one, other, path, (module, name) in reached)


@dataclass(frozen=True)
class _MovedClass:
    """The code of a class that is another one in the two runs: what it uses, without its name; and its file."""

    codes: frozenset[str]
    path: str
    text: str

    @classmethod
    def of(cls, kept: KeptCode, class_path: str) -> _MovedClass | None:
        """Returns it; None where the code is not there."""
        modules = kept.used_modules(class_path)
        if modules is None:
            return None
        used = [
            [each for name, each in kept.definitions(module, class_path).items() if name != IMPORTS]
            for module in modules
        ]
        name = re.compile(rf"\b{re.escape(class_path.rpartition('.')[2])}\b")
        codes = frozenset(name.sub("CLASS", each.code) for definitions in used for each in definitions)
        path = kept.path(modules[0])
        lines = set[int]().union(*(each.lines for each in used[0]))
        numbered = enumerate((kept.text(path) or "").splitlines(), 1)
        return cls(codes, path, "\n".join(line for number, line in numbered if number in lines))


def file_diff(
    path: str, a: str | None, b: str | None, lines_a: Collection[int] = (), lines_b: Collection[int] = ()
) -> list[str]:
    """Returns how two texts differ, as `diff -u` shows it.

    Args:
        path: Of the file.
        a: Its text in A; None where there is none.
        b: Its text in B.
        lines_a: Only hunks that touch one of these lines of A, from 1, or one of `lines_b`; all if both are empty.
        lines_b: Lines of B.
    """
    one, other = ((text or "").splitlines() for text in (a, b))
    if len(one) + len(other) > MOST_LINES:
        return [f"{path} differs, in too many lines to compare them\n"]
    shown: list[str] = []
    for group in difflib.SequenceMatcher(None, one, other).get_grouped_opcodes(CONTEXT):
        if (lines_a or lines_b) and not any(_touches(code, lines_a, lines_b) for code in group):
            continue
        first, last = group[0], group[-1]
        spans = [f"{start + 1},{end - start}" for start, end in ((first[1], last[2]), (first[3], last[4]))]
        shown.append(f"@@ -{spans[0]} +{spans[1]} @@\n")
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                shown += [f" {line}\n" for line in one[i1:i2]]
            else:
                shown += [*(f"-{line}\n" for line in one[i1:i2]), *(f"+{line}\n" for line in other[j1:j2])]
    return [f"--- A/{path}\n", f"+++ B/{path}\n", *shown] if shown else []


def _touches(code: tuple[str, int, int, int, int], lines_a: Collection[int], lines_b: Collection[int]) -> bool:
    tag, i1, i2, j1, j2 = code
    return tag != "equal" and (
        any(line in lines_a for line in range(i1 + 1, i2 + 1)) or any(line in lines_b for line in range(j1 + 1, j2 + 1))
    )


def _class(side: Side, alias: str) -> str:
    feature: FeatureRecord | None = side.features.get(alias)
    return feature.class_path if feature else ""


def _recorded(side: Side, alias: str) -> Mapping[str, Any]:
    """Returns what identifies the code of a feature, by its cache key or the manifest of its checkpoint."""
    code = mapping(side.parts(alias).get("code"))
    if not code and (kept := side.checkpoint(alias)) is not None:
        code = mapping(kept.manifest.code)
    return code
