from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import compute, parquet
from spark_etl import machine, runs
from spark_etl.errors import CheckpointError
from spark_etl.reading import Checkpoint, in_memory
from spark_etl.reading.rows import Rows
from spark_etl.store import DataFile, Manifest
from spark_etl.store.manifest import dump_manifest

from tests.unit.spark_etl.reading.conftest import MakeRun

ID = "20240229T101112Z-bbbbbb"


@pytest.fixture
def orders(make_run: MakeRun) -> Checkpoint:
    make_run(ID)
    return runs[ID]["orders"]


def ids(table: pa.Table) -> list[int]:
    return sorted(table.column("id").to_pylist())


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("id > 3", [4, 5]),
        ("name in ('n1', 'n5') -- and nothing else", [1, 5]),
        ("id between 2 and 4 or name = 'n5'", [2, 3, 4, 5]),
        ("id > 99", []),
        ("id = (select max(id) from this)", [5]),
        ("id not in (from this select max(id)) and id > 3", [4]),
        (compute.field("id") > 3, [4, 5]),
        (None, [1, 2, 3, 4, 5]),
    ],
)
def test_only_rows_that_match_are_given(orders: Checkpoint, where: Any, expected: list[int]) -> None:
    assert ids(orders.arrow(where=where)) == expected
    assert sum(batch.num_rows for batch in orders.batches(where=where)) == len(expected)
    limited = orders.pandas(where=where, limit=1, columns=["name"])
    assert list(limited.columns) == ["name"]
    assert len(limited) == min(1, len(expected))


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("idd > 3", "DuckDB refuses the query"),
        ("id >", "DuckDB refuses the query"),
        ("id = max(id)", "WHERE clause cannot contain aggregates"),
        ("row_number() over () = 1", "WHERE clause cannot contain window functions"),
        (" ", "where= is empty"),
        (3, "where= can't be a int"),
        (compute.field("idd") > 3, "pyarrow refuses"),
    ],
)
def test_a_predicate_that_can_not_be_is_refused(orders: Checkpoint, where: Any, message: str) -> None:
    with pytest.raises(CheckpointError, match=message):
        orders.arrow(where=where)


def test_row_groups_that_can_not_match_are_not_read(orders: Checkpoint) -> None:
    given: list[int] = []
    for batch in orders.batches(where=compute.field("id") == 5):
        given += batch.column("id").to_pylist()
    assert given == [5]
    broken = next(
        file
        for file in sorted(Path(orders.path.removeprefix("file://")).glob("*.parquet"))
        if b"n3" in file.read_bytes()
    )
    content = bytearray(broken.read_bytes())
    content[4:40] = bytes(36)  # the first row group, 1 and 2, can't be decoded any more
    broken.write_bytes(content)
    assert ids(orders.arrow(where=compute.field("id") == 5)) == [5]
    with pytest.raises((CheckpointError, OSError)):
        orders.arrow(where=compute.field("id") == 1)


def test_a_subquery_sees_all_rows_however_few_are_asked_for(orders: Checkpoint) -> None:
    greatest = "id = (select max(id) from this)"
    assert ids(orders.arrow(where=greatest, limit=2)) == [5]
    assert [row for batch in orders.batches(where=greatest) for row in batch.column("id").to_pylist()] == [5]
    assert ids(orders.arrow(where="id < (select max(id) from this)", limit=2)) == [1, 2]
    assert ids(orders.arrow(where="name = '(select' or id = 4", limit=2)) == [4]


READ = """
import sys
from pathlib import Path
import pyarrow
from spark_etl.errors import CheckpointError
from spark_etl.store.manifest import parse_manifest
from spark_etl.reading import Checkpoint, in_memory

folder = sys.argv[1]
large = Checkpoint("file://" + folder, parse_manifest(Path(folder, "_manifest.json").read_bytes(), folder))
in_memory.MAX_BYTES_IN_MEMORY = 20_000_000
assert sum(batch.num_rows for batch in large.batches()) == large.rows
try:
    large.arrow()
except CheckpointError as error:
    assert "more than" in str(error), error
else:
    raise SystemExit("300 MB were pulled")
assert large.profile()["name"].top == (("a" * 300, 500_000), ("b" * 300, 500_000))
print(pyarrow.default_memory_pool().max_memory())
"""


def test_a_row_group_of_few_bytes_may_be_a_lot_of_memory(tmp_path: Path) -> None:
    rows = 1_000_000
    names = pa.DictionaryArray.from_arrays(pa.array([0, 1] * (rows // 2), pa.int8()), ["a" * 300, "b" * 300])
    parquet.write_table(pa.table({"name": names}), tmp_path / "a.parquet", row_group_size=rows, store_schema=False)
    size = (tmp_path / "a.parquet").stat().st_size
    assert size < 1_000_000
    known: dict[str, Any] = {"spark_schema": {}, "code": {}, "inputs": {}, "written": "", "bytes": size}
    files = [DataFile("a.parquet", rows, size)]
    manifest = Manifest("large", "run", columns={"name": "string"}, rows=rows, files=files, **known)
    (tmp_path / "_manifest.json").write_bytes(dump_manifest(manifest))
    read = subprocess.run(
        [sys.executable, "-c", READ, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": ":".join(path for path in sys.path if path)},
    )
    assert read.returncode == 0, read.stderr
    assert int(read.stdout) < 150_000_000


def test_a_stream_that_is_left_waits_for_no_file(orders: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    """The garbage collector may end it within a lock of `threading`: a wait for a thread would be for ever."""
    begin, released = Rows._begin, threading.Event()

    def begin_first_at_once(self: Rows, path: str) -> Any:
        if path != self.paths[0]:
            released.wait(10)
        return begin(self, path)

    monkeypatch.setattr(Rows, "_begin", begin_first_at_once)
    stream = orders.batches()
    next(stream)
    left = time.monotonic()
    stream.close()
    seconds = time.monotonic() - left
    released.set()

    assert seconds < 5


def test_checkpoints_are_joined_by_name(orders: Checkpoint) -> None:
    joined = orders.sql("select count(*) as n from this join others using (id) where others.id > 3", others=orders)
    assert joined["n"][0] == 2
    with pytest.raises(CheckpointError, match="`this` is the checkpoint that is asked"):
        orders.sql("select 1", this=orders)


def test_what_is_more_than_half_of_what_is_free_is_not_pulled(
    orders: Checkpoint, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "meminfo").write_text("MemTotal: 100 kB\nMemAvailable:       1 kB\n")
    monkeypatch.setattr(machine, "MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(in_memory, "MAX_BYTES_IN_MEMORY", 10**9)
    assert in_memory.max_bytes() == 512
    table = pa.table({"id": list(range(1000)), "name": ["n"] * 1000})
    folder = tmp_path / "large"
    folder.mkdir()
    parquet.write_table(table, folder / "a.parquet")
    known: dict[str, Any] = {"spark_schema": {}, "code": {}, "inputs": {}, "written": "", "bytes": 10}
    columns = {"id": "bigint", "name": "string"}
    files = [DataFile("a.parquet", 1000, (folder / "a.parquet").stat().st_size)]
    large = Checkpoint(f"file://{folder}", Manifest("large", "run", columns=columns, rows=1000, files=files, **known))
    for pull in (large.arrow, large.pandas, lambda: large.sql("select * from this")):
        with pytest.raises(CheckpointError, match="of memory; the limit is") as caught:
            pull()
        assert ".batches()" in str(caught.value.hint)
    assert large.arrow(force=True).num_rows == 1000
    assert large.sql("select count(*) as n from this")["n"][0] == 1000
    assert large.arrow(columns=["id"], limit=10).num_rows == 10


def test_names_of_columns_may_have_anything_in_them(tmp_path: Path) -> None:
    names = ["a.b", 'quote"d', "an `apostrophe'", "🦀"]
    parquet.write_table(pa.table({name: [position] for position, name in enumerate(names)}), tmp_path / "a.parquet")
    known: dict[str, Any] = {"spark_schema": {}, "code": {}, "inputs": {}, "written": "", "bytes": 10}
    files = [DataFile("a.parquet", 1, (tmp_path / "a.parquet").stat().st_size)]
    odd = Checkpoint(
        f"file://{tmp_path}", Manifest("odd", "r", columns=dict.fromkeys(names, "bigint"), rows=1, files=files, **known)
    )
    for position, name in enumerate(names):
        assert odd.arrow(columns=[name])[0].to_pylist() == [position]
        assert odd.arrow(columns=[name], where='"a.b" = 0')[0].to_pylist() == [position]
        assert odd.arrow(columns=[name], where=compute.field("🦀") == 3)[0].to_pylist() == [position]
