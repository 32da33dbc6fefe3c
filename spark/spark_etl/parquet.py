"""Opens Parquet with pyarrow: footers for the runner, rows for the reading API."""

from __future__ import annotations

import os
from typing import Any

from spark_etl.errors import CheckpointError
from spark_etl.storage import S3Settings, is_s3, split_s3
from spark_etl.storage.paths import local_path


def pyarrow_or_explain() -> Any:
    """Returns pyarrow.

    Raises:
        CheckpointError: It is not installed here.
    """
    try:
        import pyarrow as pa
    except ImportError:
        raise CheckpointError(
            "the rows of a checkpoint are read with pyarrow, which is not installed here",
            hint="pip install pyarrow, or open the checkpoint in a notebook of the sandbox",
        ) from None
    return pa


def filesystem_for(path: str, settings: S3Settings | None = None) -> tuple[Any, str]:
    """Returns pyarrow's file system for a normalised path, and the path as that file system knows it."""
    pyarrow_or_explain()
    from pyarrow import fs

    if not is_s3(path):
        return fs.LocalFileSystem(), str(local_path(path))
    return s3_filesystem(settings or S3Settings.from_env()), "/".join(split_s3(path))


def s3_filesystem(settings: S3Settings) -> Any:
    """Returns pyarrow's S3 with the same settings that objects are listed with."""
    from pyarrow import fs

    keys = {
        "access_key": settings.access_key,
        "secret_key": settings.secret_key,
        "session_token": settings.session_token,
    }
    return fs.S3FileSystem(
        **{name: value for name, value in keys.items() if value},
        region=settings.region,
        endpoint_override=settings.host if settings.endpoint else None,
        scheme="https" if settings.secure else "http",
        connect_timeout=5,
        request_timeout=60,
        tls_ca_file_path=os.environ.get("AWS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE"),
    )


def open_parquet(path: str, settings: S3Settings | None = None) -> Any:
    """Returns a `pyarrow.parquet.ParquetFile`, its footer read and nothing else."""
    from pyarrow import parquet

    filesystem, inner = filesystem_for(path, settings)
    return parquet.ParquetFile(inner, filesystem=filesystem)
