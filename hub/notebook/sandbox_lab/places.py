"""Paths as JupyterLab gives them: `s3:bucket/key` of the S3 browser, or a file below the home."""

from __future__ import annotations

import os
from pathlib import Path

from spark_etl.storage import normalise

from sandbox_lab.refusal import RefusedError

DRIVE = "s3:"


def place_of(path: str, root: str) -> str:
    """Returns the path as spark_etl writes it: `s3a://bucket/key` or `file:///home/ada/orders.parquet`.

    Args:
        path: `s3:bucket/key`, `s3://bucket/key`, `s3a://bucket/key`, or relative to the root.
        root: The folder that JupyterLab shows.

    Raises:
        RefusedError: It names no bucket, or leads out of the root.
    """
    scheme, colon, rest = path.partition(":")
    if colon and scheme in {"s3", "s3a"}:
        if not rest.strip("/"):
            raise RefusedError(400, f"{path!r} names no bucket", "s3:scratch, for one")
        return normalise(f"s3a://{rest.strip('/')}")
    top = Path(root).absolute()
    place = Path(os.path.normpath(top / path.lstrip("/")))
    if not place.is_relative_to(top):
        raise RefusedError(404, f"{path!r} is not below {top}", "files are shown below the home, and in S3")
    return normalise(str(place))
