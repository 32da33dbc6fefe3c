"""The one user of DuckDB: SQL over Parquet that pyarrow opens, so that S3 is reached in one way only."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from spark_etl.errors import CheckpointError
from spark_etl.printable import printable

BATCH_ROWS = 65_536
IN_A_STREAM = re.compile(r"(?:Python exception|failed): .*\bKeyboardInterrupt:?\s*$", re.DOTALL)
BEGINNING = re.compile(r"(?:\s|--[^\n]*\n)*(?:select|with|from)\b", re.IGNORECASE)
ABOUT_TEXT = re.compile(r"unicode|utf-?8|must call SetFallible", re.IGNORECASE)


class NotUtf8Error(CheckpointError):
    """Raised when DuckDB refuses a text that is no UTF-8; such a text can be given to it with its bytes escaped."""


@contextmanager
def connection(*, memory: str = "", purpose: str = "SQL") -> Iterator[Any]:
    """Yields a database in memory; what does not fit goes to a folder that is deleted with it.

    Ctrl-C is a KeyboardInterrupt, whatever DuckDB makes of it.

    Args:
        memory: How much DuckDB may hold, such as `300MB`; its own default if not given.
        purpose: What needs it, for the message.

    Raises:
        CheckpointError: DuckDB is not installed.
    """
    try:
        import duckdb
    except ImportError:
        message = f"{purpose} needs DuckDB, which is not installed here"
        raise CheckpointError(message, hint="pip install duckdb") from None
    with tempfile.TemporaryDirectory(prefix="spark-etl-") as folder, duckdb.connect() as connected:
        connected.execute("set timezone = 'UTC'")
        connected.execute(f"set temp_directory = {text(folder)}")
        if memory:
            connected.execute(f"set memory_limit = {text(memory)}")
        try:
            yield connected
        except RuntimeError as error:  # as DuckDB calls it while it computes
            if str(error) == "Query interrupted":
                raise KeyboardInterrupt from error
            raise


@contextmanager
def refusals(columns: Sequence[str]) -> Iterator[None]:
    """Turns what DuckDB raises into one error that names the columns there are."""
    import duckdb

    try:
        yield
    except (duckdb.Error, UnicodeDecodeError) as error:
        if IN_A_STREAM.search(str(error)):  # where it asks Python for rows
            raise KeyboardInterrupt from error
        refused = NotUtf8Error if _is_about_text(error) else CheckpointError
        raise refused(
            f"DuckDB refuses the query: {printable(str(error))}",
            hint=f"columns: {printable(', '.join(dict.fromkeys(columns)), one_line=True) or 'none'}",
        ) from error


def _is_about_text(error: Exception) -> bool:
    return isinstance(error, UnicodeDecodeError) or ABOUT_TEXT.search(str(error)) is not None


def register(connected: Any, tables: Mapping[str, Any]) -> None:
    """Makes datasets tables.

    Raises:
        CheckpointError: Two columns of one differ in upper and lower case only, which SQL would take for one.
    """
    for name, dataset in tables.items():
        seen: dict[str, str] = {}
        for column in dataset.schema.names:
            twin = seen.setdefault(column.lower(), column)
            if twin != column:
                raise CheckpointError(
                    f"SQL can't tell the columns `{twin}` and `{column}` from each other",
                    hint="ask with a pyarrow expression: where=pyarrow.compute.field(…) == …",
                )
        connected.register(name, dataset)


def matching(connected: Any, dataset: Any, columns: Sequence[str], predicate: str, limit: int | None) -> Iterator[Any]:
    """Yields record batches of the rows that a predicate holds for; what DuckDB can, it leaves to pyarrow's reader."""
    register(connected, {"this": dataset})
    chosen = ", ".join(identifier(column) for column in columns) or "1"
    if "" in columns:  # which SQL has no way to write
        chosen = "*"
    end = "" if limit is None else f" limit {int(limit)}"
    with refusals(dataset.schema.names):
        query = f"select {chosen} from this where ({predicate}\n){end}"  # noqa: S608 - the caller's own SQL
        reader = connected.sql(query).to_arrow_reader(BATCH_ROWS)
        for batch in reader:
            yield as_declared(batch, dataset.schema, columns)


def parsed(expression: str) -> Any:
    """Returns the parsed query `select (expression)`, of DuckDB's own JSON; None if that is no SQL."""
    with connection() as connected:
        written = _parsed_as_json(connected, f"select ({expression}\n)")
    tree = json.loads(written) if written is not None else {"error": True}
    return None if tree["error"] else tree


def is_query(text: str) -> bool:
    """Returns whether a text is a query, and no condition; it is parsed, and nothing is run.

    What is neither is taken for what it begins like, so that the message about it fits.
    """
    try:
        import duckdb
    except ImportError:  # which the query itself will say
        return BEGINNING.match(text) is not None
    try:
        return [one.type for one in duckdb.extract_statements(text)] == [duckdb.StatementType.SELECT]
    except duckdb.Error:
        return BEGINNING.match(text) is not None


def has_subquery(connected: Any, predicate: str) -> bool:
    """Returns whether a predicate asks about more than the row it is about: `x = (select max(x) from this)`."""
    written = _parsed_as_json(connected, f"select 1 from this where ({predicate}\n)")  # noqa: S608 - parsed only
    return written is None or '"class":"SUBQUERY"' in written  # what may have one is taken to have one


def _parsed_as_json(connected: Any, query: str) -> str | None:
    """Returns a parsed query as DuckDB writes it; None of a DuckDB that was built without JSON."""
    import duckdb

    try:
        ((written,),) = connected.execute("select json_serialize_sql(?)", [query]).fetchall()
    except duckdb.Error:
        return None
    return str(written)


def as_declared(batch: Any, schema: Any, columns: Sequence[str]) -> Any:
    """Returns a batch that went through DuckDB with the types that the Parquet files have."""
    import pyarrow as pa

    if not columns:
        return batch.select([])
    arrays, fields = [], []
    for position, column in enumerate(columns):
        field = schema.field(column)
        array = batch.column(schema.names.index(column) if "" in columns else position)
        if array.type != field.type:
            field = field.with_type(_nullable(field.type))
            array = array.cast(field.type)
        arrays.append(array)
        fields.append(field)
    return pa.record_batch(arrays, schema=pa.schema(fields))


def _nullable(kind: Any) -> Any:
    """Returns a type whose parts may all be NULL: DuckDB makes NULL of each part of a struct that is NULL."""
    import pyarrow as pa
    from pyarrow import types

    if types.is_struct(kind):
        return pa.struct(
            [
                kind.field(place).with_type(_nullable(kind.field(place).type)).with_nullable(True)
                for place in range(kind.num_fields)
            ]
        )
    if types.is_map(kind):
        return pa.map_(_nullable(kind.key_type), _nullable(kind.item_type))
    if types.is_list(kind):
        return pa.list_(kind.value_field.with_type(_nullable(kind.value_type)).with_nullable(True))
    return kind


def identifier(name: str) -> str:
    """Returns a name as SQL quotes it."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """Returns a text as SQL quotes it."""
    return "'" + value.replace("'", "''") + "'"
