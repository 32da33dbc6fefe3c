"""Cells that are executed one after another give what `transform` returns, whatever it is made of."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.spark_etl.debugging.notebook.support import module, split

SOURCE = "from __future__ import annotations\n"
HELPERS = """
import math
from collections import Counter as C

RATE = 3
rates = [1, 2]


def double(x):
    return x * RATE


def total(xs):
    return sum(xs) + len(rates)
"""


def returned(text: str, **inputs: Any) -> Any:
    """Returns what the function returns, or the class of what it raises."""
    names: dict[str, Any] = {"__name__": "features", "SparkFeature": object}
    exec(compile(text.replace("from spark_etl import SparkFeature", ""), "m", "exec"), names)  # noqa: S102
    try:
        return names["Feature"]().transform("spark", 1, 2, **inputs)
    except Exception as error:  # noqa: BLE001
        return type(error)


def executed(text: str, **inputs: Any) -> Any:
    """Returns what the cells leave, as a notebook executes them, or the class of what they raise."""
    made = split(text)
    assert made.whole is None, made.whole
    module_names: dict[str, Any] = {"__name__": "features", "SparkFeature": object}
    exec(compile(text.replace("from spark_etl import SparkFeature", ""), "m", "exec"), module_names)  # noqa: S102
    given_names = {name: value for name, value in module_names.items() if not name.startswith("__")}
    names = {"spark": "spark", "start_date": 1, "end_date": 2, "self": module_names["Feature"]()}
    named = {name: inputs.pop(name) for name in made.arguments}
    names |= {**given_names, **names, **named, **({made.keywords: inputs} if made.keywords else {})}
    names["__name__"] = "__main__"
    try:
        for cell in made.cells:
            exec(compile((SOURCE if made.lazy_annotations else "") + cell, "cell", "exec", dont_inherit=True), names)  # noqa: S102
    except Exception as error:  # noqa: BLE001
        return type(error)
    return names[made.result]


@pytest.mark.parametrize(
    "body",
    [
        "return orders",
        "a = [x + RATE for x in orders]\nreturn total(a)",
        "x = 1\na = [x for x in orders]\nreturn a, x",
        "fs = [lambda: x for x in orders]\nx = 7\nreturn [f() for f in fs]",
        "rates = sorted(orders)\nreturn total(rates), rates",  # the helper sees the module's
        "math = orders\nreturn math",
        "def f(x, y=RATE):\n    return x + y + z\nz = 5\nreturn f(1)",
        "def f(n):\n    return 1 if n < 2 else n * f(n - 1)\nreturn f(5)",
        "if (n := len(orders)) > 1: m = n\nreturn m",
        "a = [y for x in orders if (y := x * 2)]\nreturn a, y",
        "try:\n    a = 1 / 0\nexcept ZeroDivisionError as error:\n    a = str(error)\nreturn a",
        "try:\n    a = 1 / 0\nexcept ZeroDivisionError as error:\n    pass\nreturn error",  # gone after the block
        "for n in orders:\n    last = n\nelse:\n    n = 99\nreturn n, last",
        "if not orders:\n    late = 1\nreturn late",  # bound or not
        "a: Unknown = orders\nb: Unknown.x[1] | 'y'\nreturn a",
        "a = b = orders\na += [9]\nreturn b",
        "import math as m\nfrom os import path\nreturn m.sqrt(4), path.basename('a/b')",
        "return C(orders), math.pi, double(2)",
        "match orders:\n    case [first, *rest]:\n        pass\n    case _:\n        first = 0\nreturn first, rest",
        'sql = f"""\n  select {RATE}\n      from x\n"""\nreturn sql',
        "text = 'a\\\n   b'\nreturn text",
        "text = ('a'\n  'b')\nreturn text",
        "return (yield_ for yield_ in orders).__class__.__name__",
        "import contextlib\nwith contextlib.suppress(ValueError):\n    a = int('x')\nreturn end_date, spark",
        "start_date = start_date + 10\nreturn start_date",
        "result = 1\nreturned = 2\nreturn result + returned",
        "return undefined",
        "x = orders[0]; y = orders[1]; return x - y",
        "def f():\n    return self\nreturn f() is self",
    ],
)
def test_shapes(body: str) -> None:
    text = module(body, above=HELPERS)
    expected = returned(text, orders=[3, 1, 2])
    found = executed(text, orders=[3, 1, 2])
    assert repr(found) == repr(expected) or {found, expected} == {UnboundLocalError, NameError}


def test_keywords() -> None:
    text = module(
        "a = kwargs.pop('b')\nreturn orders, a, kwargs", "self, spark, start_date, end_date, orders, **kwargs"
    )
    assert executed(text, orders=1, b=2, c=3) == returned(text, orders=1, b=2, c=3) == (1, 2, {"c": 3})


NAMES = st.sampled_from(["a", "b", "c", "orders", "rates", "RATE", "sum", "result", "n"])
VALUES = st.one_of(
    NAMES,
    st.integers(0, 9).map(str),
    st.tuples(NAMES, st.sampled_from(["+", "*", "-"]), NAMES).map(" ".join),
    NAMES.map(lambda name: f"[n for n in range(3) if n != {name}]"),
    NAMES.map(lambda name: f"(lambda: {name})()"),
    st.tuples(NAMES, NAMES).map(lambda names: f"[({names[0]} := m) for m in range({names[1]} % 4)]"),
    NAMES.map(lambda name: f"total([{name}])"),
)
LINES = st.one_of(
    st.tuples(NAMES, VALUES).map(" = ".join),
    st.tuples(NAMES, VALUES).map(" += ".join),
    st.tuples(NAMES, NAMES, VALUES).map(lambda each: f"if {each[0]}:\n    {each[1]} = {each[2]}"),
    st.tuples(NAMES, NAMES).map(lambda names: f"for {names[0]} in range(2):\n    {names[1]} = {names[0]}"),
    st.tuples(NAMES, VALUES).map(lambda each: f"def {each[0]}():\n    return {each[1]}"),
    st.tuples(NAMES, VALUES).map(lambda each: f"try:\n    {each[0]} = {each[1]}\nexcept Exception as n:\n    pass"),
    NAMES.map(lambda name: f"del {name}"),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(LINES, max_size=6), VALUES, st.integers(0, 3))
def test_generated_bodies(lines: list[str], value: str, orders: int) -> None:
    text = module("\n".join([*lines, f"return {value}"]), above=HELPERS)
    if split(text).whole is not None:
        return
    expected, found = returned(text, orders=orders), executed(text, orders=orders)
    shown = [repr(each).partition(" at 0x")[0].replace("Feature.transform.<locals>.", "") for each in (expected, found)]
    assert shown[0] == shown[1] or {expected, found} == {UnboundLocalError, NameError}
