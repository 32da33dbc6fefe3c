"""The one user of DuckDB: SQL over Parquet that pyarrow opens, so that S3 is reached in one way only."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from spark_etl.errors import CheckpointError

BATCH_ROWS = 65_536


@contextmanager
def connection(*, memory: str = "") -> Iterator[Any]:
    """Yields a database in memory; what does not fit goes to a folder that is deleted with it.

    Args:
        memory: How much DuckDB may hold, such as `300MB`; its own default if not given.

    Raises:
        CheckpointError: DuckDB is not installed.
    """
    try:
        import duckdb
    except ImportError:
        raise CheckpointError("SQL needs DuckDB, which is not installed here", hint="pip install duckdb") from None
    with tempfile.TemporaryDirectory(prefix="spark-etl-") as folder, duckdb.connect() as connected:
        connected.execute("set timezone = 'UTC'")
        connected.execute(f"set temp_directory = {text(folder)}")
        if memory:
            connected.execute(f"set memory_limit = {text(memory)}")
        yield connected


@contextmanager
def refusals(columns: Sequence[str]) -> Iterator[None]:
    """Turns what DuckDB raises into one error that names the columns there are."""
    import duckdb

    try:
        yield
    except duckdb.Error as error:
        raise CheckpointError(
            f"DuckDB refuses the query: {error}", hint=f"columns: {', '.join(columns) or 'none'}"
        ) from error


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
    end = "" if limit is None else f" limit {int(limit)}"
    with refusals(dataset.schema.names):
        query = f"select {chosen} from this where ({predicate}\n){end}"  # noqa: S608 - the caller's own SQL
        reader = connected.sql(query).to_arrow_reader(BATCH_ROWS)
        for batch in reader:
            yield as_declared(batch, dataset.schema, columns)


def has_subquery(connected: Any, predicate: str) -> bool:
    """Returns whether a predicate asks about more than the row it is about: `x = (select max(x) from this)`."""
    import duckdb

    query = f"select 1 from this where ({predicate}\n)"  # noqa: S608 - parsed only
    try:
        ((parsed,),) = connected.execute("select json_serialize_sql(?)", [query]).fetchall()
    except duckdb.Error:  # one built without JSON: what may have one is taken to have one
        return True
    return '"class":"SUBQUERY"' in parsed


def as_declared(batch: Any, schema: Any, columns: Sequence[str]) -> Any:
    """Returns a batch that went through DuckDB with the types that the Parquet files have."""
    import pyarrow as pa

    if not columns:
        return batch.select([])
    arrays = []
    for position, column in enumerate(columns):
        array, wanted = batch.column(position), schema.field(column).type
        arrays.append(array if array.type == wanted else array.cast(wanted))
    return pa.record_batch(arrays, schema=pa.schema([schema.field(column) for column in columns]))


def identifier(name: str) -> str:
    """Returns a name as SQL quotes it."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """Returns a text as SQL quotes it."""
    return "'" + value.replace("'", "''") + "'"
