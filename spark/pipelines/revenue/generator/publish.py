"""Puts snapshots where published data lies: `<base>/<schema id>/_dt=YYYY-MM-DD/part-*.parquet`, `_SUCCESS` last."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs

DONE = "_SUCCESS"


class Publisher:
    """A place for published data: `s3a://bucket/…`, or a folder.

    Args:
        base: Where. S3 is reached as AWS_ENDPOINT_URL_S3 and the other AWS_* variables say.
    """

    def __init__(self, base: str) -> None:
        self._store, self._root = _open(base)

    def has(self, schema: str, day: date) -> bool:
        """Returns whether the whole snapshot is there."""
        return bool(self._store.get_file_info(f"{self._folder(schema, day)}/{DONE}").type == fs.FileType.File)

    def put(self, schema: str, day: date, tables: Iterable[pa.Table]) -> int:
        """Writes a snapshot in place of what may be there, and returns its number of rows."""
        folder, rows = self._folder(schema, day), 0
        if self._store.get_file_info(folder).type == fs.FileType.Directory:
            self._store.delete_dir_contents(folder, missing_dir_ok=True)
        if isinstance(self._store, fs.LocalFileSystem):
            self._store.create_dir(folder)
        for number, table in enumerate(tables):
            pq.write_table(table, f"{folder}/part-{number:05d}.parquet", filesystem=self._store)
            rows += table.num_rows
        with self._store.open_output_stream(f"{folder}/{DONE}"):
            pass
        return rows

    def _folder(self, schema: str, day: date) -> str:
        return f"{self._root}/{schema}/_dt={day.isoformat()}"


def _open(base: str) -> tuple[fs.FileSystem, str]:
    scheme, separator, rest = base.partition("://")
    if not separator:
        return fs.LocalFileSystem(), os.path.abspath(base)  # noqa: PTH100 - a text for pyarrow
    if scheme not in {"s3", "s3a"}:
        raise ValueError(f"--to {base}: neither s3a://… nor a folder")
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    region = os.environ.get("AWS_REGION") or "us-east-1"
    return fs.S3FileSystem(endpoint_override=endpoint, region=region), rest.rstrip("/")
