"""The checkpoints that a notebook has read: whether they are still there and the same, and the pins that keep them."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from minio.error import MinioException
from spark_etl.errors import StorageError
from spark_etl.storage import S3Settings, is_s3
from spark_etl.store import PIN_USER, PinnedVersion, RunStore, StoredRun, checkpoint_state
from urllib3.exceptions import HTTPError

from sandbox_hub.keys.s3_keys import Key
from sandbox_hub.shelf.store import Record

SCRATCH = "s3a://scratch"
UNCHANGED, CHANGED, GONE = "unchanged", "changed", "gone"
TOO_LARGE = "too large to be checked here"
# Pages that ask the store at a time: each may hold a manifest of 8 MB.
MAX_CONCURRENT = 2
# How long a page waits: a notebook may name a thousand checkpoints, each with such a manifest.
TIMEOUT_SECONDS = 10.0
READ_SECONDS = 20.0
PIN_SECONDS = 60.0
NOT_IN_STORE = "not checked: it is not in the runs' store"
NOT_CHECKED = "not checked: that takes too long"
# What a store that does not answer raises; ValueError: it gives no keys.
STORE_ERRORS = (StorageError, HTTPError, MinioException, ValueError)
log = logging.getLogger("sandbox.shelf")


class CheckpointStore:
    """The runs' store, through temporary keys of the user below whose prefix the pins lie, and who has no server.

    Args:
        endpoint: URL of the S3 API.
        region: Its region.
        keys: Returns temporary keys of a user; called at each use.
    """

    def __init__(self, endpoint: str, region: str, keys: Callable[[str], Key]) -> None:
        self._endpoint, self._region, self._keys = endpoint, region, keys
        self._slots = threading.Semaphore(MAX_CONCURRENT)

    def _settings(self) -> S3Settings:
        key = self._keys(PIN_USER)
        return S3Settings(
            self._endpoint, self._region, key.access, key.secret, key.session or None, read_seconds=READ_SECONDS
        )

    def states(self, reads: Sequence[dict[str, Any]]) -> dict[str, str]:
        """Returns path → `unchanged`, `changed`, `gone` or why that is not known, of the checkpoints that were read."""
        deadline, found = time.monotonic() + TIMEOUT_SECONDS, {str(read["path"]): NOT_CHECKED for read in reads}
        if not self._slots.acquire(timeout=TIMEOUT_SECONDS):
            return found
        try:
            settings = self._settings()
            for read in reads:
                if time.monotonic() > deadline:
                    break
                found[str(read["path"])] = _state(read, settings)
        finally:
            self._slots.release()
        return found

    def pin(self, record: Record) -> str:
        """Writes the pin that keeps the checkpoints that a version read from being cleaned up; returns its path.

        What was read is told by the server that ran the notebook, in which its author's code has run as well. So only
        what is there and is what was read is pinned, under the run and the feature that its path says.
        """
        settings, deadline = self._settings(), time.monotonic() + PIN_SECONDS
        pinned = [
            checked
            for read in record.reads
            if time.monotonic() < deadline and (checked := _checked(read, settings)) is not None
        ]
        if len(pinned) < len(record.reads):
            log.warning("%s of %s reads of %s are pinned", len(pinned), len(record.reads), _version(record))
        return RunStore(SCRATCH, settings).pin(_version(record), pinned, record.at)

    def unpin(self, record: Record) -> None:
        """Deletes the pin of a version; another pin may still hold the same checkpoints."""
        RunStore(SCRATCH, self._settings()).unpin(_version(record))


def _state(read: dict[str, Any], settings: S3Settings) -> str:
    """Returns the state of a checkpoint; of paths outside the store, such as the hub's own files, none is looked at."""
    path = str(read["path"])
    if not is_s3(path):
        return NOT_IN_STORE
    state = checkpoint_state(path, str(read["files"]), settings)
    return TOO_LARGE if state == "too large" else state


def _checked(read: dict[str, Any], settings: S3Settings) -> dict[str, Any] | None:
    """Returns what is pinned of a checkpoint; None if it is not there, or is not what was read."""
    path = str(read["path"])
    run, feature = StoredRun.of_checkpoint(path.rstrip("/"))
    if run is None or not path.startswith(f"{SCRATCH}/") or _state(read, settings) not in {UNCHANGED, TOO_LARGE}:
        return None
    return {"path": path.rstrip("/"), "run": run.run_id, "feature": feature}


def _version(record: Record) -> PinnedVersion:
    return PinnedVersion(record.author, record.name, record.version)
