"""Runs on disk as the runner leaves them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet
from spark_etl.reading import Checkpoint
from spark_etl.schemas.footers import parquet_schema
from spark_etl.schemas.types import struct_type, to_spark_json
from spark_etl.storage import normalise
from spark_etl.store import DataFile, ErrorRecord, Manifest, Status, StoredRun

from tests.support.runs import run_writer

MakeRun = Callable[..., StoredRun]


def head(order: list[str]) -> dict[str, Any]:
    return {
        "start_date": "2024-02-29",
        "end_date": "2024-02-29",
        "order": order,
        "graph": {alias: [] for alias in order},
    }


def spark_schema(file: Path) -> Any:
    """Returns the schema that Spark would note for a file."""
    return to_spark_json(struct_type(parquet_schema(f"file://{file}")))


def keep(paths: StoredRun, feature: str, tables: list[pa.Table]) -> Manifest:
    """Writes a checkpoint of a file per table."""
    folder = Path(paths.checkpoint_path(feature).removeprefix("file://"))
    folder.mkdir(parents=True)
    files = []
    for number, table in enumerate(tables):
        file = folder / f"part-{number:05}.parquet"
        parquet.write_table(table, file, row_group_size=2)
        files.append(DataFile(file.name, table.num_rows, file.stat().st_size))
    manifest = Manifest(
        feature=feature,
        run_id=paths.run_id,
        columns={"id": "bigint", "name": "string"},
        spark_schema=spark_schema(folder / files[0].name),
        rows=sum(file.rows for file in files),
        bytes=sum(file.bytes for file in files),
        files=files,
        code={},
        inputs={},
        written="2024-02-29T10:11:12Z",
    )
    paths.write_manifest(feature, manifest)
    return manifest


def checkpoint(folder: Path, *tables: pa.Table) -> Checkpoint:
    """Returns a checkpoint of a file per table."""
    files = []
    for number, table in enumerate(tables):
        parquet.write_table(table, folder / f"{number}.parquet", row_group_size=1000)
        files.append(DataFile(f"{number}.parquet", table.num_rows, (folder / f"{number}.parquet").stat().st_size))
    columns = {field.name: "double" if field.type == "double" else str(field.type) for field in tables[0].schema}
    rows = sum(file.rows for file in files)
    schema = spark_schema(folder / files[0].name)
    known: dict[str, Any] = {"spark_schema": schema, "code": {}, "inputs": {}, "written": "", "bytes": 0}
    return Checkpoint(
        f"file://{folder}", Manifest(feature="f", run_id="r", columns=columns, rows=rows, files=files, **known)
    )


@pytest.fixture
def make_run(scratch: Path) -> MakeRun:
    """Makes a run with a checkpoint `orders` of three files (0, 3 and 2 rows), and `net`, which is not kept."""

    def make(
        run_id: str, team: str = "team", pipeline: str = "revenue", status: Status = "succeeded", kept: bool = True
    ) -> StoredRun:
        paths = StoredRun.at(normalise(str(scratch)), team, pipeline, run_id)
        known = {"orders": {"checkpoint": True}, "net": {"checkpoint": False}, "late": {"checkpoint": True}}
        record = run_writer(paths, head(list(known)), known)
        record.feature_started("orders")
        if kept:
            tables = [pa.table({"id": ids, "name": [f"n{i}" for i in ids]}, SCHEMA) for ids in ([], [1, 2, 3], [4, 5])]
            manifest = keep(paths, "orders", tables)
            record.feature_ended("orders", "succeeded", rows=manifest.rows, bytes=manifest.bytes)
        record.store()
        if status != "running":
            record.end(status, ErrorRecord("late broke", feature="late") if status == "failed" else None)
        return paths

    return make


SCHEMA = pa.schema([("id", pa.int64()), ("name", pa.string())])
