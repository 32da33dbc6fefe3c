"""DuckDB: Ctrl-C ends what it does, wherever it comes. Taken for a refusal, a comparison would go on without it."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pytest
from spark_etl.reading import duck


class Interrupted:
    """Rows at which Ctrl-C comes: when they are asked for, or their types are."""

    def __init__(self, *, at_once: bool) -> None:
        self._at_once = at_once

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        if self._at_once:
            raise KeyboardInterrupt
        schema = pa.schema([("id", pa.int64())])
        return pa.RecordBatchReader.from_batches(schema, self._batches()).__arrow_c_stream__(requested_schema)

    @staticmethod
    def _batches() -> Iterator[pa.RecordBatch]:
        yield pa.record_batch({"id": [1]})
        raise KeyboardInterrupt


def test_while_it_computes() -> None:
    with pytest.raises(KeyboardInterrupt), duck.connection(), duck.refusals(["id"]):
        raise RuntimeError("Query interrupted")  # as DuckDB calls Ctrl-C, when it comes to look for it


@pytest.mark.parametrize("at_once", [True, False])
def test_while_it_reads(at_once: bool) -> None:
    rows = Interrupted(at_once=at_once)
    with pytest.raises(KeyboardInterrupt), duck.connection() as connected, duck.refusals(["id"]):
        connected.register("this", rows).execute("select sum(id) from this").fetchall()


def test_any_other_error_stays_one() -> None:
    with pytest.raises(RuntimeError, match="other"), duck.connection():
        raise RuntimeError("other")


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("select id from this", True),
        ("-- which\nselect id from this", True),
        ("from orders", True),
        ("(select id from this)", True),
        ("with a as (select 1 as id) select id from a", True),
        ("select id fro this where", True),
        ("amount < 0", False),
        ("(select count(*) from this as o where o.id = this.id) > 1", False),
        ("id in (select id from orders)", False),
        ("from_day > 3", False),
        ("select 1; select 2", False),
        ("copy this to 'x'", False),
    ],
)
def test_a_query_is_told_from_a_condition(text: str, query: bool) -> None:
    assert duck.is_query(text) is query
