"""Writes a feature's DataFrame and reads it back, so that what is inspected is what the next feature consumed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from spark_etl.errors import RunFailedError
from spark_etl.parquet import FOOTER_THREADS, open_parquet
from spark_etl.reading.spark_frame import as_frame
from spark_etl.runner.frames import check_writable
from spark_etl.storage import StoredObject, join, relative_to, storage_for
from spark_etl.store import DataFile, Manifest, StoredRun, now

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


def write_checkpoint(
    spark: SparkSession,
    frame: DataFrame,
    feature: str,
    run: StoredRun,
    *,
    code: Mapping[str, Any],
    inputs: Mapping[str, Any],
    cache_key: Mapping[str, Any] | None = None,
    after_failure: bool = False,
    ordered: bool = False,
    unique: Iterable[Sequence[str]] = (),
) -> tuple[DataFrame, Manifest]:
    """Keeps a DataFrame as Parquet with a manifest, which is written last; one that is `ordered` is read back so.

    Returns:
        The DataFrame as read back from those files, its lineage cut there, and the manifest.

    Raises:
        RunFailedError: Executors have written to a folder that this process doesn't see.
    """
    folder = run.checkpoint_path(feature)
    check_writable(feature, frame)
    frame.write.parquet(folder)
    files = count_files(folder, storage_for(folder).walk(folder))
    if not files:
        _refuse_lost(feature, frame, folder)
    manifest = Manifest(
        feature=feature,
        run_id=run.run_id,
        columns={field.name: field.dataType.simpleString() for field in frame.schema.fields},
        spark_schema=frame.schema.jsonValue(),
        rows=sum(file.rows for file in files),
        bytes=sum(file.bytes for file in files),
        files=files,
        code=dict(code),
        inputs=dict(inputs),
        written=now(),
        cache_key=dict(cache_key or {}),
        after_failure=after_failure,
        ordered=ordered,
        unique=[list(key) for key in unique],
    )
    run.write_manifest(feature, manifest)
    return as_frame(manifest, folder, [join(folder, file.name) for file in files], spark), manifest


def _refuse_lost(feature: str, frame: DataFrame, folder: str) -> None:
    """Refuses a checkpoint without a file of a frame with rows: without rows, there may be no file."""
    if frame.take(1):
        raise RunFailedError(
            f"`{feature}` was written, but {folder} has no file of it: executors write to their own local disks",
            hint="give `--scratch-path s3a://…`, or a folder that all machines share",
        )


def count_files(folder: str, objects: Iterable[StoredObject]) -> list[DataFile]:
    """Returns the Parquet files of a listing with their rows, read from the footers: the data is not touched again."""
    parquet = [item for item in objects if item.path.endswith(".parquet")]

    def counted(item: StoredObject) -> DataFile:
        return DataFile(relative_to(item.path, folder), _rows(item), item.size, item.etag)

    with ThreadPoolExecutor(FOOTER_THREADS) as pool:
        return list(pool.map(counted, parquet))


def _rows(item: StoredObject) -> int:
    with open_parquet(item.path) as file:
        return int(file.metadata.num_rows)
