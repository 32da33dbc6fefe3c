"""Which rows are the same, which are not, and what is shown of those."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest
from spark_etl.compare import RowDiff, compare_rows
from spark_etl.compare.frames import multisets
from spark_etl.compare.frames import rows as rows_module
from spark_etl.compare.frames.rows import has_same_files
from spark_etl.errors import CheckpointError, DamagedFileError
from spark_etl.reading import Checkpoint, guard, part_files
from spark_etl.storage.base import StoredObject

from tests.unit.spark_etl.compare.frames.conftest import MakeFrame
from tests.unit.spark_etl.reading.conftest import checkpoint
from tests.unit.spark_etl.reading.test_odd_values import bad_texts

NOON = datetime(2024, 2, 29, 12)
PAIR = pa.struct([("a", pa.int64()), ("A", pa.string())])
MAP = pa.map_(pa.string(), pa.int64())


def twice_in_a_map(*values: int) -> pa.Array:
    return pa.MapArray.from_arrays([0, 2], ["k", "k"], list(values)).cast(MAP)


def column(values: list[Any], kind: pa.DataType) -> pa.Array:
    return pa.array(values, kind)


EQUAL: dict[str, tuple[Any, Any]] = {
    "whole numbers of two sizes": (column([1, -1, None], pa.int8()), column([1, -1, None], pa.int64())),
    "unsigned ones": (column([2**64 - 1], pa.uint64()), column([Decimal(2**64 - 1)], pa.decimal128(20, 0))),
    "a whole number and a decimal": (column([5], pa.int32()), column([Decimal("5.00")], pa.decimal128(12, 2))),
    "decimals of other scale": (
        column([Decimal("-1.50"), None], pa.decimal128(10, 2)),
        column([Decimal("-1.5"), None], pa.decimal128(20, 1)),
    ),
    "decimals that no third one holds": (
        column([Decimal("-100"), Decimal("0.5")], pa.decimal128(38, 1)),
        column([Decimal("-100"), Decimal("0.5")], pa.decimal128(38, 30)),
    ),
    "a float and a double": (column([0.5, -0.0], pa.float32()), column([0.5, 0.0], pa.float64())),
    "instants in two units and zones": (
        column([NOON], pa.timestamp("ms")),
        column([NOON.replace(tzinfo=UTC)], pa.timestamp("us", "Europe/Berlin")),
    ),
    "moments that DuckDB takes for infinity": (
        column([2**63 - 1, 1], pa.int64()).cast(pa.timestamp("us")),
        column([2**63 - 1, 1], pa.int64()).cast(pa.timestamp("us", "UTC")),
    ),
    "texts and their bytes": (column(["ä"], pa.string()), column(["ä".encode()], pa.binary())),
    "texts by a dictionary": (column(["a", None], pa.string()).dictionary_encode(), column(["a", None], pa.string())),
    "fields of a struct in another order": (
        column([{"a": 1, "b": 2}, None], pa.struct([("a", pa.int64()), ("b", pa.int64())])),
        column([{"a": 1, "b": 2}, None], pa.struct([("b", pa.int64()), ("a", pa.int64())])),
    ),
    "no value of any type": (column([None], pa.null()), column([None], pa.list_(pa.int64()))),
}


@pytest.mark.parametrize(("one", "other"), EQUAL.values(), ids=EQUAL.keys())
def test_values_are_equal_whatever_their_types(frame: MakeFrame, one: Any, other: Any) -> None:
    found = compare_rows(frame(pa.table({"v": one})), frame(pa.table({"v": other})))
    assert (found.only_a, found.only_b, found.same_rows, found.not_compared) == (0, 0, True, {})
    assert list(found.schema.changed) == ["v"]
    assert not found.same, "the types differ"


def test_maps_are_equal_whatever_the_order_of_their_entries(frame: MakeFrame) -> None:
    one = frame(pa.table({"v": column([[("a", 1), ("b", 2)]], MAP)}))
    assert compare_rows(one, frame(pa.table({"v": column([[("b", 2), ("a", 1)]], MAP)}))).same


OTHER: dict[str, tuple[Any, Any, pa.DataType]] = {
    "no list and no value": ([], None, pa.list_(pa.int64())),
    "a list of nothing": ([None], [], pa.list_(pa.int64())),
    "lists in lists": ([[1], [2]], [[1, 2]], pa.list_(pa.list_(pa.int64()))),
    "zeros in a list": ([0], [0, 0], pa.list_(pa.int64())),
    "the order in a list": ([1, 2], [2, 1], pa.list_(pa.int64())),
    "no struct and one of nothing": (None, {"a": None, "A": None}, PAIR),
    "fields that only case tells apart": ({"a": 1, "A": "x"}, {"a": 1, "A": "y"}, PAIR),
    "whose value is whose in a map": ([("a", 1), ("b", 2)], [("a", 2), ("b", 1)], MAP),
    "a map without entries": ([], None, MAP),
    "an element in a struct in a list": ([{"a": 1}], [{"a": None}], pa.list_(pa.struct([("a", pa.int64())]))),
    "an empty text": ("", None, pa.string()),
    "NaN": (float("nan"), None, pa.float64()),
    "the last digit of a decimal": (Decimal("0." + "1" * 38), Decimal("0." + "1" * 37 + "2"), pa.decimal128(38, 38)),
    "a microsecond": (NOON, NOON + timedelta(microseconds=1), pa.timestamp("us", "UTC")),
    "a day": (date(2024, 2, 28), date(2024, 2, 29), pa.date32()),
    "a time": (time(10, 0), time(10, 1), pa.time64("us")),
    "a duration": (timedelta(days=1), timedelta(days=-1), pa.duration("us")),
    "a bit": (b"\x00", b"\x01", pa.binary()),
    "true": (True, False, pa.bool_()),
}


@pytest.mark.parametrize(("one", "other", "kind"), OTHER.values(), ids=OTHER.keys())
def test_values_differ(frame: MakeFrame, one: Any, other: Any, kind: pa.DataType) -> None:
    a, b = (frame(pa.table({"v": column([value, one], kind)})) for value in (one, other))
    found = compare_rows(a, b)
    assert (found.same, found.only_a, found.only_b) == (False, 1, 1)
    assert found.samples_a[0].values != found.samples_b[0].values
    assert json.dumps(found.to_dict(), allow_nan=False)
    assert compare_rows(a, a).same


def test_texts_are_compared_by_their_bytes(frame: MakeFrame) -> None:
    latin, escaped = bad_texts(b"M\xfcller"), column([r"M\xfcller"], pa.string())
    assert compare_rows(frame(pa.table({"v": latin})), frame(pa.table({"v": escaped}))).only_a == 1


def test_a_map_with_a_key_twice(frame: MakeFrame) -> None:
    one, same, other = (frame(pa.table({"v": twice_in_a_map(*values)})) for values in ((1, 2), (2, 1), (1, 3)))
    assert compare_rows(one, same).same
    assert compare_rows(one, other).only_a == 1


NAMES = [["a.b", 'a"b', "a b"], ["x", "X", ""], ["select", "k1", "{others}"], ["c1", "c0", "c"]]


@pytest.mark.parametrize("names", NAMES)
def test_columns_of_any_name(frame: MakeFrame, names: list[str]) -> None:
    one = {name: [place, 7] for place, name in enumerate(names)}
    other = {name: [place, 7 + (place == 0)] for place, name in enumerate(names)}
    a, b = frame(pa.table(one)), frame(pa.table(dict(reversed(other.items()))))
    found = compare_rows(a, b)
    assert (found.changed, found.keys, found.pairs[0].columns) == (1, (names[1],), (names[0],))
    assert found.pairs[0].a.values == dict.fromkeys(names, 7)


def test_a_thousand_columns(frame: MakeFrame) -> None:
    wide = {f"c{number}": [number, None] for number in range(1000)}
    a, b = frame(pa.table(wide)), frame(pa.table({**wide, "c999": [0, None]}))
    found = compare_rows(a, b)
    assert (found.changed, found.pairs[0].columns, len(found.columns)) == (1, ("c999",), 1000)
    assert len(max(str(found).splitlines(), key=len)) < 200


def test_frames_without_rows_files_or_common_columns(frame: MakeFrame) -> None:
    empty, two = frame(pa.table({"v": column([], pa.int64())})), frame(pa.table({"v": [1, 1]}))
    none = Checkpoint("file:///nowhere", replace(empty.manifest, files=[]))
    others = frame(pa.table({"w": ["x"]}))
    assert compare_rows(empty, frame(pa.table({"v": column([], pa.int64())}))).same
    assert compare_rows(empty, none).same
    assert compare_rows(none, none).same
    for less in (empty, none):
        found = compare_rows(less, two)
        assert (found.only_a, found.only_b, found.samples_b[0].times) == (0, 2, 2)
    found = compare_rows(two, others)
    assert (found.only_a, found.only_b, found.columns, found.same) == (1, 0, (), False)


def test_rows_are_compared_on_the_columns_of_both(frame: MakeFrame) -> None:
    a = frame(pa.table({"id": [1, 2], "old": [1, 2], "kind": [1, 2]}))
    b = frame(pa.table({"id": [1, 3], "new": [1, 2], "kind": ["1", "2"]}))
    found = compare_rows(a, b)
    assert (list(found.schema.only_a), list(found.schema.only_b)) == (["old"], ["new"])
    assert (found.columns, found.only_a, found.only_b, list(found.not_compared)) == (("id",), 1, 1, ["kind"])
    assert "`kind` is not compared: int64 in A, string in B" in str(found)
    same = compare_rows(a, frame(pa.table({"kind": ["1", "2"], "id": [2, 1]})))
    assert (same.only_a, same.same_rows, same.same) == (0, False, False)


def test_a_type_that_can_not_be_compared_is_named(frame: MakeFrame) -> None:
    kind = pa.decimal256(50, 2)
    a, b = (frame(pa.table({"id": [1], "huge": column([Decimal(value)], kind)})) for value in (1, 2))
    with pytest.raises(CheckpointError, match=r"`huge` can't be compared.*decimal256"):
        compare_rows(a, b)


def test_files_of_a_frame_may_have_types_that_differ(frame: MakeFrame) -> None:
    small = [pa.table({"v": column(values, pa.int32())}) for values in ([1, 2], [3])]
    mixed = frame(small[0], pa.table({"v": [3]}))
    assert compare_rows(frame(*small), mixed).same_rows
    with pytest.raises(CheckpointError, match="2147483648"):
        compare_rows(frame(*small), frame(small[0], pa.table({"v": [2**31]})))


def test_a_variant_is_said_to_be_compared_as_it_is_stored(frame: MakeFrame) -> None:
    kind = pa.struct([("value", pa.binary()), ("metadata", pa.binary())])
    sides = [frame(pa.table({"v": column([{"value": value, "metadata": b""}], kind)})) for value in (b"1", b"2")]
    a, b = (Checkpoint(side.path, replace(side.manifest, columns={"v": "variant"})) for side in sides)
    assert "VARIANT `v`" in str(compare_rows(a, b))


def test_the_same_files_are_not_read(frame: MakeFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    one, copy = frame(pa.table({"v": [1, 2]})), frame(pa.table({"v": [1, 2]}))
    monkeypatch.setattr(rows_module, "database", None)
    assert compare_rows(one, one).same
    assert compare_rows(one, copy).same
    assert compare_rows(one, copy).rows_a == 2


def test_a_damaged_file_is_named(frame: MakeFrame) -> None:
    one, other = frame(pa.table({"v": [1, 2]})), frame(pa.table({"v": [1, 3]}))
    Path(other.path.removeprefix("file://"), "0.parquet").write_bytes(b"")
    with pytest.raises(DamagedFileError, match=r"0\.parquet"):
        compare_rows(one, other)


@pytest.fixture
def orders(frame: MakeFrame) -> RowDiff:
    """Orders of which one has changed, one was dropped, and one is there three times more."""
    names = ["long text, the same for all, " * 3 + str(number) for number in range(9)]
    a = {"id": list(range(9)), "name": names, "amount": [Decimal(number) for number in range(9)]}
    b = pa.table({**a, "amount": [Decimal(number + (number == 4)) for number in range(9)]})
    return compare_rows(frame(pa.table(a)), frame(b.slice(1), *[b.slice(8)] * 3))


def test_what_is_shown(orders: RowDiff) -> None:
    name = "long text, the same for all, long text,…"
    assert str(orders) == "\n".join(
        [
            "A: `f` of run r, 9 rows. B: `f` of run r, 11 rows.",
            "The rows differ: 2 only in A, 4 only in B.",
            "Rows that are the same in most columns:",
            f"  id=4, name={name}: amount A 4, B 5",
            "Rows only in A:",
            f"  id=0, name={name}, amount=0",
            "Rows only in B:",
            f"  (3 times) id=8, name={name}, amount=8",
        ]
    )


def test_what_is_shown_obeys_no_one(frame: MakeFrame) -> None:
    name = "\x1b]52;c;x\x07"
    found = compare_rows(frame(pa.table({name: ["\x1b[2J\u202e\n"]})), frame(pa.table({name: ["y"]})))
    assert not {"\x1b", "\x07", "\u202e"} & set(str(found))
    assert found.samples_a[0].values == {name: "\x1b[2J\u202e\n"}


def test_long_texts_are_shown_where_they_differ(frame: MakeFrame) -> None:
    sides = [frame(pa.table({"id": [1], "text": ["x" * 500 + end]})) for end in ("one", "two")]
    assert "text A …xxxxxxxxxxone, B …xxxxxxxxxxtwo" in str(compare_rows(*sides))


def test_a_row_that_changed_within_its_bucket(frame: MakeFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multisets, "BUCKETS", 1)
    a, b = (frame(pa.table({"v": [1, 2, value]})) for value in (3, 4))
    assert (compare_rows(a, b).only_a, compare_rows(b, a).only_b) == (1, 1)


@pytest.mark.parametrize("kept", [0, 100_000])
def test_rows_that_all_differ(frame: MakeFrame, kept: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multisets, "MOST_KEPT", kept)
    a, b = (frame(pa.table({"v": range(start, start + 10_000)})) for start in (0, 9_999))
    found = compare_rows(a, b, samples=3)
    assert (found.only_a, found.only_b) == (9_999, 9_999)
    assert [row.values["v"] for row in (*found.samples_a, *found.samples_b)] == [0, 1, 2, 10_000, 10_001, 10_002]


def test_a_row_that_is_there_very_often_hides_no_other(frame: MakeFrame) -> None:
    found = compare_rows(frame(pa.table({"v": [1] * 300 + [2]})), frame(pa.table({"v": [1]})))
    assert [(row.values["v"], row.times) for row in found.samples_a] == [(1, 299), (2, 1)]


@pytest.fixture
def in_s3(frame: MakeFrame, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Checkpoint]:
    """Makes a checkpoint of one file in S3 with the ETag that its manifest has, and the one that the store has."""
    objects: dict[str, StoredObject] = {}
    store = SimpleNamespace(walk=lambda folder: [one for path, one in objects.items() if path.startswith(folder)])
    monkeypatch.setattr(part_files, "storage_for", lambda *_: store)
    monkeypatch.setattr(guard, "footer_problem", lambda *_: None)

    def make(etag: str | None, stored: str | None = None) -> Checkpoint:
        side = frame(pa.table({"v": [1]}))
        path = f"s3a://scratch/{len(objects)}"
        (file,) = side.manifest.files
        objects[f"{path}/{file.name}"] = StoredObject(f"{path}/{file.name}", file.bytes, stored or etag)
        return Checkpoint(path, replace(side.manifest, files=[replace(file, etag=etag)]))

    return make


def test_objects_with_the_same_etags_are_the_same_files(in_s3: Callable[..., Checkpoint]) -> None:
    assert has_same_files(in_s3("a" * 32), in_s3("a" * 32))
    assert not has_same_files(in_s3("a" * 32), in_s3("b" * 32))
    assert not has_same_files(in_s3(None), in_s3(None)), "nothing is known of their content"
    with pytest.warns(UserWarning, match="written again"):
        assert not has_same_files(in_s3("a" * 32), in_s3("a" * 32, stored="b" * 32)), "replaced after the run"


def test_columns_in_the_names_of_folders(tmp_path: Path) -> None:
    """Adopted files: their bytes are the same, and their days are not."""
    sides = []
    for name, days in (("a", ("2024-01-01", "2024-01-02")), ("b", ("2024-01-01", "2024-01-03"))):
        folder = tmp_path / name
        files = []
        for day in days:
            part = folder / f"_dt={day}"
            part.mkdir(parents=True)
            table = pa.table({"id": [1, 2]})
            made = checkpoint(part, table).manifest.files[0]
            files.append(replace(made, name=f"_dt={day}/{made.name}"))
        known = checkpoint(tmp_path / name, pa.table({"id": [1]})).manifest
        columns = {"id": "bigint", "_dt": "date"}
        adopted = {"data_folder": f"file://{folder}", "partitions": {"_dt": "date"}, "columns": columns, "rows": 4}
        sides.append(Checkpoint(f"file://{folder}", replace(known, files=files, **adopted)))
    found = compare_rows(*sides, keys=["id", "_dt"])
    assert (found.only_a, found.only_b, found.same) == (2, 2, False)
    assert [row.values["_dt"] for row in (*found.samples_a, *found.samples_b)] == ["2024-01-02"] * 2 + [
        "2024-01-03"
    ] * 2
    assert compare_rows(sides[0], sides[0]).same
