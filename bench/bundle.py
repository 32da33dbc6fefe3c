"""A run of 1 GB in one file: how fast it is exported, beside a plain copy of the same files, and imported.

python -m bench.bundle            in a folder of this machine's, without a stack
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import parquet
from spark_etl.bundles.export import ExportRequest, export_run, plan_export
from spark_etl.bundles.imports import import_bundle
from spark_etl.reading import Run, Runs
from spark_etl.storage import normalise, storage_for
from spark_etl.store import DataFile, FeatureRecord, Manifest, RunStore, StoredRun

from bench.figures import Figure, report, seconds

FILES, ROWS, COLUMNS, ROUNDS = 8, 1_000_000, 16, 3
IMPORT_SECONDS, SLOWEST = 30, 2


def main() -> int:
    """Measures, prints, and returns 1 when a figure is over its limit."""
    parser = argparse.ArgumentParser(prog="python -m bench.bundle", description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, help="where there are some 4 GB; default: the folder of temporary files")
    with tempfile.TemporaryDirectory(prefix="bench-bundle-", dir=parser.parse_args().folder) as folder:
        return report("bundle", list(bundle(Path(folder))))


def bundle(folder: Path) -> Iterator[Figure]:
    """Measures a run of 1 GB in a folder: the fastest of some rounds, and the import until the first rows are read."""
    run = make_run(folder / "scratch")
    size = sum(run[alias].bytes for alias in run.checkpoints) / 1e9
    raw = min(seconds(partial(copy, folder, number)) for number in range(ROUNDS))
    for number in range(ROUNDS):
        shutil.rmtree(folder / f"copy-{number}")
    took = min(seconds(partial(export, run, folder)) for _ in range(ROUNDS))
    detail = f"{size:.2f} GB, {size / took:.2f} GB/s"
    note = "a plain copy of its files"
    yield Figure("bundle, export of 1 GB", took, "s", limit=SLOWEST * raw, raw=raw, note=note, detail=detail)
    read = seconds(lambda: first_rows(folder))
    yield Figure("bundle, import of 1 GB to the first rows", read, "s", limit=IMPORT_SECONDS, detail=detail[:7])


def make_run(scratch: Path) -> Run:
    """Makes a run whose one checkpoint has 1 GB of numbers that do not compress."""
    run = RunStore(str(scratch)).new_run("bench", "bundle")
    files = [make_file(run, number) for number in range(FILES)]
    rows, size = sum(file.rows for file in files), sum(file.bytes for file in files)
    columns = {f"c{number}": "double" for number in range(COLUMNS)}
    run.write_manifest("orders", Manifest("orders", run.run_id, columns, {}, rows, size, files, {}, {}, ""))
    record = FeatureRecord(checkpoint=True, state="succeeded", rows=rows, bytes=size)
    document = run.new_document(order=["orders"], graph={"orders": []}, features={"orders": record})
    document.status, document.seconds = "succeeded", 1.0
    run.write_document(document)
    return Runs(str(scratch))[run.run_id]


def make_file(run: StoredRun, number: int) -> DataFile:
    """Writes a file of a checkpoint."""
    path = Path(run.checkpoint_path("orders").removeprefix("file://")) / f"part-{number:05}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(number)
    table = pa.table({f"c{column}": random.random(ROWS) for column in range(COLUMNS)})
    parquet.write_table(table, path, use_dictionary=False, write_page_checksum=True)
    found = storage_for(run.root).find(normalise(str(path)))
    if found is None:
        raise RuntimeError(f"{path} is not there")
    return DataFile(path.name, ROWS, found.size, found.etag)


def copy(folder: Path, number: int) -> None:
    """Copies the run's files, as `cp -r` does."""
    shutil.copytree(folder / "scratch", folder / f"copy-{number}")


def export(run: Run, folder: Path) -> None:
    """Writes the bundle; the last one stays."""
    target = folder / "run.bundle"
    target.unlink(missing_ok=True)
    export_run(plan_export(run, ExportRequest(target)))


def first_rows(folder: Path) -> None:
    """Imports the bundle and reads its first rows.

    Raises:
        RuntimeError: There are none.
    """
    run = import_bundle(folder / "run.bundle", str(folder / "there"), by="bench").run
    if run["orders"].head(10).shape != (10, COLUMNS):
        raise RuntimeError("the rows that were imported can't be read")


if __name__ == "__main__":
    raise SystemExit(main())
