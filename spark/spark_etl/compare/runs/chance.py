"""What gives other rows though nothing that is recorded is another.

That is random values, clocks, the order of rows, and what the code reads as it runs: a variable of the environment, a
file or a table that is no source, the answer of a server.

Spark says of most queries whether they do. It does not see a clock that Python reads, nor that ties of a sort are
broken by chance: that is looked for in the code, by the names that it calls.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from spark_etl.code.fingerprint import UsedModule
from spark_etl.compare.runs.kept_code import KeptCode, definitions_of, reachable
from spark_etl.compare.runs.own_changes import cut, listed
from spark_etl.compare.runs.result import Cause
from spark_etl.compare.runs.side import Side

# By the last part of the name that is called.
BY_SPARK = {
    "rand", "randn", "uuid", "current_timestamp", "current_date", "localtimestamp", "curdate", "shuffle", "randstr",
    "monotonically_increasing_id", "spark_partition_id", "randomSplit",
}  # fmt: skip
BY_PYTHON = {"uuid1", "uuid4", "urandom", "utcnow", "time_ns", "perf_counter", "token_hex", "token_bytes"}
CLOCKS = re.compile(
    r"(?:^|\.)(?:(?:datetime|Timestamp|pd|F|functions|sf)\.now|(?:date|datetime|Timestamp)\.today|now)$"
)
MODULES = re.compile(r"^(?:time\.(?:time|monotonic)|random\.\w+|secrets\.\w+|(?:np|numpy)\.random\.[\w.]+)$")
IN_SQL = re.compile(
    r"(?i)\b(rand|randn|random|uuid|now|shuffle|monotonically_increasing_id)\s*\(|\b(current_timestamp|current_date)\b"
)
ORDER = {
    "first", "first_value", "last", "last_value", "any_value", "row_number", "ntile", "collect_list", "array_agg",
    "limit", "zipWithIndex", "zip_with_index", "max_by", "min_by", "mode", "take", "tail", "listagg", "string_agg",
}  # fmt: skip
WITH_SUBSET = {"dropDuplicates", "drop_duplicates"}
ORDER_IN_SQL = re.compile(
    r"(?i)\b(first|first_value|last|last_value|any_value|row_number|collect_list|array_agg|max_by|min_by)\s*\("
    r"|\b(limit)\s+\d|\b(distinct\s+on)\b"
)
OUTSIDE = re.compile(
    r"(?:^|\.)(?:getenv|import_module|__import__|urlopen|spark\.table|requests\.\w+)$|^(?:eval|exec)$"
    r"|\.read\.(?:table|csv|json|parquet|orc|text|jdbc|load|format|option|options|schema)$"
)
FILES = re.compile(r"^open$|\.(?:open|read_text|read_bytes)$")
LOOKS_LIKE_SQL = re.compile(r"(?i)\bselect\b[\s\S]+\bfrom\b|^\s*\w+\s*\([\s\S]*\)|\bover\s*\(")

KINDS = ("spark", "python", "order", "outside", "files")


@dataclass(frozen=True)
class Chance:
    """What in the code of a feature may give other rows each time.

    Attributes:
        spark: Random values and clocks of Spark, each with file and line.
        python: Those that Python reads while the query is built.
        order: What takes some row by the order in which rows come.
        outside: What reads something that is not recorded.
        files: What reads files, which are recorded if they are of the project and the code has their names as a text.
        known: Whether the code could be looked at.
    """

    spark: tuple[str, ...] = ()
    python: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    known: bool = False


def find_chance(kept: KeptCode, class_path: str) -> Chance:
    """Returns what in the code of a class may give other rows each time, or reads what is not recorded."""
    modules = kept.used_modules(class_path)
    if modules is None:
        return Chance()
    own = class_path.rpartition(".")[0]
    definitions = {module.name: kept.definitions(module, class_path) for module in modules}
    reached = reachable(definitions, own)
    found = list(dict.fromkeys(each for module in modules for each in _of_module(kept, module, reached)))
    kinds = {kind: tuple(text for other, text in found if other == kind) for kind in KINDS}
    return Chance(**kinds, known=True)


def _of_module(kept: KeptCode, module: UsedModule, reached: set[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    path = kept.path(module)
    for statement in module.statements:
        names = definitions_of([statement])
        if any((module.name, name) in reached for name in names):
            for node in ast.walk(statement):
                yield from ((kind, f"`{what}` in {path}:{line}") for kind, what, line in _found(node))


def _found(node: ast.AST) -> Iterator[tuple[str, str, int]]:
    if isinstance(node, ast.Call):
        name = _dotted(node.func)
        kind = _kind(name, node)
        if kind:
            yield kind, name.removeprefix("…."), node.end_lineno or node.lineno
    elif isinstance(node, ast.Attribute | ast.Name) and _dotted(node) in {"environ", "os.environ"}:
        yield "outside", _dotted(node), node.end_lineno or node.lineno
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and LOOKS_LIKE_SQL.search(node.value):
        for kind, pattern in (("spark", IN_SQL), ("order", ORDER_IN_SQL)):
            for match in pattern.finditer(node.value):
                line = node.lineno + node.value.count("\n", 0, match.start())
                yield kind, next(filter(None, match.groups())).lower(), line


def _kind(name: str, call: ast.Call) -> str:
    last = name.rpartition(".")[2]
    if last in BY_SPARK:
        return "spark"
    if last in BY_PYTHON or CLOCKS.search(name) or MODULES.match(name):
        return "python"
    if last == "sample" and not any(word.arg == "seed" for word in call.keywords) and len(call.args) < 3:
        return "spark"
    if OUTSIDE.search(name) or FILES.search(name):
        return "outside" if OUTSIDE.search(name) else "files"
    has_subset = last in WITH_SUBSET and bool(call.args or call.keywords)
    return "order" if last in ORDER or has_subset else ""


def _dotted(node: ast.expr) -> str:
    """Returns the name that is called, `F.rand`; of a method of something else, `….limit`."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = _dotted(node.value) if isinstance(node.value, ast.Name | ast.Attribute) else "…"
        return f"{before}.{node.attr}"
    return "…"


def random_cause(chance: Chance, deterministic: bool | None) -> Cause | None:
    """Returns that a feature gives other rows each time; None where nothing says so.

    Args:
        chance: What its code calls.
        deterministic: What Spark has said of its query; None where it was not asked.
    """
    found = (*(chance.spark if deterministic is not True else ()), *chance.python)
    details = tuple(cut(found)) if len(found) > 1 else ()
    if deterministic is False:
        called = f": {listed(found)}" if found else ""
        return Cause("random or clock", f"Spark says that its query gives other rows each time{called}", details)
    return Cause("random or clock", f"other values each time: {listed(found)}", details) if found else None


def order_cause(chance: Chance) -> Cause | None:
    """Returns that a feature's rows may depend on the order in which rows come; None where nothing says so."""
    if not chance.order:
        return None
    text = f"its result may depend on the order of rows: {listed(chance.order)}"
    return Cause("random or clock", text, tuple(cut(chance.order)) if chance.order[1:] else ())


def deterministic(alias: str, a: Side, b: Side) -> bool | None:
    """Returns whether Spark says of a feature's query in both runs that it gives the same rows each time.

    False if it says in one that it does not; None where it was not asked.
    """
    said = [side.features[alias].deterministic if alias in side.features else None for side in (a, b)]
    return False if False in said else True if said == [True, True] else None
