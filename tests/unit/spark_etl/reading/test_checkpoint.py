from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from spark_etl import runs
from spark_etl.errors import CheckpointError
from spark_etl.reading import Checkpoint, in_memory

from tests.unit.spark_etl.reading.conftest import MakeRun

ID = "20240229T101112Z-bbbbbb"


@pytest.fixture
def orders(make_run: MakeRun) -> Checkpoint:
    make_run(ID)
    return runs[ID]["orders"]


def test_rows_schema_and_size_come_from_the_manifest(orders: Checkpoint) -> None:
    assert orders.rows == len(orders) == 5
    assert orders.schema == {"id": "bigint", "name": "string"}
    assert repr(orders).startswith(f"orders of run {ID}: 5 rows, ")


@pytest.mark.parametrize(("n", "ids"), [(1, [1]), (2, [1, 2]), (4, [1, 2, 3, 4]), (9, [1, 2, 3, 4, 5]), (0, [])])
def test_head_reads_across_files_and_no_further(orders: Checkpoint, n: int, ids: list[int]) -> None:
    frame = orders.head(n)
    assert list(frame["id"]) == ids
    assert list(frame.columns) == ["id", "name"]


def test_columns_are_chosen_and_ordered(orders: Checkpoint) -> None:
    assert list(orders.pandas(columns=["name"]).columns) == ["name"]
    assert orders.arrow(columns=["name", "id"], limit=2).column_names == ["name", "id"]
    with pytest.raises(CheckpointError, match=r"no column `nam`\. Did you mean `name`\?"):
        orders.head(columns=["nam"])


def test_all_rows_come_as_arrow(orders: Checkpoint) -> None:
    assert sorted(orders.arrow()["id"].to_pylist()) == [1, 2, 3, 4, 5]


def test_sql_runs_over_the_checkpoint(orders: Checkpoint) -> None:
    assert orders.sql("select sum(id) as total from this where name <> 'n1'")["total"][0] == 14
    with pytest.raises(CheckpointError, match="DuckDB refuses the query") as caught:
        orders.sql("select nothing from this")
    assert caught.value.hint == "columns: id, name"


def test_what_needs_more_memory_than_the_limit_is_not_read(orders: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_memory, "MAX_BYTES_IN_MEMORY", 1)
    with pytest.raises(CheckpointError, match=r"`orders` would need more than .* of memory; the limit is") as caught:
        orders.pandas()
    assert "limit=" in str(caught.value.hint)
    assert len(orders.pandas(force=True)) == 5


def test_what_lies_beside_its_files_does_not_belong_to_it(orders: Checkpoint) -> None:
    folder = Path(orders.path.removeprefix("file://"))
    (folder / "part-99999.parquet").write_bytes((folder / "part-00001.parquet").read_bytes())
    assert orders.arrow().num_rows == 5


def test_it_shows_its_first_rows_in_a_notebook(orders: Checkpoint) -> None:
    assert "<td>n1</td>" in orders._repr_html_()


def test_runs_are_shown_without_pyarrow_and_rows_say_what_is_missing(make_run: MakeRun, scratch: Path) -> None:
    make_run(ID)
    code = f"""
import sys
sys.modules.update(dict.fromkeys(["pyarrow", "pyspark", "pandas", "duckdb"]))
from spark_etl import runs
print(runs.latest())
try:
    runs["{ID}"]["orders"].head()
except Exception as error:
    print(error, error.hint)
"""
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment(scratch)
    )
    assert "team/revenue" in shown.stdout
    assert "pyarrow, which is not installed here pip install pyarrow" in shown.stdout


def environment(scratch: Path) -> dict[str, str]:
    return {"SANDBOX_SCRATCH": str(scratch), "PYTHONPATH": ":".join(path for path in sys.path if path)}
