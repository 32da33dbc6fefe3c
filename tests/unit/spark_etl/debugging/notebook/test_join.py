"""Edited cells as code again."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spark_etl.debugging.notebook.join import edited_module
from spark_etl.debugging.notebook.split import split_transform
from spark_etl.errors import ArgumentError

from tests.unit.spark_etl.debugging.notebook.support import (
    CLASS,
    FILE,
    IMPORT,
    Cells,
    join,
    module,
    notebook,
    parts,
    sample_projects,
)

TEXT = f'''{IMPORT}class Feature(SparkFeature):
    def transform(self, spark, start_date, end_date, orders):
        """Returns them."""

        # only these
        paid = orders.where("paid")

        if paid:
            x = """
  as it
            is"""
            y = {{  # odd
    1: 2,
            }}


        # the last
        return paid.select(x)  # all
        # not reached
'''
HEAD = "class Feature:\n  def transform(self, spark, start_date, end_date"
IN_IF = "if 1:\n  class Feature:\n    'd'\n    def transform(self):\n      return 1\n\n    # end\nelse:\n  pass\n"
SHAPES = {
    "spaces": TEXT,
    "windows": TEXT.replace("\n", "\r\n"),
    "old mac": TEXT.replace("\n", "\r"),
    "no end": TEXT.rstrip("\n").removesuffix("# not reached").rstrip(),
    "tabs": TEXT.replace("        ", "\t\t").replace("    def", "\tdef"),
    "mixed ends": TEXT.replace("\n", "\r\n", 9),
    "blanks behind": TEXT.replace('")\n', '")  \n').replace("\n\n", "\n   \n"),
    "one line": "class Feature:\n    def transform(self, spark, start_date, end_date): return 1\n",
    "one line, two statements": f"{HEAD}): 'd'; a = 1; return a # é\n  x = 1",
    "two lines behind the colon": f"{HEAD},\n   **more): return [1,\n2]\n",
    "text and statement": module('"""d"""; a = 1\nreturn a'),
    "comments that stand out": module("a = 1\nreturn a").replace("        return", "  # out\n# out\n        return"),
    "class": module("if orders:\n    return 1\nreturn 2"),
    "class below if": IN_IF,
    "call": module("return __file__"),
    "form feed": TEXT.replace("    # only", "\f    # only"),
}


@pytest.mark.parametrize("text", SHAPES.values(), ids=SHAPES)
def test_cells_that_were_not_changed_are_the_module_as_it_was(text: str) -> None:
    assert join(text, parts(text)).text is None


def all_samples() -> list[tuple[dict[str, str], str]]:
    return [*sample_projects(), *(({FILE: text}, CLASS) for name, text in SHAPES.items() if name != "call")]


def rearranged(cells: Cells, seed: int) -> Cells:
    """Returns the cells as they may be after splits and merges in JupyterLab, and with looks between the statements."""
    chance, found = random.Random(seed), []  # noqa: S311
    for part, text in cells:
        more = chance.choice(["", "\n\ndebug.head(orders)", "\norders.show()\n", "\n\n\n", "\nprint('x', orders)"])
        if found and chance.random() < 0.5:
            found[-1] = (found[-1][0], f"{found[-1][1]}\n\n{text}{more}")
        else:
            found.append((part, f"{text}{more}"))
    return found


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(all_samples()), st.integers())
def test_any_sample_merged_and_looked_at_comes_back_byte_for_byte(
    sample: tuple[dict[str, str], str], seed: int
) -> None:
    code, path = sample
    cells = [(f"transform:{number}", text) for number, text in enumerate(split_transform(code, path).cells)]
    made = edited_module(code, notebook(code, path, rearranged(cells, seed)))
    if made.text is not None:  # cells of one line each; the statements behind its colon are put below it
        assert "transform(self, spark, start_date" in code[made.file or ""]
        assert split_transform({**code, made.file or "": made.text}, path).whole is None
        assert sample[0] in [{FILE: text} for name, text in SHAPES.items() if "line" in name]


def edited(old: str, new: str, text: str = TEXT) -> str:
    """Returns the module with a change in its cells."""
    cells = [(part, cell.replace(old, new)) for part, cell in parts(text)]
    assert cells != parts(text)
    found = join(text, cells).text
    assert found is not None
    return found


def test_one_changed_line_is_the_only_one_that_changes() -> None:
    assert edited('"paid"', '"late"') == TEXT.replace('"paid"', '"late"')


@pytest.mark.parametrize("name", ["windows", "tabs", "no end", "old mac", "blanks behind", "comments that stand out"])
def test_line_ends_and_indentation_are_those_of_the_file(name: str) -> None:
    text = SHAPES[name]
    old, new = ("a = 1", "a = 7") if name.startswith("comments") else ('orders.where("paid")', 'orders.where("late")')
    assert edited(old, new, text) == text.replace(old, new)


def test_the_returned_expression() -> None:
    assert edited("paid.select(x)", "(\n    paid\n)") == TEXT.replace(
        "paid.select(x)", "(\n            paid\n        )"
    )


def test_lines_are_added_with_comments_blank_lines_and_texts() -> None:
    new = 'paid = orders\n\n# why\nsql = """\n  a\n\n b"""\nif sql:\n    paid = f(\n        sql\n    )'
    expected = (
        '        paid = orders\n\n        # why\n        sql = """\n  a\n\n b"""\n        if sql:\n'
        "            paid = f(\n                sql\n            )\n"
    )
    assert edited('paid = orders.where("paid")', new) == TEXT.replace('        paid = orders.where("paid")\n', expected)


def test_a_changed_block_keeps_its_text_as_it_is_and_is_indented_as_a_block() -> None:
    assert edited("1: 2", "1: 3") == TEXT.replace("    1: 2", "            1: 3")


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        ("result = 1", "return 1"),
        ("result=1", "return 1"),
        ("result = yes, no", "return yes, no"),
        ("return 1", "return 1"),
        ("result = 1\nresult = result + 1", "result = 1\nreturn result + 1"),
        ("result = 1\nresult.cache()", "result = 1\nresult.cache()\nreturn result"),
        ("if 1:\n    result = 1\nelse:\n    result = 2", "if 1:\n    result = 1\nelse:\n    result = 2\nreturn result"),
        ("result: int = 1", "result: int = 1\nreturn result"),
        ("a = result = 1", "a = result = 1\nreturn result"),
        ("(result) = 1", "(result) = 1\nreturn result"),
        ("a = 'é'; result = a", "a = 'é'; return a"),
        ("result = 1\n# done", "return 1\n# done"),
        ("result = 1\ndebug.head(result)\nresult", "return 1"),
    ],
)
def test_what_the_last_cell_may_be(end: str, expected: str) -> None:
    text = module("a = orders\nreturn a")
    cells = [*parts(text)[:-1], ("transform:1", end)]
    assert join(text, cells).text == module(f"a = orders\n{expected}")


@pytest.mark.parametrize(("terms", "fits"), [(500, True), (30_000, False)])
def test_an_expression_may_be_deep(terms: int, fits: bool) -> None:
    text = module("a = orders\nreturn a")
    first, last = parts(text)
    long = " + ".join(["1"] * terms)
    edited = [(first[0], f"a = {long}"), last]
    if fits:
        assert join(text, edited).text == module(f"a = {long}\nreturn a")
        return
    with pytest.raises(ArgumentError, match=r"cell 1 .*recursion"):  # Python itself can't read it
        join(text, edited)


def test_cells_are_split_moved_and_deleted() -> None:
    text = module("a = 1\nb = 2\n\n# c\nc = 3\nreturn a")
    a, b, c, last = parts(text)
    assert join(text, [a, c, b, last]).text == module("a = 1\n\n# c\nc = 3\nb = 2\nreturn a")
    assert join(text, [a, last]).text == module("a = 1\nreturn a")
    halves = [("transform:2", "# c\n"), ("transform:2", "c = 3")]
    assert join(text, [a, b, *halves, last]).text is None
    assert join(text, [last, a]).text == module("result = a\na = 1\nreturn result")


def test_cells_without_a_part_are_no_code_and_said() -> None:
    text = module("a = 1\nreturn a")
    first, last = parts(text)
    made = join(text, [(None, "x = 0"), first, (None, "b = 2  # mine"), (None, "a.show()"), (None, "%time f()"), last])
    assert made.text is None
    added = "which was added and is no part of `transform`"
    assert made.left_out == (f"cell 1, {added}: x = 0", f"cell 3, {added}: b = 2  # mine")


def test_what_was_changed_beside_transform_is_said() -> None:
    text = module("a = 1\nreturn a")
    setup = 'debug = runs["r"].debugger("net")\nspark = debug.spark'
    others = {"setup": setup, "input:orders": 'orders = debug.input("orders")', "names": "n = 1"}
    cells = [
        ("setup", setup.replace('("net")', '("net", local=True)')),
        ("input:orders", 'orders = debug.input("orders").limit(5)'),
        ("names", "n = 1"),
        *parts(text),
        (None, "result = result.distinct()"),
        ("replay", "debug.replay_and_compare()"),
        (None, "x = 1"),
    ]
    made = join(text, cells, others)
    assert made.text is None
    assert made.left_out == (
        "cell 2 (`input:orders`), which was changed and is no part of `transform`: "
        'orders = debug.input("orders").limit(5)',
        "cell 6, which was added and is no part of `transform`: result = result.distinct()",
    )
    cells[0] = ("setup", f"{setup}\nstart_date = None")
    assert join(text, cells, others).left_out[0].startswith("cell 1 (`setup`), which was changed")


@pytest.mark.parametrize("parts_of", [["a"], "text", {"transform:0": 1}])
def test_a_notebook_whose_parts_were_changed_is_refused(parts_of: object) -> None:
    text = module("return 1")
    made = notebook({FILE: text}, CLASS)
    made["metadata"]["sandbox_debug"]["parts"] = parts_of
    with pytest.raises(ArgumentError, match="`parts` in its metadata"):
        edited_module({FILE: text}, made)


def test_a_print_of_the_module_may_be_changed() -> None:
    text = module('print("a")\nreturn 1')
    first, last = parts(text)
    assert join(text, [(first[0], 'print("b")'), last]).text == module('print("b")\nreturn 1')
    assert join(text, [(first[0], 'print("a")\nprint("b")'), last]).text is None
    assert join(text, [(first[0], "a.show()"), last]).text == module("return 1")


def test_what_only_looks_is_left_out_and_said() -> None:
    text = module("a = orders\nprint(a)\nreturn a")
    cells = [(part, f"{cell}\ndebug.head(a)") for part, cell in parts(text)]
    made = join(text, cells)
    assert made.text is None
    assert made.left_out == tuple(f"cell {number}: debug.head(a)" for number in (1, 2, 3))


@pytest.mark.parametrize(
    "look",
    [
        "a",
        "a.b['c']",
        "a.show()",
        "a.where('x').count()",
        "display(a)",
        "print(1)",
        "debug.head(a, rows=3)",
        "a.columns",
    ],
)
def test_what_looks(look: str) -> None:
    text = module("a = orders\nreturn a")
    (part, cell), last = parts(text)
    assert join(text, [(part, f"{cell}\n{look}"), last]).text is None


@pytest.mark.parametrize(
    "effect", ["a.cache().count()", "a.cache()", "(b := a)", "'text'", "f(a)", "log.info(a)", "a.write.save('x')"]
)
def test_what_does_something_is_kept(effect: str) -> None:
    text = module("a = orders\nreturn a")
    (part, cell), last = parts(text)
    assert join(text, [(part, f"{cell}\n{effect}"), last]).text == module(f"a = orders\n{effect}\nreturn a")


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("a = 1\nb = (", r"cell 1 \(`transform:0`\), line 2: '\(' was never closed: b = \("),
        ("a = 1\n  b = 2", r"line 2: unexpected indent"),
        ("%time a = 1", "line 1: invalid syntax: %time a = 1"),
        ("a = \0", "null bytes"),
        ("a = debug.input('x')", "uses `debug`, which only the notebook has"),
        ("for b in a:\n    display(b)", "uses `display`"),
        ("nonlocal a", "no Python any more: nonlocal declaration not allowed|no binding for nonlocal"),
        ("a = 1\nbreak", "'break' outside loop"),
    ],
)
def test_what_is_no_code_of_the_module_names_cell_and_line(cell: str, message: str) -> None:
    text = module("a = orders\nreturn a")
    with pytest.raises(ArgumentError, match=message) as raised:
        join(text, [("transform:0", cell), parts(text)[1]])
    assert "save the patch again" in str(raised.value.hint)


def test_a_cell_is_named_by_the_number_that_jupyter_shows() -> None:
    text = module("a = orders\nreturn a")
    content = notebook({FILE: text}, CLASS, [("transform:0", "a = ("), parts(text)[1]])
    content["cells"][0]["execution_count"] = 12
    with pytest.raises(ArgumentError, match=r"cell 1 \[12\]"):
        edited_module({FILE: text}, content)


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ([], "gone, or empty"),
        ([("transform:0", "# x")], "gone, or empty"),
        ([("transform:0", "a = 1")], "assigns `result`"),
    ],
)
def test_a_transform_that_returns_nothing_is_refused(cells: Cells, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        join(module("a = orders\nreturn a"), cells)


def test_a_body_behind_the_colon_gets_lines_of_its_own() -> None:
    text = "class Feature:\n\tdef transform(self, spark, start_date, end_date): return 1  # one\n\tx = 1\n"
    expected = "class Feature:\n\tdef transform(self, spark, start_date, end_date):\n\t\ta = 2\n\t\treturn a\n\tx = 1\n"
    assert join(text, [("transform:0", "a = 2\nresult = a")]).text == expected


CLASS_TEXT = module("if orders:\n    return 1\nreturn 2")


def test_a_changed_class() -> None:
    assert edited("return 2", "return 3", CLASS_TEXT) == CLASS_TEXT.replace("return 2", "return 3")
    assert edited("return 1", "return 3", IN_IF) == IN_IF.replace("return 1", "return 3")


def test_what_is_added_beside_a_class_comes_with_it_but_for_what_calls_it() -> None:
    cell = parts(CLASS_TEXT)[0][1]
    made = join(CLASS_TEXT, [("transform:0", f"LIMIT = 3\n\n\n{cell}\ndebug.head(result)")])
    assert made.text == CLASS_TEXT.replace("class Feature", "LIMIT = 3\n\n\nclass Feature")
    assert made.left_out == ("cell 1: debug.head(result)",)
    with pytest.raises(ArgumentError, match="no `transform` of Feature any more"):
        join(CLASS_TEXT, [("transform:0", "x = 1")])


def test_cells_that_only_call_are_no_part_of_the_module() -> None:
    text = SHAPES["call"]
    made = join(text, [("transform:0", "result = orders")])
    assert (made.file, made.text, made.left_out) == (FILE, None, ("cell 1 is no part of the module",))


def test_a_notebook_of_another_version_is_refused() -> None:
    content = notebook({FILE: TEXT}, CLASS)
    content["metadata"]["sandbox_debug"]["parts"] = {"transform:0": "x"}
    with pytest.raises(ArgumentError, match="written by another version"):
        edited_module({FILE: TEXT}, content)


@pytest.mark.parametrize("content", [{}, {"metadata": []}, {"cells": 1, "metadata": {"sandbox_debug": {"run": 1}}}])
def test_what_is_no_debug_notebook_is_refused(content: dict[str, object]) -> None:
    with pytest.raises(ArgumentError, match="no debug notebook"):
        edited_module({}, content)
