"""`_manifest.json`: what a checkpoint is. It is written last: no manifest, no checkpoint."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from spark_etl import bounded_json
from spark_etl.errors import CheckpointError, DamagedError
from spark_etl.storage import S3Settings, storage_for
from spark_etl.store.checks import is_count

# 1: with the cache key under the name `identity`. 2: under its own.
FORMAT = 2
# Of some million objects that were read: 200 bytes each. A name in it may be in any alphabet.
LARGEST = 256 << 20


@dataclass(frozen=True)
class DataFile:
    """One Parquet file of a checkpoint.

    Attributes:
        name: Relative to the checkpoint's folder.
        rows: Its rows.
        bytes: Its size.
        etag: Changes whenever the content under that name does.
    """

    name: str
    rows: int
    bytes: int
    etag: str | None = None


@dataclass(frozen=True)
class Manifest:
    """What a checkpoint is.

    Attributes:
        feature: Its alias.
        run_id: The run that wrote it.
        columns: Column → type as Spark's SQL writes it, in order.
        spark_schema: The schema as Spark's JSON.
        rows: Rows of all files.
        bytes: Bytes of all files.
        files: The files that belong to it; whatever else lies beside them does not.
        code: What identifies the code that computed it; see `spark_etl.code.fingerprint`.
        inputs: Source name → what was read: objects with ETags, or the upstream feature with its manifest.
        written: When, in UTC.
        after_failure: Whether it was computed once more, for a look, because a feature that reads it had failed.
        cache_key: What its rows depend on, for `--resume`; see `spark_etl.runner.resume.cache_key`.
        ordered: Whether the frame was sorted as a whole: its rows in order are the files by name, each from its start.
    """

    feature: str
    run_id: str
    columns: dict[str, str]
    spark_schema: dict[str, Any]
    rows: int
    bytes: int
    files: list[DataFile]
    code: dict[str, Any]
    inputs: dict[str, Any]
    written: str
    cache_key: dict[str, Any] = field(default_factory=dict)
    after_failure: bool = False
    ordered: bool = False
    format: int = FORMAT


def dump_manifest(manifest: Manifest) -> bytes:
    """Returns a manifest as it is stored."""
    return json.dumps(asdict(manifest), indent=1, default=str).encode()


def read_manifest(path: str, settings: S3Settings | None = None, *, largest: int = LARGEST) -> Manifest | None:
    """Returns the manifest at a path, None if there is none.

    Args:
        path: Where it is.
        settings: How to reach S3; from the environment if not given.
        largest: In bytes; four times as much may be taken in memory.

    Raises:
        CheckpointError: It is damaged, or of a newer format than this version knows.
    """
    content = storage_for(path, settings).read(path, most=largest + 1)
    return None if content is None else parse_manifest(content, path, largest=largest)


def parse_manifest(content: bytes, where: str, *, largest: int = LARGEST) -> Manifest:
    """Returns a stored manifest.

    Raises:
        CheckpointError: It is damaged, or of a newer format than this version knows.
    """
    try:
        document = bounded_json.parse(
            content, where, largest=largest, in_objects=4 * largest, in_memory=4 * largest, finite=False
        )
        known = int(document["format"]) <= FORMAT
        if "identity" in document:
            document["cache_key"] = document.pop("identity")
        document["files"] = [DataFile(**item) for item in document.get("files", [])]
        fields = Manifest.__dataclass_fields__
        manifest = Manifest(**{name: document[name] for name in document if name in fields}) if known else None
        _check(manifest)
    except DamagedError as error:
        raise CheckpointError(f"{where} is damaged: {error.message}") from error
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        raise CheckpointError(f"{where} is damaged: {type(error).__name__}: {error}") from error
    if manifest is None:
        raise CheckpointError(f"{where} is of a newer format than this spark_etl can read", hint="update spark_etl")
    return manifest


def _check(manifest: Manifest | None) -> None:
    """Refuses what would be read elsewhere than in the checkpoint's folder, or break whoever shows it.

    Raises:
        TypeError, ValueError: A value is invalid; the message names it.
    """
    if manifest is None:
        return
    texts = {"feature": manifest.feature, "run_id": manifest.run_id, "written": manifest.written}
    objects = {name: getattr(manifest, name) for name in ("columns", "spark_schema", "code", "inputs", "cache_key")}
    wrong = [name for name, value in texts.items() if not isinstance(value, str)]
    wrong += [name for name, value in objects.items() if not isinstance(value, dict)]
    wrong += [name for name in ("rows", "bytes") if not is_count(getattr(manifest, name))]
    wrong += ["columns"] * any(not isinstance(kind, str) for kind in dict(manifest.columns).values())
    if wrong:
        raise TypeError(f"`{wrong[0]}` has an invalid value")
    for file in manifest.files:
        if not (isinstance(file.name, str) and is_count(file.rows) and is_count(file.bytes)):
            raise TypeError("`files` has an invalid value")
        if {"", ".", ".."} & set(file.name.split("/")) or "\0" in file.name:
            raise ValueError(f"`{file.name}` is no file of its folder")
