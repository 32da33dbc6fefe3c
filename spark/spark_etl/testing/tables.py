"""Rows as a test writes them, as an Arrow table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from spark_etl.errors import ArgumentError
from spark_etl.names import alternatives

if TYPE_CHECKING:
    import pyarrow as pa

KINDS = "a list of dicts or tuples, a DataFrame of Spark or pandas, an Arrow table, or a checkpoint"


def as_table(given: Any, what: str, schema: pa.Schema | None = None) -> pa.Table:
    """Returns rows as an Arrow table.

    Args:
        given: A list of dicts or tuples, a DataFrame of Spark or pandas, an Arrow table, or a checkpoint.
        what: What they are, for messages: "rows of `orders`".
        schema: Columns and types of rows that have none of their own: lists; of an empty list they have to be known.

    Raises:
        ArgumentError: It is none of these, or the rows do not fit each other or the schema.
    """
    import pyarrow as pa

    if isinstance(given, pa.Table):
        return given
    if hasattr(given, "toArrow"):
        table: pa.Table = given.toArrow()
        return table
    if hasattr(given, "manifest"):
        return given.arrow()
    if hasattr(given, "iloc"):
        return pa.Table.from_pandas(given, preserve_index=False)
    if isinstance(given, str | bytes | Mapping) or not isinstance(given, Sequence):
        raise ArgumentError(f"{what}: a {type(given).__name__} is given", hint=f"give {KINDS}")
    return _of_rows(given, what, schema)


def _of_rows(rows: Sequence[Any], what: str, schema: pa.Schema | None) -> pa.Table:
    import pyarrow as pa

    names = _names(rows, what, schema)
    columns = {name: [_value(row, name, place) for row in rows] for place, name in enumerate(names)}
    arrays = []
    for name, values in columns.items():
        known = schema.field(name).type if schema is not None and name in schema.names else None
        arrays.append(_array(values, f"{what}: column `{name}`", known))
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
    """Refuses columns that a schema does not have.

    Raises:
        ArgumentError: There is one; it is named with the nearest that there is.
    """
    for name in table.column_names:
        if name not in schema.names:
            raise ArgumentError(f"{what}: unknown column `{name}`. {alternatives(name, schema.names)}")


def _value(row: Any, name: str, place: int) -> Any:
    return row.get(name) if isinstance(row, Mapping) else row[place]


def _array(values: list[Any], what: str, known: pa.DataType | None) -> pa.Array:
    import pyarrow as pa

    try:
        if known is None:
            return pa.array(values)
        return pa.array([_as_type(value, known) for value in values], type=known)
    except (pa.ArrowException, TypeError, ValueError, OverflowError, ArithmeticError) as error:
        wanted = f" as {known}" if known is not None else ""
        raise ArgumentError(f"{what} can't be read{wanted}: {str(error).splitlines()[0]}") from None


def _as_type(value: Any, kind: pa.DataType) -> Any:
    """Returns a value as Arrow takes it for a type: days, moments and decimals may be written as texts."""
    from pyarrow import types

    if types.is_decimal(kind) and isinstance(value, str | int | float) and not isinstance(value, bool):
        return Decimal(str(value))
    if isinstance(value, str) and types.is_date(kind):
        return date.fromisoformat(value)
    if isinstance(value, str) and types.is_timestamp(kind):
        return datetime.fromisoformat(value)
    return value
