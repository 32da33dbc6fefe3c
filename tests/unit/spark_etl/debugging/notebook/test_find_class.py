"""Which `transform` an instance of a class has, by its files alone."""

from __future__ import annotations

import pytest
from spark_etl.debugging.notebook.find_class import TransformNotFoundError, find_transform

T = "    def transform(self, spark, start_date, end_date):\n        return {}\n"


def cls(name: str, base: str = "SparkFeature", mark: int | None = None) -> str:
    body = "    pass\n" if mark is None else T.format(mark)
    return f"class {name}({base}):\n{body}\n\n"


def found(code: dict[str, str], path: str) -> tuple[str, str, str]:
    """Returns file, class, and what the `transform` returns."""
    made = find_transform(code, path)
    last = made.function.body[-1]
    return made.file, made.node.name, str(made.text.split("\n")[last.lineno - 1].strip())


@pytest.mark.parametrize(
    ("code", "path", "expected"),
    [
        ({"a.py": cls("X", mark=1)}, "a.X", ("a.py", "X", "return 1")),
        ({"p/__init__.py": cls("X", mark=1)}, "p.X", ("p/__init__.py", "X", "return 1")),
        ({"src/p/a.py": cls("X", mark=1)}, "p.a.X", ("src/p/a.py", "X", "return 1")),
        ({"a.py": cls("X", mark=1) + cls("X", mark=2)}, "a.X", ("a.py", "X", "return 2")),
        ({"a.py": cls("X", mark=1) + cls("X", "X")}, "a.X", ("a.py", "X", "return 1")),
        (
            {"a.py": "if True:\n    class X:\n        def transform(self):\n            return 3\n"},
            "a.X",
            ("a.py", "X", "return 3"),
        ),
        ({"a.py": f"class X:\n{T.format(1)}\n{T.format(2)}"}, "a.X", ("a.py", "X", "return 2")),
        (
            {"a.py": "from base import X as Y\n" + cls("Z", "Y"), "base.py": cls("X", mark=1)},
            "a.Z",
            ("base.py", "X", "return 1"),
        ),
        (
            {"a.py": "import base\n" + cls("Z", "base.X"), "base.py": cls("X", mark=1)},
            "a.Z",
            ("base.py", "X", "return 1"),
        ),
        ({"a.py": "import p.b\n" + cls("Z", "p.b.X"), "p/b.py": cls("X", mark=1)}, "a.Z", ("p/b.py", "X", "return 1")),
        (
            {"a.py": "import p.b as q\n" + cls("Z", "q.X"), "p/b.py": cls("X", mark=1)},
            "a.Z",
            ("p/b.py", "X", "return 1"),
        ),
        (
            {"p/a.py": "from .b import X\n" + cls("Z", "X"), "p/b.py": cls("X", mark=1)},
            "p.a.Z",
            ("p/b.py", "X", "return 1"),
        ),
        (
            {"p/q/a.py": "from ..b import X\n" + cls("Z", "X"), "p/b.py": cls("X", mark=1)},
            "p.q.a.Z",
            ("p/b.py", "X", "return 1"),
        ),
        (
            {"p/a.py": "from . import b\n" + cls("Z", "b.X"), "p/b.py": cls("X", mark=1)},
            "p.a.Z",
            ("p/b.py", "X", "return 1"),
        ),
        ({"p/__init__.py": "from .b import X\n", "p/b.py": cls("X", mark=1)}, "p.X", ("p/b.py", "X", "return 1")),
        ({"a.py": "from b import *\n" + cls("Z", "X"), "b.py": cls("X", mark=1)}, "a.Z", ("b.py", "X", "return 1")),
        ({"a.py": cls("X", mark=1) + "Y = X\n" + cls("Z", "Y")}, "a.Z", ("a.py", "X", "return 1")),
        ({"a.py": cls("B", "SparkFeature[int]", mark=1) + cls("Z", "B[str]")}, "a.Z", ("a.py", "B", "return 1")),
        (
            {"a.py": "from abc import ABC\n" + cls("B", "SparkFeature", mark=1) + cls("Z", "ABC, B")},
            "a.Z",
            ("a.py", "B", "return 1"),
        ),
        (
            {"a.py": cls("R", mark=0) + cls("A", "R") + cls("B", "R", mark=2) + cls("Z", "A, B")},  # a diamond
            "a.Z",
            ("a.py", "B", "return 2"),
        ),
    ],
)
def test_it_is_found(code: dict[str, str], path: str, expected: tuple[str, str, str]) -> None:
    assert found(code, path) == expected


@pytest.mark.parametrize(
    ("code", "path", "reason"),
    [
        ({"a.py": "from spark_etl import SparkFeature\n" + cls("X")}, "a.X", "it is the one of spark_etl"),
        (
            {"a.py": "from other import Mixin\n" + cls("B", mark=1) + cls("X", "Mixin, B")},
            "a.X",
            "inherited from other.Mixin",
        ),
        ({"a.py": cls("X", "make()")}, "a.X", "inherited from `make()`"),
        ({"a.py": "class X:\n    pass\n"}, "a.X", "class X has none"),
        ({"a.py": "class X:\n    transform = helper\n"}, "a.X", "by another statement than `def`"),
        ({"a.py": f"class X:\n{T.format(1)}    transform = log(transform)\n"}, "a.X", "by another statement"),
        ({"a.py": "X = 1\n"}, "a.X", "no class statement"),
        ({"a.py": "X = make()\n"}, "a.X", "no class statement"),
        ({"a.py": "if A:\n    class X: pass\nelse:\n    class X: pass\n"}, "a.X", "in more than one way"),
        (
            {"a.py": "try:\n    from b import X\nexcept ImportError:\n    from c import X\n"},
            "a.X",
            "in more than one way",
        ),
        ({"a.py": "from b import X\n", "b.py": "from a import X\n"}, "a.X", "circle"),
        ({"a.py": cls("A", mark=1) + cls("B", "A") + cls("X", "A, B")}, "a.X", "no order"),
        ({"a.py": "class X(:\n"}, "a.X", "can't read a.py: invalid syntax (line 1)"),
        ({"a.py": "\0"}, "a.X", "can't read a.py"),
        ({"b.py": ""}, "a.X", "no module a"),
        ({}, "X", "no module"),
        ({"a.py": ""}, "", "no module"),
    ],
)
def test_why_it_is_not_found(code: dict[str, str], path: str, reason: str) -> None:
    with pytest.raises(TransformNotFoundError) as raised:
        find_transform(code, path)
    assert reason in raised.value.reason


def test_it_is_known_whether_it_is_inherited() -> None:
    code = {"a.py": cls("B", mark=1) + cls("Z", "B")}
    assert find_transform(code, "a.Z").is_inherited
    assert [node.name for node in find_transform(code, "a.Z").classes] == ["Z", "B"]
    assert not find_transform(code, "a.B").is_inherited
