"""Rows as a test writes them, as an Arrow table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from spark_etl.errors import ArgumentError
from spark_etl.names import alternatives
from spark_etl.testing.pandas_frames import of_pandas
from spark_etl.testing.values import first_line, named, refuse_unknown_fields, to_array

if TYPE_CHECKING:
    import pyarrow as pa

KINDS = "a list of dicts or tuples, a DataFrame of Spark or pandas, an Arrow table, or a checkpoint"
NAN = "NaN of pandas is no NULL; frame.convert_dtypes() makes it one"


def as_table(given: Any, what: str, schema: pa.Schema | None = None) -> pa.Table:
    """Returns rows as an Arrow table.

    Args:
        given: A list of dicts or tuples, a DataFrame of Spark or pandas, an Arrow table, or a checkpoint.
        what: What they are, for messages: "rows of `orders`".
        schema: Columns and types of rows that have none of their own: lists; of an empty list they have to be known.

    Raises:
        ArgumentError: It is none of these, two columns have one name, or the rows do not fit each other or the schema.
    """
    table = _table(given, what, schema)
    for name, count in Counter(table.column_names).items():
        if count > 1:
            raise ArgumentError(f"{what}: {count} columns are called `{name}`", hint="rename them: each needs a name")
    return table


def _table(given: Any, what: str, schema: pa.Schema | None) -> pa.Table:
    import pyarrow as pa

    if isinstance(given, pa.Table):
        return given
    if hasattr(given, "toArrow"):
        return _of_spark(given, what)
    if hasattr(given, "manifest"):
        return given.arrow()
    if hasattr(given, "iloc"):
        return of_pandas(given, what, schema)
    if isinstance(given, str | bytes | Mapping) or not isinstance(given, Sequence):
        raise ArgumentError(f"{what}: a {type(given).__name__} is given", hint=f"give {KINDS}")
    return _of_rows([named(row) for row in given], what, schema)


def _of_spark(frame: Any, what: str) -> pa.Table:
    try:
        table: pa.Table = frame.toArrow()
    except (TypeError, NotImplementedError) as error:
        raise ArgumentError(f"{what}: {first_line(error)}", hint="cast such a column to string") from None
    return table


def _of_rows(rows: Sequence[Any], what: str, schema: pa.Schema | None) -> pa.Table:
    import pyarrow as pa

    names = _names(rows, what, schema)
    columns = {name: [_value(row, name, place) for row in rows] for place, name in enumerate(names)}
    arrays = []
    for name, values in columns.items():
        known = schema.field(name).type if schema is not None and name in schema.names else None
        arrays.append(to_array(values, f"{what}: column `{name}`", known))
    return pa.table(arrays, names=names)


def _names(rows: Sequence[Any], what: str, schema: pa.Schema | None) -> list[str]:
    """Returns the columns of rows, in order: those of the schema where rows are tuples or there are none."""
    if not rows and schema is None:
        raise ArgumentError(
            f"{what}: an empty list has no columns", hint='give their types: schemas={"orders": "id bigint"}'
        )
    first = rows[0] if rows else ()
    is_dict = isinstance(first, Mapping)
    for row in rows:
        if isinstance(row, Mapping) != is_dict or not isinstance(row, Mapping | Sequence) or isinstance(row, str):
            raise ArgumentError(f"{what}: {row!r} is no row like {first!r}", hint="give dicts only, or tuples only")
    if not is_dict:
        if schema is None:
            raise ArgumentError(
                f"{what}: tuples have no columns", hint='give dicts, or types: schemas={"orders": "id bigint"}'
            )
        for row in rows:
            if len(row) != len(schema.names):
                expected = f"{len(schema.names)} values: {', '.join(schema.names)}"
                raise ArgumentError(f"{what}: {row!r} has {len(row)} values, but must have {expected}")
        return list(schema.names)
    return list(dict.fromkeys(name for row in rows for name in row))


def refuse_unknown(table: pa.Table, schema: pa.Schema, what: str) -> None:
    """Refuses columns, and fields of structs, that a schema does not have.

    Raises:
        ArgumentError: There is one; it is named with the nearest that there is.
    """
    for name in table.column_names:
        if name not in schema.names:
            raise ArgumentError(f"{what}: unknown column `{name}`. {alternatives(name, schema.names)}")
        refuse_unknown_fields(table.schema.field(name).type, schema.field(name).type, f"{what}: column `{name}`")


def filled(table: pa.Table, schema: pa.Schema, what: str) -> pa.Table:
    """Returns a table with all columns of a schema, of its types; what is not given is NULL.

    Raises:
        ArgumentError: Values do not fit a type, or NULL is in a column that has none.
    """
    import pyarrow as pa

    columns = []
    for field in schema:
        column = table[field.name] if field.name in table.column_names else pa.nulls(table.num_rows, field.type)
        if not field.nullable and column.null_count:
            raise ArgumentError(
                f"{what}: column `{field.name}` is not null, but has {column.null_count} NULL",
                hint=f"give each row a value of `{field.name}`, or its type without `not null`",
            )
        try:
            columns.append(column.cast(field.type))
        except (pa.ArrowException, ValueError) as error:
            raise ArgumentError(
                f"{what}: column `{field.name}` can't be read as {field.type}: {first_line(error)}",
                hint=NAN if pa.types.is_floating(column.type) else None,
            ) from None
    return pa.table(columns, schema=schema)


def _value(row: Any, name: str, place: int) -> Any:
    return row.get(name) if isinstance(row, Mapping) else row[place]
