"""Puts a feature's DataFrame where others read it.

New files are committed beside the old ones, which are deleted only then: a run that fails leaves what was published
before as it was. Between the two moments, milliseconds as a rule, a reader sees both: S3 knows no rename.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spark_etl.manifest import DataFile
from spark_etl.runner.checkpoint import count_files
from spark_etl.runner.frames import check_writable
from spark_etl.runner.plan import Output, refuse_existing
from spark_etl.storage import Storage, StoredObject, relative_to, storage_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyspark.sql import DataFrame


def publish(frame: DataFrame, output: Output) -> list[DataFile]:
    """Writes one output and returns its files.

    Raises:
        PublishRefusedError: Something has been put there since the run began, and `overwrite` is not set.
    """
    refuse_existing([output])
    check_writable(output.feature, frame)
    store = storage_for(output.path)
    before = {(item.path, item.etag) for item in _committed(store, output.path)}
    frame.write.mode("append").parquet(output.path)
    after = list(_committed(store, output.path))
    store.delete(item.path for item in after if (item.path, item.etag) in before)
    return count_files(output.path, (item for item in after if (item.path, item.etag) not in before))


def _committed(store: Storage, path: str) -> Iterator[StoredObject]:
    """Yields what lies there, without what some run is still writing: it is in a folder that Spark takes for hidden."""
    for item in store.walk(path):
        folders = relative_to(item.path, path).split("/")[:-1]
        if not any(folder.startswith(("_", ".")) and "=" not in folder for folder in folders):
            yield item
