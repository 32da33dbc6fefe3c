"""The code of runs: an archive per content, which all runs of a pipeline with that code share."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Protocol

from spark_etl.errors import CodeNotKeptError, DamagedError
from spark_etl.storage import S3Settings, join, storage_for
from spark_etl.store.checks import SHA256
from spark_etl.store.layout import CODE_FOLDER
from spark_etl.store.records import CodeRecord

# More than `spark_etl.code.archive` makes, with its names.
LARGEST = 128 << 20
# A clean-up deletes an archive that no run names a day after it was written. A run that is to name an older one than
# this has written it anew by then.
FRESH = timedelta(hours=12)


class Archive(Protocol):
    """What is kept of a project, as `spark_etl.code.archive.CodeArchive` has it."""

    @property
    def content(self) -> bytes:
        """The archive."""
        ...

    @property
    def sha256(self) -> str:
        """Its hash."""
        ...

    @property
    def files(self) -> int:
        """How many files it has."""
        ...

    @property
    def bytes(self) -> int:
        """What they come to."""
        ...

    @property
    def left_out(self) -> Mapping[str, str]:
        """What of the project is not in it → why."""
        ...


def write_code(pipeline: str, archive: Archive, settings: S3Settings | None) -> CodeRecord:
    """Writes an archive if it is not there, and returns what a run records of it.

    Two runs may do so at the same time: both write the same. One of another size is no whole one, and is replaced. One
    that is older than half a day is written anew: a clean-up may be about to delete it, as no run names it any more.

    Args:
        pipeline: `<scratch>/<team>/<pipeline>`.
        archive: The code.
        settings: How to reach S3; from the environment if not given.
    """
    path = code_path(pipeline, archive.sha256)
    store = storage_for(path, settings)
    found = store.find(path)
    if found is None or found.size != len(archive.content) or not is_fresh(found.modified):
        store.write(path, archive.content)
    return CodeRecord(archive.sha256, archive.files, archive.bytes, dict(archive.left_out))


def is_fresh(modified: datetime | None) -> bool:
    """Returns whether an archive was written so lately that no clean-up may think of it as old."""
    return modified is not None and datetime.now(UTC) - modified < FRESH


def read_code(pipeline: str, sha256: str, settings: S3Settings | None, *, largest: int = LARGEST) -> bytes:
    """Returns an archive, whose content is what its name says; see `StoredRun.code_archive`."""
    if not SHA256.fullmatch(sha256):
        raise DamagedError(f"{sha256!r:.80} is no SHA-256 of an archive")
    path = code_path(pipeline, sha256)
    content = storage_for(path, settings).read(path, most=largest + 1)
    if content is None:
        raise CodeNotKeptError(f"the code is not at {path} any more", hint="was it deleted? A later run keeps its own")
    if len(content) > largest:
        raise DamagedError(f"{path} has more than {largest >> 20} MB")
    if hashlib.sha256(content).hexdigest() != sha256:
        raise DamagedError(f"{path} is not the code that the run has kept: its SHA-256 is different")
    return content


def code_path(pipeline: str, sha256: str) -> str:
    """Returns where an archive lies, below the folder of its pipeline."""
    return join(pipeline, CODE_FOLDER, f"{sha256}.zip")
