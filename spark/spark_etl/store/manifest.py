"""`_manifest.json`: what a checkpoint is. It is written last: no manifest, no checkpoint."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from spark_etl import bounded_json
from spark_etl.errors import ArgumentError, CheckpointError, DamagedError
from spark_etl.folder_columns import DATE, TEXT
from spark_etl.storage import S3Settings, is_s3, join, name_of, normalise, storage_for
from spark_etl.store import layout
from spark_etl.store.checks import is_count

# 1: with the cache key under the name `identity`. 2: under its own. 3: of files that another program wrote.
FORMAT, ELSEWHERE = 2, 3
# Of some million objects that were read: 200 bytes each. A name in it may be in any alphabet.
LARGEST = 256 << 20


@dataclass(frozen=True)
class DataFile:
    """One Parquet file of a checkpoint.

    Attributes:
        name: Relative to the folder that the files lie in.
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
        data_folder: Where the files lie, if they were adopted; None: beside the manifest, where those lie that came in
            a bundle, too. See `files_folder`.
        partitions: Of adopted files, the columns in the names of folders → `date` or `string`.
        unique: The unique keys that the feature's response declares, each a list of columns, in the order declared.
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
    data_folder: str | None = None
    partitions: dict[str, str] = field(default_factory=dict)
    unique: list[list[str]] = field(default_factory=list)

    @property
    def is_adopted(self) -> bool:
        """Whether another program wrote the files. They lie where it did, unless they came in a bundle."""
        return self.data_folder is not None or self.format == ELSEWHERE

    @property
    def own_columns(self) -> list[str]:
        """The columns that each file has itself, not in the name of a folder."""
        return [name for name in self.columns if name not in self.partitions]

    def files_folder(self, folder: str) -> str:
        """Returns where the files lie: in the manifest's own folder, which is given, or where they were adopted."""
        return folder if self.data_folder is None else self.data_folder

    def file_path(self, folder: str, name: str) -> str:
        """Returns where a file lies.

        Args:
            folder: The manifest's own.
            name: The file's.
        """
        return join(self.files_folder(folder), name)


def adopted_manifest(
    *,
    feature: str,
    run_id: str,
    columns: dict[str, str],
    spark_schema: dict[str, Any],
    files: list[DataFile],
    data_folder: str,
    partitions: dict[str, str],
    written: str,
) -> Manifest:
    """Returns the manifest of files that another program wrote; see `Manifest`. Code and inputs are not known."""
    rows, size = sum(file.rows for file in files), sum(file.bytes for file in files)
    known = Manifest(feature, run_id, columns, spark_schema, rows, size, files, {}, {}, written)
    return replace(known, format=ELSEWHERE, data_folder=data_folder, partitions=partitions)


def dump_manifest(manifest: Manifest) -> bytes:
    """Returns a manifest as it is stored."""
    stored = asdict(manifest)
    if not manifest.is_adopted:
        del stored["data_folder"], stored["partitions"]
    return json.dumps(stored, indent=1, default=str).encode()


def parse_manifest(content: bytes, where: str, *, largest: int = LARGEST) -> Manifest:
    """Returns a stored manifest.

    Raises:
        CheckpointError: It is damaged, or of a newer format than this version knows.
    """
    try:
        document = bounded_json.parse(
            content, where, largest=largest, in_objects=4 * largest, in_memory=4 * largest, finite=False
        )
        known = int(document["format"]) <= ELSEWHERE
        if "identity" in document:
            document["cache_key"] = document.pop("identity")
        document["files"] = [DataFile(**item) for item in document.get("files", [])]
        fields = Manifest.__dataclass_fields__
        manifest = Manifest(**{name: document[name] for name in document if name in fields}) if known else None
        _check(manifest, where)
    except DamagedError as error:
        raise CheckpointError(f"{where} is damaged: {error.message}") from error
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        raise CheckpointError(f"{where} is damaged: {type(error).__name__}: {error}") from error
    if manifest is None:
        raise CheckpointError(f"{where} is of a newer format than this spark_etl can read", hint="update spark_etl")
    return manifest


def is_data_folder(value: object, where: str) -> bool:
    """Returns whether files may lie there that a manifest names.

    Args:
        value: What it says.
        where: Where the manifest lies. From S3, which others write, nothing leads to files of this machine.
    """
    if not isinstance(value, str) or "\0" in value or {".", ".."} & set(value.split("/")):
        return False
    try:
        return normalise(value) == value and (is_s3(value) or not is_s3(where))
    except ArgumentError:
        return False


def _check(manifest: Manifest | None, where: str) -> None:
    """Refuses what would be read elsewhere than where the checkpoint's files may lie, or break whoever shows it.

    Raises:
        TypeError, ValueError: A value is invalid; the message names it.
    """
    if manifest is None:
        return
    texts = {"feature": manifest.feature, "run_id": manifest.run_id, "written": manifest.written}
    names = ("columns", "spark_schema", "code", "inputs", "cache_key", "partitions")
    objects = {name: getattr(manifest, name) for name in names}
    wrong = [name for name, value in texts.items() if not isinstance(value, str)]
    wrong += [name for name, value in objects.items() if not isinstance(value, dict)]
    wrong += [name for name in ("rows", "bytes") if not is_count(getattr(manifest, name))]
    wrong += ["columns"] * any(not isinstance(kind, str) for kind in dict(manifest.columns).values())
    wrong += ["partitions"] * any(kind not in (DATE, TEXT) for kind in dict(manifest.partitions).values())
    wrong += ["unique"] * (not _is_list_of_keys(manifest.unique))
    is_elsewhere = manifest.data_folder is not None
    wrong += ["data_folder"] * (is_elsewhere and not is_data_folder(manifest.data_folder, where))
    if wrong:
        raise TypeError(f"`{wrong[0]}` has an invalid value")
    for file in manifest.files:
        if not (isinstance(file.name, str) and is_count(file.rows) and is_count(file.bytes)):
            raise TypeError("`files` has an invalid value")
        if {"", ".", ".."} & set(file.name.split("/")) or "\0" in file.name:
            raise ValueError(f"`{file.name}` is no file of its folder")


def _is_list_of_keys(value: object) -> bool:
    """Returns whether a value is a list of lists of texts."""
    keys = value if isinstance(value, list) else [None]
    return all(isinstance(key, list) and all(isinstance(name, str) for name in key) for key in keys)


def manifest_at(folder: str, settings: S3Settings | None = None, *, largest: int = LARGEST) -> Manifest | None:
    """Returns what the checkpoint of a folder is, None if it is none.

    Args:
        folder: Where it may lie.
        settings: How to reach S3; from the environment if not given.
        largest: Of the manifest, in bytes; four times as much may be taken in memory.

    Raises:
        CheckpointError: The manifest is damaged, or of a newer format.
    """
    path = manifest_path(folder)
    content = storage_for(path, settings).read(path, most=largest + 1)
    return None if content is None else parse_manifest(content, path, largest=largest)


def manifest_path(folder: str) -> str:
    """Returns where the manifest of a checkpoint's folder lies."""
    return join(folder, layout.MANIFEST_FILE)


def is_manifest(path: str) -> bool:
    """Returns whether an object makes a checkpoint of the folder that it lies in."""
    return name_of(path) == layout.MANIFEST_FILE
