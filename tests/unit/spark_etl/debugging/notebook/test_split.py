"""Which `transform` becomes cells, and what they say."""

from __future__ import annotations

import pytest
from spark_etl.debugging.notebook.split import split_transform

from tests.unit.spark_etl.debugging.notebook.support import CLASS, FILE, module, sample_projects, split


def test_a_cell_for_each_statement_with_the_comments_above_it() -> None:
    made = split(
        module('''
            """Returns the orders that were paid.

            And no others.
            """

            # only these
            paid = orders.where("paid")


            sums = paid.groupBy(
                "day",  # UTC
            ).sum()
            # the last
            return sums.select("day")  # all
            # not reached
        ''')
    )
    assert made.cells == (
        '# only these\npaid = orders.where("paid")',
        'sums = paid.groupBy(\n    "day",  # UTC\n).sum()',
        '# the last\nresult = sums.select("day")  # all',
    )
    assert (made.file, made.class_name, made.whole, made.arguments) == (FILE, "Feature", None, ("orders",))
    assert (made.takes_kwargs, made.is_editable, made.result) == (False, True, "result")


def test_statements_of_one_line_are_one_cell() -> None:
    assert split(module("a = 1; b = 2\nreturn a + b;")).cells == ("a = 1; b = 2", "result = a + b;")


def test_a_body_behind_the_colon() -> None:
    text = "class Feature:\n    def transform(self, spark, start_date, end_date): a = 'é'; return a  # all\n"
    assert split(text).cells == ("a = 'é'; result = a  # all",)


def test_lines_inside_of_a_text_stay_where_they_are() -> None:
    made = split(module('sql = """\n  select 1\n    """\nreturn spark.sql(sql)'))
    assert made.cells == ('sql = """\n  select 1\n    """', "result = spark.sql(sql)")


@pytest.mark.parametrize("statement", ["return(orders)", "return[orders]", "return \\\n    orders", "return -orders"])
def test_whatever_follows_return(statement: str) -> None:
    (cell,) = split(module(statement)).cells
    assert cell.startswith("result =")
    assert "return" not in cell


def test_tabs_and_windows_lines() -> None:
    head = "class Feature:\r\n\tdef transform(self, spark, start_date, end_date):\r\n"
    text = f"{head}\t\tif spark:\r\n\t\t\tx = 1\r\n\t\treturn x\r\n"
    assert split(text).cells == ("if spark:\n\tx = 1", "result = x")


def test_a_variable_called_result_is_left_alone() -> None:
    made = split(module("result = orders.distinct()\nreturn result.limit(1)"))
    assert (made.cells, made.result) == (("result = orders.distinct()", "returned = result.limit(1)"), "returned")


BLOCKS = """
    with spark.lock() as lock:
        a = 1
    for n in range(3):
        a += n
    else:
        a = 2
    while a > 5:
        a -= 1
    if a:
        b = 1
    try:
        c = 1
    except ValueError as error:
        c = 2
    finally:
        d = 3
    match c:
        case [1, *rest]:
            d = rest
        case {"k": v, **more}:
            d = v
    def inner(x):
        return x + a
    f = lambda x: x if x else None
    if (n := a) > 1: g = [m for m in (1, 2) if (o := m)]
    e: int = 1
    return inner(a)
"""


def test_blocks_without_return_are_cells() -> None:
    made = split(module(BLOCKS))
    assert made.whole is None
    assert len(made.cells) == 11


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("if orders:\n    return 1\nreturn 2", "returns at more than one place"),
        ("for x in orders:\n    return x", "inside of a block"),
        ("with spark:\n    return 1", "inside of a block"),
        ("try:\n    return 1\nfinally:\n    pass", "inside of a block"),
        ("if orders:\n    return 1\nelse:\n    return 2", "inside of a block"),
        ("orders.show()", "returns no value"),
        ("raise NotImplementedError", "returns no value"),
        ("return", "returns no value"),
        ("x = yield orders\nreturn x", "`yield`"),
        ("yield from orders\nreturn 1", "`yield from`"),
        ("x = super().transform(spark)\nreturn x", "`super`"),
        ("return __class__.rows", "`__class__`"),
        ("return self.__rows(orders)", "`__rows` is private"),
        ("__x = orders\nreturn __x", "`__x` is private"),
        ("def __f(a): return a\nreturn __f(1)", "`__f` is private"),
        ("return f(__x=1)", "`__x` is private"),
        ("return locals()", "locals()"),
        ("return vars()['orders']", "vars()"),
        ("exec('a = 1')\nreturn a", "exec()"),
        ("a = eval('orders')\nreturn a", "eval()"),
        ("def f():\n    nonlocal orders\n    orders = 1\nf()\nreturn orders", "`nonlocal`"),
        ("del orders\nreturn 1", "deletes `orders`"),
        ("a, b = 1, 2\ndel (a, b)\nreturn 1", "deletes `a`"),
        ("class Row:\n    a = 1\nreturn Row.a", "defines a class"),
        ("debug = 1\nreturn debug", "variable `debug`"),
        ("runs = 1\nreturn runs", "variable `runs`"),
        ("for _ in range(3):\n    pass\nreturn 1", "variable `_`"),
        ("_, b = orders\nreturn b", "variable `_`"),
        ("In = 1\nreturn In", "variable `In`"),
        ("def get_ipython(): pass\nreturn 1", "variable `get_ipython`"),
        ("self = orders\nreturn self", "assigns `self`"),
        ("if orders:\n    filter = 1\nreturn filter", "`filter` is also a name"),
        ("sum = sum + 1\nreturn sum", "`sum` is also a name"),
        ("for type in orders:\n    pass\nreturn type", "`type` is also a name"),
        ("return sys._getframe()", "`_getframe`"),
    ],
)
def test_what_might_mean_something_else_stays_one_cell_with_its_class(body: str, reason: str) -> None:
    made = split(module(body))
    assert reason in str(made.whole)
    assert len(made.cells) == 1
    if made.is_editable:
        assert made.cells[0].startswith("class Feature(SparkFeature):\n    def transform(")
        calls = "self = debug.new(Feature)\nresult = self.transform(spark, start_date, end_date, **debug.inputs)"
        assert made.cells[0].endswith(f"\n\n\n{calls}")


ORDERS = "self, spark, start_date, end_date, orders"


@pytest.mark.parametrize(
    ("signature", "reason"),
    [
        (f"{ORDERS}, rates=None", "default value"),
        (f"{ORDERS}, *, rates=None", "default value"),
        (f"{ORDERS}, *more", "takes `*more`"),
        ("this, spark, start_date, end_date", "first arguments"),
        ("self, session, start_date, end_date", "first arguments"),
        ("self, start_date, spark, end_date", "first arguments"),
        ("self, spark, start_date, end_date, debug", "argument `debug`"),
        ("self, spark, start_date, end_date, _", "argument `_`"),
        ("self, spark, start_date, end_date, **runs", "argument `runs`"),
    ],
)
def test_arguments_that_no_cell_can_give(signature: str, reason: str) -> None:
    assert reason in str(split(module("return 1", signature)).whole)


def test_arguments_by_name_and_others() -> None:
    made = split(module("return x", "self, spark, start_date, end_date, /, orders, *, rates, **frames"))
    assert (made.whole, made.arguments, made.keywords) == (None, ("orders", "rates"), "frames")


@pytest.mark.parametrize(
    ("above", "body"),
    [
        ("import functions as F", "return F.col('x')"),
        ("def total(x): return x", "sum_of = total(orders)\nreturn sum_of"),
        ("rates = 1", "rates = orders\nreturn rates"),  # bound before it is read
        ("", "import os\nreturn os"),
        ("import os", "import os\nreturn os.sep"),
        ("", "return [_ for _ in orders]"),  # of the comprehension alone
        ("", "f = lambda _: _\nreturn f"),
        ("from __future__ import annotations", "x: Unknown = orders\nreturn x"),
        ("", "x: Unknown = orders\nreturn x"),
        ("", "def f(x: int) -> int: return x\nreturn f"),
        ("", "def debugging(debug): return debug\nreturn debugging"),
    ],
)
def test_what_means_the_same_is_split(above: str, body: str) -> None:
    assert split(module(body, above=f"{above}\n")).whole is None


@pytest.mark.parametrize(
    ("above", "body", "reason"),
    [
        ("", "return __file__", "`__file__` of its module"),
        ("__version__ = 1", "return __version__", "`__version__` of its module"),
        ("", "return globals()['x']", "globals()"),
        ("count = 0", "global count\ncount = 1\nreturn count", "`global`"),
        ("count = 0\ndef more():\n    global count", "more()\nreturn count", "functions of the module change"),
        ("", "from . import helpers\nreturn helpers", "relative to its module"),
        ("debug = print", "debug(1)\nreturn orders", "name `debug` of the module"),
        ("runs = 1", "return runs", "name `runs` of the module"),
        ("", "return display(orders)", "name `display` of the module"),
    ],
)
def test_what_needs_its_module_is_called_where_it_is(above: str, body: str, reason: str) -> None:
    made = split(module(body, above=f"{above}\n"))
    assert reason in str(made.whole)
    assert made.cells == ("result = self.transform(spark, start_date, end_date, **debug.inputs)",)
    assert not made.is_editable
    assert made.file == FILE


def test_a_split_transform_of_a_class_whose_other_methods_need_their_module() -> None:
    text = module("return orders").replace("    def transform", "    where = __file__\n\n    def transform")
    assert split(text).cells == ("result = orders",)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("    def transform", "    @cached\n    def transform"), "it has a decorator"),
        (("    def transform", "    async def transform"), "`async`"),
        (("class Feature", "@registered\nclass Feature"), "class Feature has a decorator"),
        (("(SparkFeature)", "(SparkFeature, metaclass=Meta)"), "metaclass"),
        (("\nclass", "\nOther.transform = None\n\n\nclass"), "assigns another `transform`"),
    ],
)
def test_classes_that_may_call_something_else(change: tuple[str, str], reason: str) -> None:
    assert reason in str(split(module("return orders").replace(*change)).whole)


def test_a_dataclass_is_split() -> None:
    text = module("return orders", above="from dataclasses import dataclass\n").replace(
        "class Feature", "@dataclass(frozen=True)\nclass Feature"
    )
    assert split(text).whole is None


def test_annotations_that_spark_reads_and_others_that_nobody_computes() -> None:
    made = split(module("x: Unknown = orders\ndef f(a: int): return a\nreturn f"))
    assert "annotates variables" in str(made.whole)
    assert split(module("x: Unknown = orders\nreturn x")).lazy_annotations
    assert not split(module("def f(a: int): return a\nreturn f")).lazy_annotations


@pytest.mark.parametrize("inside", ["\n   \n", "\n>>> 1\n", "\n   In [1]: x\n"])
def test_texts_that_ipython_would_change(inside: str) -> None:
    text = f'class Feature:\n    def transform(self, spark, start_date, end_date):\n        return """{inside}"""\n'
    made = split(text)
    assert "IPython" in str(made.whole)
    assert not made.is_editable


def test_a_class_under_if_loses_its_indentation() -> None:
    text = 'if True:\n    class Feature:\n        def transform(self):\n            return """\n  x"""\n'
    made = split(text)
    assert made.cells[0].startswith('class Feature:\n    def transform(self):\n        return """\n  x"""\n')


def test_what_this_python_can_not_read() -> None:
    made = split("class Feature:\n    def transform(self):\n        return (\n")
    assert (made.file, made.class_name, made.is_editable) == (FILE, None, False)
    assert "this Python can't read features.py" in str(made.whole)


def test_every_feature_of_the_samples_is_split() -> None:
    projects = list(sample_projects())
    assert len(projects) > 20
    for code, path in projects:
        assert split_transform(code, path).whole is None, path


def test_no_class_at_all() -> None:
    made = split_transform({}, "a.b.C")
    assert (made.file, made.whole) == (None, "the code has no module a.b")
    assert split_transform({FILE: ""}, CLASS).whole == "features.py has no class statement for Feature"
