"""Opens Parquet with pyarrow: footers for the runner, rows for the reading API."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any

from spark_etl.errors import CheckpointError
from spark_etl.folder_columns import FolderColumns
from spark_etl.storage import S3Settings, is_s3, split_s3
from spark_etl.storage.credentials import with_current_keys
from spark_etl.storage.paths import local_path

PAGE_BUFFER = 1 << 20
FOOTER_THREADS = 16


def need_pyarrow() -> None:
    """Refuses to go on without pyarrow.

    Raises:
        CheckpointError: It is not installed here.
    """
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        raise CheckpointError(
            "the rows of a checkpoint are read with pyarrow, which is not installed here",
            hint="pip install pyarrow, or open the checkpoint in a notebook of the sandbox",
        ) from None


def filesystem_for(path: str, settings: S3Settings | None = None) -> tuple[Any, str]:
    """Returns pyarrow's file system for a normalised path, and the path as that file system knows it."""
    need_pyarrow()
    from pyarrow import fs

    if not is_s3(path):
        return fs.LocalFileSystem(), _inner(path)
    return s3_filesystem(with_current_keys(settings or S3Settings.from_env())), _inner(path)


def _inner(path: str) -> str:
    return "/".join(split_s3(path)) if is_s3(path) else str(local_path(path))


@lru_cache(maxsize=8)
def s3_filesystem(settings: S3Settings) -> Any:
    """Returns pyarrow's S3 with the same settings that objects are listed with."""
    from pyarrow import fs

    keys = {
        "access_key": settings.access_key,
        "secret_key": settings.secret_key,
        "session_token": settings.session_token,
    }
    options: dict[str, Any] = {name: value for name, value in keys.items() if value}
    ca_bundle = os.environ.get("AWS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE")
    if ca_bundle:
        options["tls_ca_file_path"] = ca_bundle
    return fs.S3FileSystem(
        **options,
        region=settings.region,
        endpoint_override=settings.host if settings.endpoint else None,
        scheme="https" if settings.secure else "http",
        connect_timeout=5,
        request_timeout=60,
    )


def open_parquet(path: str, settings: S3Settings | None = None) -> Any:
    """Returns a `pyarrow.parquet.ParquetFile`, its footer read and nothing else; its rows come as a stream of pages."""
    filesystem, inner = filesystem_for(path, settings)
    from pyarrow import parquet

    return parquet.ParquetFile(
        inner,
        filesystem=filesystem,
        pre_buffer=False,
        buffer_size=PAGE_BUFFER,
        coerce_int96_timestamp_unit="us",
        page_checksum_verification=True,  # an eighth more time; else a bit flips unseen
    )


def file_ends(path: str, *, first: int = 64, last: int = 8, settings: S3Settings | None = None) -> tuple[bytes, bytes]:
    """Returns the first and the last bytes of a file."""
    filesystem, inner = filesystem_for(path, settings)
    with filesystem.open_input_file(inner) as file:
        size = file.size()
        return file.read_at(min(first, size), 0), file.read_at(min(last, size), max(size - last, 0))


def open_dataset(paths: Sequence[str], settings: S3Settings | None = None, folders: FolderColumns | None = None) -> Any:
    """Returns the files of one frame as a `pyarrow.dataset.Dataset`.

    Args:
        paths: The files.
        settings: How to reach S3; from the environment if not given.
        folders: The columns of their folders; None for files that one run of ours has written.
    """
    need_pyarrow()
    from pyarrow import dataset

    options: dict[str, Any] = {"coerce_int96_timestamp_unit": "us"}
    scan = dataset.ParquetFragmentScanOptions(page_checksum_verification=True)
    kind = dataset.ParquetFileFormat(
        read_options=dataset.ParquetReadOptions(**options), default_fragment_scan_options=scan
    )
    filesystem, _ = filesystem_for(paths[0], settings)
    files = [_inner(path) for path in paths]
    if folders is None:
        return dataset.dataset(files, filesystem=filesystem, format=kind)
    schema = folders.schema(kind.inspect(files[0], filesystem))
    values = [folders.expression(path) for path in paths]
    return dataset.FileSystemDataset.from_paths(files, schema, kind, filesystem, partitions=values)


def sizes_in_memory(paths: Sequence[str], columns: Sequence[str], settings: S3Settings | None = None) -> dict[str, int]:
    """Returns column → about how many bytes it takes as Arrow, from the footers: uncompressed, and decoded as far as
    the footers say. A column of texts that repeat may take hundreds of times as much, so the reader has to count.
    """

    def one(path: str) -> list[tuple[str, int]]:
        with open_parquet(path, settings) as file:
            return list(_leaf_sizes(file.metadata, file.schema_arrow, set(columns)))

    sizes = dict.fromkeys(columns, 0)
    with ThreadPoolExecutor(FOOTER_THREADS) as pool:
        for leaves in pool.map(one, paths):
            for name, size in leaves:
                sizes[name] += size
    return sizes


def _leaf_sizes(metadata: Any, schema: Any, columns: set[str]) -> Iterator[tuple[str, int]]:
    """Yields column and size of each leaf of the columns in each row group."""
    for group in range(metadata.num_row_groups):
        row_group = metadata.row_group(group)
        for position in range(row_group.num_columns):
            chunk = row_group.column(position)
            name = _column_of(chunk.path_in_schema, columns)
            if name is not None:
                yield name, max(chunk.total_uncompressed_size, chunk.num_values * _width(schema, name))


def _column_of(path: str, columns: set[str]) -> str | None:
    """Returns the column that a leaf belongs to, of those asked for; a column's name may have dots itself."""
    parts = path.split(".")
    candidates = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((name for name in candidates if name in columns), None)


def _width(schema: Any, column: str) -> int:
    try:
        return int(schema.field(column).type.bit_width) // 8
    except (ValueError, KeyError):  # texts and nested columns have none
        return 0
