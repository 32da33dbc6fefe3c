"""Each value of a snapshot is the one of the file: what would be another is kept as text, or refused."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from spark_etl.errors import ArgumentError

from tests.unit.spark_etl.snapshots.test_convert import Make, make, rows

__all__ = ["make"]

NANOSECONDS = pa.array([1_709_251_199_999_999_999], pa.timestamp("ns"))
LONG = "9" * 39


def csv(*values: str, name: str = "a.csv") -> dict[str, Any]:
    return {name: "x|y\n" + "".join(f"{value}|1\n" for value in values)}


def json(*values: str) -> dict[str, Any]:
    return {"a.json": "".join(f'{{"x": {value}}}\n' for value in values)}


def table(values: pa.Array) -> dict[str, Any]:
    return {"a.parquet": pa.table({"x": values})}


# What is given → the type that is asked for, which does not hold one of the values.
LOST: list[tuple[dict[str, Any], str, dict[str, Any]]] = [
    (json("0.285"), "decimal(30,2)", {}),
    (json("1.7"), "int", {}),
    (json("12345678901234567.891"), "decimal(30,2)", {}),
    (json('"2024-02-29T23:59:59"'), "date", {}),
    (table(pa.array([1.005])), "decimal(12,2)", {}),
    (table(pa.array([Decimal("1.005")], pa.decimal128(10, 3))), "decimal(12,2)", {}),
    (table(pa.array([16_777_217])), "float", {}),
    (table(pa.array([0.123456789])), "float", {}),
    (table(pa.array([2])), "boolean", {}),
    (table(pa.array(["1.7"])), "int", {}),
    (table(pa.array([1], pa.timestamp("us"))), "date", {}),
    (table(NANOSECONDS), "date", {}),
    (csv("1,005"), "decimal(12,2)", {"decimal": ","}),
    (csv("1,7"), "int", {"decimal": ","}),
    (csv("1.234,5"), "decimal(12,2)", {"decimal": ","}),
    (csv("16777217"), "float", {}),
    (csv("12345678901234567.89"), "double", {}),
    (csv("1.0055e2"), "decimal(12,1)", {}),
    (csv("2024-02-29 23:59:59"), "date", {}),
    (csv("infinity"), "date", {}),
    (csv("29.02.2024 23:59"), "date", {"date_format": "%d.%m.%Y %H:%M"}),
    (csv("29.02.2024 23:59 +01"), "timestamp_ntz", {"date_format": "%d.%m.%Y %H:%M %z"}),
    (csv("2024-02-29T23:30:00+02:00", "2024-02-29T23:30:00Z"), "timestamp_ntz", {}),
]


@pytest.mark.parametrize(("given", "kind", "options"), LOST)
def test_a_value_that_a_type_does_not_hold_is_refused(
    make: Make, given: dict[str, Any], kind: str, options: dict[str, Any]
) -> None:
    with pytest.raises(ArgumentError, match=r"of `x`, such as .*, do(es)? not fit "):
        make(given, types=[f"x={kind}"], **options)


# What is given → the type that is asked for, and what the value is then.
HELD: list[tuple[dict[str, Any], str, dict[str, Any], Any]] = [
    (json("12345678901234567.89", "1.5"), "decimal(30,2)", {}, Decimal("12345678901234567.89")),
    ({"a.json": '[{"x": 1e2, "s": "a \\"1.2345678901234567"}]'}, "decimal(12,2)", {}, Decimal(100)),
    (json("true"), "int", {}, 1),
    (table(pa.array([0.1])), "decimal(38,20)", {}, Decimal("0.1")),
    (table(pa.array([0.1])), "float", {}, pytest.approx(0.1)),
    (table(pa.array([1])), "boolean", {}, True),
    (table(NANOSECONDS), "timestamp_ntz", {}, datetime(2024, 2, 29, 23, 59, 59, 999_999)),
    (table(pa.array([-1], pa.timestamp("ns"))), "timestamp_ntz", {}, datetime(1969, 12, 31, 23, 59, 59, 999_999)),
    (csv("1,50"), "decimal(12,2)", {"decimal": ","}, Decimal("1.50")),
    (csv("29.02.2024"), "date", {"date_format": "%d.%m.%Y"}, date(2024, 2, 29)),
    (csv("29.02.2024 9:05"), "timestamp_ntz", {"date_format": "%d.%m.%Y %H:%M"}, datetime(2024, 2, 29, 9, 5)),
    (
        csv("29.2.2024 9:05 +01"),
        "timestamp",
        {"date_format": "%d.%m.%Y %H:%M %z"},
        datetime(2024, 2, 29, 8, 5, tzinfo=UTC),
    ),
    (csv("2024-02-29 00:00:00"), "date", {}, date(2024, 2, 29)),
    (csv("yes"), "boolean", {}, True),
    (csv("1", LONG), "string", {}, "1"),
    (csv("2024-02-29 23:59:59.999999999"), "timestamp_ntz", {}, datetime(2024, 2, 29, 23, 59, 59, 999_999)),
]


@pytest.mark.parametrize(("given", "kind", "options", "value"), HELD)
def test_a_value_that_a_type_holds_is_that_value(
    make: Make, given: dict[str, Any], kind: str, options: dict[str, Any], value: Any
) -> None:
    assert rows(make(given, types=[f"x={kind}"], **options))[0]["x"] == value


TEXTS: list[tuple[dict[str, Any], str]] = [
    (csv("12E4"), "12E4"),
    (csv("0x1F"), "0x1F"),
    (csv("yes", "no"), "yes"),
    (csv("t"), "t"),
    (csv("09:30"), "09:30"),
    (csv("123456789012345678901234567890", "0.5"), "123456789012345678901234567890"),
    (csv("9007199254740993", "0.5"), "9007199254740993"),
    (csv("12345678901234567.89"), "12345678901234567.89"),
    (csv(LONG, "1"), LONG),
    (csv(f"0{LONG}"), f"0{LONG}"),
    (csv("1" * 39), "1" * 39),
    (csv("epoch", "2024-01-01"), "epoch"),
    (json("9007199254740993", "0.5"), "9007199254740993"),
    (json("123456789012345678901234567890"), "123456789012345678901234567890"),
    (json('"550E8400-E29B-41D4-A716-446655440000"'), "550E8400-E29B-41D4-A716-446655440000"),
    (json('"09:30"'), "09:30"),
    ({"a.csv": "x|y\n02/03/2024|1\n", "b.csv": "x|y\n31/12/2024|1\n", "c.csv": "x|y\n12/31/2024|1\n"}, "02/03/2024"),
]


@pytest.mark.parametrize(("given", "text"), TEXTS)
def test_a_text_that_a_guess_would_change_stays_text_and_that_is_said(
    make: Make, given: dict[str, Any], text: str
) -> None:
    made = make(given)
    assert made.columns["x"] == "string"
    assert rows(made)[0]["x"] == text
    assert "x" in made.changes or any(note.startswith("`x` is text: ") for note in made.notes)


def test_a_text_within_a_field_of_json_stays_as_it_is(make: Make) -> None:
    (row,) = rows(make({"a.json": '{"x": {"id": "ABCDEF01-E29B-41D4-A716-446655440000", "at": ["09:30"]}}'}))
    assert row["x"] == {"id": "ABCDEF01-E29B-41D4-A716-446655440000", "at": ["09:30"]}


def test_the_type_that_is_advised_for_a_long_number_holds_it(make: Make) -> None:
    made = make(csv("12345678901234567.89", "0.5"))
    assert any("--type x=decimal(38,2) converts it" in note for note in made.notes)
    made = make(csv("12345678901234567.89", "0.5"), types=["x=decimal(38,2)"])
    assert rows(made)[0]["x"] == Decimal("12345678901234567.89")


@pytest.mark.parametrize("values", [("1" * 39,), ("1" * 39, "0.5"), (LONG, "0.5")])
def test_no_type_is_advised_for_a_number_that_none_holds(make: Make, values: tuple[str, ...]) -> None:
    (note,) = [note for note in make(csv(*values)).notes if note.startswith("`x` is text")]
    assert "--type" not in note


def test_a_column_without_a_name_is_given_a_type_by_the_one_it_gets(make: Make) -> None:
    given = {"a.csv": f"{','.join('123456789012')}\n"}
    made = make(given, header=False, types=["column03=string"])
    assert (made.columns["column02"], made.columns["column03"]) == ("long", "string")
    with pytest.raises(ArgumentError, match=r"there is no such column\. Did you mean `column03`"):
        make(given, header=False, types=["column3=string"])


def test_nanoseconds_of_a_csv_are_refused(make: Make) -> None:
    with pytest.raises(ArgumentError, match="has more digits than Spark keeps") as refused:
        make(csv("2024-02-29 23:59:59.123456789"))
    assert refused.value.hint == "--type x=string keeps all of it, --type x=timestamp_ntz cuts it"


def test_nanoseconds_within_a_field_have_a_way_that_works(make: Make) -> None:
    given = {"a.parquet": pa.table({"x": pa.StructArray.from_arrays([NANOSECONDS], ["at"])})}
    with pytest.raises(ArgumentError, match="has more digits than Spark keeps") as refused:
        make(given)
    assert refused.value.hint == "--type x=string keeps all of it"
    assert "999999999" in rows(make(given, types=["x=string"]))[0]["x"]


def test_days_of_all_files_are_read_in_one_way(make: Make) -> None:
    made = make({"a.csv": "d\n02/03/2024\n", "b.csv": "d\n12/31/2024\n"})
    assert [row["d"] for row in rows(made)] == [date(2024, 2, 3), date(2024, 12, 31)]
    assert "dates are read as %m/%d/%Y: d (--date-format says another)" in made.notes


def test_a_doubtful_column_of_days_is_read_as_a_plain_one_is(make: Make) -> None:
    made = make({"a.csv": "d,x\n12/31/2024,02/03/2024\n"})
    assert rows(made)[0] == {"x": date(2024, 2, 3), "d": date(2024, 12, 31)}


# Times that DuckDB takes for text, in the second column: as CSV → the format that is said.
UNREAD = [
    ("2024/02/29 10:11:12,29/02/2024 10:11:12", "%d/%m/%Y %H:%M:%S"),
    ("x,29.02.2024 10:11", "%d.%m.%Y %H:%M"),
    ("x,2/29/2024 9:05", "%m/%d/%Y %H:%M"),
]


@pytest.mark.parametrize(("line", "written"), UNREAD)
def test_times_that_stay_text_have_a_format_that_reads_them(make: Make, line: str, written: str) -> None:
    given = {"a.csv": f"t,x\n{line}\n{line}\n"}
    made = make(given)
    assert made.columns["x"] == "string"
    assert f"`x` is text: its times may be written as {written} (--date-format '{written}' reads them)" in made.notes
    made = make(given, date_format=written)
    assert rows(made)[1]["x"] == datetime.strptime(line.partition(",")[2], written)
    assert not any("`x`" in note for note in made.notes)
    day = written.partition(" ")[0]
    made = make(given, date_format=day)
    assert rows(made)[0]["x"] == datetime.strptime(line.partition(",")[2], written)
    assert f"times are read as {written}: x (--type x=string keeps them as they are)" in made.notes


@pytest.mark.parametrize("values", [("29.02.2024 10:11", "later"), ("", ""), ("10:11", "10:12"), ("29.02.2024 a", "1")])
def test_what_is_no_time_is_not_taken_for_one(make: Make, values: tuple[str, ...]) -> None:
    for options in ({}, {"date_format": "%d.%m.%Y %H:%M"}):
        made = make(csv(*values), **options)
        assert made.columns["x"] == "string"
        assert not any("times" in note for note in made.notes)


def test_all_rows_are_asked_for_their_times(make: Make) -> None:
    made = make(csv(*["29.02.2024 10:11"] * 1_500, "later"))
    assert not any("times" in note for note in made.notes)
    made = make(csv(*[""] * 1_500, "29.02.2024 10:11"))
    assert any("its times may be written as %d.%m.%Y %H:%M" in note for note in made.notes)


def test_a_format_with_a_time_takes_no_time_away(make: Make) -> None:
    written = "%Y/%m/%d %H:%M:%S"
    made = make(csv("2024/02/03 10:11:12"), date_format=written)
    assert rows(made)[0]["x"] == datetime(2024, 2, 3, 10, 11, 12)
    made = make(csv("2024/02/03 10:11:12"), date_format="%Y/%d/%m %H:%M:%S")
    assert rows(made)[0]["x"] == datetime(2024, 3, 2, 10, 11, 12), "as it is said, not as it could be, too"


@pytest.mark.parametrize(
    ("value", "kind"), [("2024/02/29 10:11:12", "timestamp_ntz"), ("2024/02/29", "date"), ("2024/02/29 soon", "")]
)
def test_times_of_json_that_stay_text_have_a_type_that_reads_them(make: Make, value: str, kind: str) -> None:
    made = make(json(f'"{value}"'))
    assert made.columns["x"] == "string"
    assert list(made.notes) == (
        [f"`x` is text: each of its values may be a {kind} (--type x={kind} reads them)"] if kind else []
    )
    if kind:
        assert make(json(f'"{value}"'), types=[f"x={kind}"]).columns["x"] == kind


def test_many_small_files_of_json_are_read(make: Make) -> None:
    assert make({f"{number}.json": '{"x": 1}' for number in range(40)}).rows == 40


@pytest.mark.parametrize(
    ("values", "decimal", "said", "unsaid"),
    [
        (["1,000", "2,500"], ".", "it seems between thousands; in a feature: cast(replace(`x`, ',', '')", "-"),
        (["1.234,5", "2,5"], ",", "a point between thousands, such as 1.234,5; in a feature", "--decimal"),
        (["1,234,567", "2,500"], ",", "it seems between thousands", "--decimal"),
        (["1,5", "2,25"], ".", "its numbers have a comma (--decimal ,)", "thousands"),
    ],
)
def test_a_comma_between_thousands_is_no_decimal_mark(
    make: Make, values: list[str], decimal: str, said: str, unsaid: str
) -> None:
    (note,) = [note for note in make(csv(*values), decimal=decimal).notes if note.startswith("`x` is text")]
    assert said in note
    assert unsaid == "-" or unsaid not in note


def test_a_date_that_is_none_among_others_is_pointed_at(make: Make) -> None:
    notes = make(csv("2024-02-29", "2024-03-01", "2023-02-29")).notes
    assert any("1 value of 3, such as `2023-02-29`, is no date" in note for note in notes)


@pytest.mark.parametrize(
    ("value", "decimal", "number"),
    [
        ("1.234,5", ",", "replace(replace(`x`, '.', ''), ',', '.')"),
        ("1,234.50", ".", "replace(`x`, ',', '')"),
    ],
)
def test_a_number_with_thousands_that_is_refused_has_a_way_out(
    make: Make, value: str, decimal: str, number: str
) -> None:
    with pytest.raises(ArgumentError, match="does not fit decimal") as refused:
        make(csv(value), decimal=decimal, types=["x=decimal(12,2)"])
    assert refused.value.hint == f"--type x=string, and in a feature: cast({number} as decimal(12,2))"


def test_a_third_decimal_is_no_thousand(make: Make) -> None:
    with pytest.raises(ArgumentError, match="does not fit decimal") as refused:
        make(csv("1,005"), decimal=",", types=["x=decimal(12,2)"])
    assert refused.value.hint == "give another type"


@pytest.mark.parametrize(("usual", "last"), [("02/03/2024", "12/31/2024"), ("1.5", "12E4")])
def test_all_rows_of_all_files_are_asked(make: Make, usual: str, last: str) -> None:
    given = {"a.csv": "x\n" + f"{usual}\n" * 1_500, "b.csv": f"x\n{last}\n", "c.csv": "x\n31/12/2024\n"}
    if usual == "1.5":
        given.pop("c.csv")
    assert make(given).columns == {"x": "string"}
