"""Values that Python, UTF-8 or DuckDB has no place for: each call shows them, and none of its other columns suffers."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import compute
from spark_etl.reading import Checkpoint, profile
from spark_etl.reading.python_values import format_moment, to_python

from tests.unit.spark_etl.reading.conftest import checkpoint

Call = Callable[[Checkpoint], list[Any]]
MICROSECONDS = pa.timestamp("us", "UTC")
ROWS: dict[str, Call] = {
    "head": lambda found: found.head().to_dict("records"),
    "pandas": lambda found: found.pandas().to_dict("records"),
    "limit": lambda found: found.pandas(limit=9).to_dict("records"),
    "sql": lambda found: found.sql("select * from this").to_dict("records"),
    "where in SQL": lambda found: found.pandas(where="id > 0").to_dict("records"),
    "where in Arrow": lambda found: found.pandas(where=compute.field("id") > 0).to_dict("records"),
    "batches": lambda found: [row for batch in found.batches(where="id > 0") for row in map(dict, _rows(batch))],
}


def _rows(batch: pa.RecordBatch) -> Any:
    columns = [to_python(column) for column in batch.columns]
    return (zip(batch.schema.names, values, strict=True) for values in zip(*columns, strict=True))


def bad_texts(*values: bytes | None) -> pa.Array:
    """Returns texts as a file has them whose bytes nobody looked at."""
    stored = pa.array(values, pa.binary())
    return pa.Array.from_buffers(pa.string(), len(values), stored.buffers())


@pytest.fixture
def latin(tmp_path: Path) -> Checkpoint:
    texts = bad_texts(b"M\xfcller", b"ok \\x", None)
    keys = pa.MapArray.from_arrays([0, 1, 1, 2], bad_texts(b"\xff", b"k"), pa.array([1, 2]))
    inner = pa.StructArray.from_arrays(
        [texts, pa.array([1, None, 3])], ["name", "n"], mask=pa.array([False, False, True])
    )
    lists = pa.ListArray.from_arrays([0, 2, 2, 3], bad_texts(b"a\xe9", b"b", b"c"), mask=pa.array([False, True, False]))
    columns = {"id": [1, 2, 3], "name": texts, "keys": keys, "inner": inner, "lists": lists}
    return checkpoint(tmp_path, pa.table(columns))


@pytest.mark.parametrize("call", ROWS.values(), ids=ROWS.keys())
def test_bytes_that_are_no_utf8_are_shown_escaped_and_their_column_is_named(latin: Checkpoint, call: Call) -> None:
    with pytest.warns(UnicodeWarning, match="`name`") as warned:
        first, second, third = call(latin)
    assert first["name"] == r"M\xfcller"
    assert second["name"] == r"ok \x", "what can be read stays as it is"
    assert third["name"] is None or third["name"] != third["name"]
    assert list(first["lists"]) == [r"a\xe9", "b"]
    assert first["inner"] == {"name": r"M\xfcller", "n": 1}
    assert list(first["keys"]) == [(r"\xff", 1)]
    assert (second["lists"], third["inner"], list(third["lists"])) == (None, None, ["c"])
    assert {warning.filename for warning in warned} == {__file__}, "the line that asked for the rows"


@pytest.mark.filterwarnings("ignore::UnicodeWarning")
def test_what_is_shown_can_be_asked_for(latin: Checkpoint) -> None:
    assert latin.sql(r"select upper(name) as name from this where name = 'M\xfcller'")["name"].tolist() == [
        r"M\XFCLLER"
    ]
    assert latin.pandas(where=r"name = 'M\xfcller'")["id"].tolist() == [1]
    assert latin.pandas(where="lower(name) like 'm%'")["id"].tolist() == [1], "a function that DuckDB refuses bad text"
    assert latin.sql("select this.id from this join this as other on reverse(this.name) = reverse(other.name)")[
        "id"
    ].tolist() == [1, 2]
    assert [batch.num_rows for batch in latin.batches(columns=["id"])] == [3]
    assert latin._repr_html_().count(r"M\xfcller") == 2


@pytest.mark.filterwarnings("ignore::UnicodeWarning")
def test_a_profile_has_each_column_also_beside_bad_texts(latin: Checkpoint) -> None:
    found = latin.profile()
    assert [column.nulls for column in found] == [0, 1, 0, 1, 1]
    assert (found["name"].least, found["name"].error) == (r"M\xfcller", "")
    assert json.dumps([top for top, _ in found["name"].top])


FAR = {
    "a day after 9999": (pa.date32(), 2_932_897, "10000-01-01"),
    "a day before year 1": (pa.date32(), -719_163, "0000-12-31"),
    "the last day": (pa.date32(), 2**31 - 1, "5881580-07-11"),
    "the first day": (pa.date32(), -(2**31), "-5877641-06-23"),
    "a moment after 9999": (MICROSECONDS, 253_402_300_800_000_000, "10000-01-01 00:00:00+00:00"),
    "a moment before year 1": (MICROSECONDS, -62_135_596_800_000_001, "0000-12-31 23:59:59.999999+00:00"),
    "the last moment": (MICROSECONDS, 2**63 - 1, "294247-01-10 04:00:54.775807+00:00"),
    "a wall clock's": (pa.timestamp("us"), 253_402_300_800_000_001, "10000-01-01 00:00:00.000001"),
    "in milliseconds": (pa.timestamp("ms"), -(2**63) + 1000, "-292275055-05-16 16:47:05.192"),
}
NEAR = {pa.date32(): date(2024, 2, 29), MICROSECONDS: datetime(2024, 2, 29, 10, tzinfo=UTC)}


@pytest.mark.parametrize(("kind", "number", "text"), FAR.values(), ids=FAR.keys())
def test_a_moment_of_any_year_has_a_text(kind: pa.DataType, number: int, text: str) -> None:
    assert format_moment(number, kind) == text


@pytest.fixture(params=["a day after 9999", "the first day", "a moment before year 1", "the last moment"])
def far(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Checkpoint, str, Any]:
    """A checkpoint with a value beyond Python's calendar, its text, and a value beside it that Python has."""
    kind, number, text = FAR[request.param]
    whole = pa.int32() if pa.types.is_date32(kind) else pa.int64()
    near = pa.array([NEAR[kind]], kind).cast(whole)[0].as_py()
    value = pa.array([number, near, None], whole).cast(kind)
    parts = pa.ListArray.from_arrays([0, 2, 2, 3], value)
    inner = pa.StructArray.from_arrays([value], ["value"])
    table = pa.table({"id": [1, 2, 3], "value": value, "parts": parts, "inner": inner})
    return checkpoint(tmp_path, table), text, NEAR[kind]


@pytest.mark.parametrize("call", ROWS.values(), ids=ROWS.keys())
def test_a_moment_beyond_pythons_calendar_is_a_text(far: tuple[Checkpoint, str, Any], call: Call) -> None:
    found, text, near = far
    first, second, third = call(found)
    assert first["value"] in {text, "infinity"}
    assert second["value"] == near
    assert third["value"] is None
    assert list(first["parts"]) == [text, near]
    assert first["inner"] == {"value": text}
    assert str(first)
    assert text[:10] in found._repr_html_()


@pytest.mark.parametrize("way", ["exact", "estimated"])
def test_a_moment_beyond_pythons_calendar_has_a_profile(
    far: tuple[Checkpoint, str, Any], way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if way == "estimated":
        monkeypatch.setattr(profile, "EXACT_BYTES", -1)
        monkeypatch.setattr(profile, "FEW_VALUES", -1)
    found, text, near = far
    shown = found.profile()
    value = shown["value"]
    assert {value.least, value.greatest} == {text, near}
    assert (value.nulls, value.error) == (1, "")
    assert value.histogram is not None
    assert sum(value.histogram.counts) in {1, 2}, "DuckDB's infinity has no place in it"
    assert text[:10] in repr(shown)
    assert text[:10] in shown._repr_html_()
    assert shown["id"].mean == 2


@pytest.mark.parametrize(
    "last", [datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC), datetime(1, 1, 1, tzinfo=UTC)]
)
def test_the_first_and_the_last_moment_of_python_have_a_profile(tmp_path: Path, last: datetime) -> None:
    at = pa.array([last, datetime(2024, 2, 29, tzinfo=UTC)], MICROSECONDS)
    value = checkpoint(tmp_path, pa.table({"at": at, "alone": pa.array([last, None], MICROSECONDS)})).profile()["at"]
    assert value.histogram is not None
    assert last in {value.histogram.edges[0], value.histogram.edges[-1]}
    assert sum(value.histogram.counts) == 2


def test_duckdbs_infinity_is_called_so(tmp_path: Path) -> None:
    found = checkpoint(tmp_path, pa.table({"id": [1]}))
    rows = found.sql("select 'infinity'::timestamp as a, '-infinity'::timestamptz as b, 'infinity'::date as c")
    assert rows.values.tolist() == [["infinity", "-infinity", "infinity"]]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("time '24:00:00'", "24:00:00"),
        ("interval '1000000000 days'", (0, 1_000_000_000, 0)),
        ("union_value(a := 1)", 1),
        ("['infinity'::date]", ["5881580-07-11"]),
    ],
)
def test_what_a_query_makes_that_python_or_pandas_has_no_type_for_is_shown(
    tmp_path: Path, value: str, shown: object
) -> None:
    rows = checkpoint(tmp_path, pa.table({"id": [1]})).sql(f"select 1 as one, {value} as odd, 'x' as text")
    assert rows.values.tolist() == [[1, shown, "x"]]


def test_a_column_that_cant_be_profiled_costs_the_others_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = profile._Column._ask

    def refuse(self: profile._Column, *given: Any, **known: Any) -> Any:
        if self._name == "b":
            raise ValueError("no \x1b[31mvalue")
        return ask(self, *given, **known)

    monkeypatch.setattr(profile._Column, "_ask", refuse)
    found = checkpoint(tmp_path, pa.table({"a": [1, 2], "b": [1, 2], "c": [1, 2]})).profile()
    assert [column.mean for column in found] == [1.5, None, 1.5]
    assert "not profiled: ValueError: no \\x1b[31mvalue" in repr(found)
    assert "not profiled" in found._repr_html_()


def test_parts_that_may_not_be_null_within_a_struct_that_is(tmp_path: Path) -> None:
    part = pa.field("n", pa.int64(), nullable=False)
    inner = pa.StructArray.from_arrays([pa.array([1, 0])], fields=[part], mask=pa.array([False, True]))
    found = checkpoint(tmp_path, pa.table({"id": [1, 2], "inner": inner}))
    assert found.pandas(where="id > 0")["inner"].tolist() == [{"n": 1}, None]


def test_a_column_without_a_name_is_no_obstacle_to_where(tmp_path: Path) -> None:
    found = checkpoint(tmp_path, pa.table({"id": [1, 2], "": [3, 4], "b": [5, 6]}))
    assert found.pandas(columns=["b", ""], where="id = 2").to_dict("records") == [{"b": 6, "": 4}]


def test_a_variant_is_shown_as_it_is_stored_and_that_is_said(tmp_path: Path) -> None:
    found = checkpoint(tmp_path, pa.table({"id": [1], "any": [{"value": b"\x0c", "metadata": b"\x01"}]}))
    found.manifest.columns["any"] = "variant"
    with pytest.warns(UserWarning, match=r"`any`: shown as it is stored; \.spark\(\) reads it"):
        found.head()
    assert found.head(columns=["id"])["id"].tolist() == [1]
