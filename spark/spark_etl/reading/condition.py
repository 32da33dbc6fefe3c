"""What a condition of `run.expect` is about: each row or all of them, which columns, and which numbers can be NaN.

A condition without an aggregate holds for a frame without rows. So what reads as one about all rows, but is none, is
refused: a sub-query, a window function, and a constant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from spark_etl.errors import ArgumentError, CheckpointError
from spark_etl.reading import duck
from spark_etl.schemas.types import Type, child_type, schema_from_spark, struct_type

if TYPE_CHECKING:
    from spark_etl.reading.checkpoint import Checkpoint

# A text or a quoted name, which stay, or `rows`, which is the number of rows; `this.rows` is a column.
ROWS = re.compile(r"""('(?:[^']|'')*'|"(?:[^"]|"")*")|(?<!\.)\brows\b""", re.IGNORECASE)
ABOUT_ALL = 'say it with an aggregate, such as "rows > 0" or "max(net) < 100", or ask by run["orders"].sql(…)'
REFUSED = {"SUBQUERY": "a sub-query", "WINDOW": "a window function"}
TESTS_OF_NAN = {"isnan", "isfinite", "isinf"}
TESTS_OF_NULL = {"OPERATOR_IS_NULL", "OPERATOR_IS_NOT_NULL"}
FLOATS = ("double", "float")
Nodes = list[dict[str, Any]]


@dataclass(frozen=True)
class Condition:
    """A condition as DuckDB takes it.

    Attributes:
        sql: The condition, in which `rows` is the number of rows.
        floats: The columns, and fields of structs, that it compares, that can be NaN, and that it does not ask about
            NaN: as they are shown → as SQL writes them.
    """

    sql: str
    floats: dict[str, str]


def parse_condition(condition: str, checkpoint: Checkpoint) -> Condition:
    """Returns a condition, parsed; one that is no SQL is refused by DuckDB when it is asked.

    Raises:
        ArgumentError: It is empty or a constant, has a sub-query or a window function, or says `rows` of a frame with
            a column of that name.
    """
    feature = checkpoint.feature
    if not condition.strip():
        raise ArgumentError("expect(): the condition is empty", hint=f'run.expect("{feature}", "rows > 0")')
    says_rows = any(found[1] is None for found in ROWS.finditer(condition))
    if says_rows and "rows" in map(str.lower, checkpoint.schema):
        raise ArgumentError(
            f"expect({feature!r}, {condition!r}): `rows` is the number of rows, but `{feature}` has a column `rows`",
            hint='write count(*) for the number, or "rows" in double quotes for the column',
        )
    wanted = ROWS.sub(lambda found: found[1] or "count(*)", condition)
    tree = duck.parsed(wanted)
    if tree is not None:
        _refuse_what_only_seems_about_all(list(_nodes(tree)), wanted, condition, checkpoint)
    return Condition(wanted, _floats(list(_nodes(tree, TESTS_OF_NULL)), checkpoint))


def is_about_all(wanted: str, checkpoint: Checkpoint) -> bool:
    """Returns whether a condition that DuckDB takes has an aggregate, which it does not take in `where`."""
    try:
        checkpoint.sql(f"select 1 from this where (({wanted}\n)::boolean) limit 0")  # noqa: S608
    except CheckpointError:
        return True
    return False


def _refuse_what_only_seems_about_all(nodes: Nodes, wanted: str, condition: str, checkpoint: Checkpoint) -> None:
    for node in nodes:
        what = REFUSED.get(node.get("class", "")) or ("unnest" if node.get("function_name") == "unnest" else "")
        if what:
            raise ArgumentError(
                f"expect({checkpoint.feature!r}, {condition!r}): a condition with {what} would hold for a frame "
                "without rows, whatever it says",
                hint=ABOUT_ALL,
            )
    if not any(node.get("class") in {"COLUMN_REF", "STAR"} for node in nodes) and not is_about_all(wanted, checkpoint):
        raise ArgumentError(
            f"expect({checkpoint.feature!r}, {condition!r}): the condition is about no column", hint=ABOUT_ALL
        )


def _floats(nodes: Nodes, checkpoint: Checkpoint) -> dict[str, str]:
    """Returns the columns and fields that can be NaN of those that a condition names; none if it asks about NaN."""
    if any(str(node.get("function_name", "")).lower() in TESTS_OF_NAN for node in nodes):
        return {}
    paths = _columns(nodes, checkpoint)
    if not paths:
        return {}
    row = struct_type(schema_from_spark(checkpoint.manifest.spark_schema))
    floats = (path for path in paths if _type_of(row, path) in FLOATS)
    return {".".join(path): ".".join(map(duck.identifier, path)) for path in floats}


def _type_of(kind: Type | None, path: list[str]) -> Type | None:
    """Returns the type of a column, or of a field of a struct; None if there is no such field."""
    for name in path:
        kind = child_type(kind, name) if isinstance(kind, dict) else None
    return kind


def _columns(nodes: Nodes, checkpoint: Checkpoint) -> list[list[str]]:
    """Returns the columns, and fields of structs, that a condition names, each as a path."""
    known = {name.lower() for name in checkpoint.schema}
    paths = [node["column_names"] for node in nodes if node.get("class") == "COLUMN_REF"]
    if any(node.get("class") == "STAR" for node in nodes):
        paths += [[name] for name in checkpoint.schema]
    paths = [
        path[1:] if len(path) > 1 and path[0].lower() == "this" and "this" not in known else path for path in paths
    ]
    return [path for path in paths if path[0].lower() in known]  # any other is the argument of a lambda


def _nodes(tree: Any, without: frozenset[str] | set[str] = frozenset()) -> Iterator[dict[str, Any]]:
    """Yields the nodes of a parsed query, but for what is below those of some types."""
    if isinstance(tree, dict):
        if tree.get("type") in without:
            return
        yield tree
    for each in tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ():
        yield from _nodes(each, without)
