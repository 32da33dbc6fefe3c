"""Files dropped on the S3 browser → objects of the user's own place: whole or not at all.

JupyterLab sends a large file in chunks of 1 MB, numbered from 1; the last one is -1. They are kept in a file without a
name until the last has come, and then the object is written. A file that is no longer sent is forgotten.
"""

from __future__ import annotations

import base64
import binascii
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any

from spark_etl.errors import ArgumentError
from spark_etl.storage import name_of, normalise, storage_for
from spark_etl.storage.base import CHUNK
from spark_etl.store import refuse_place_of_runs, user_place
from spark_etl.units import format_bytes

from sandbox_lab.contents import object_model
from sandbox_lab.errors import RefusedError, translate_errors

SCRATCH = "s3a://scratch/"
LARGEST, MOST_BEGUN, IDLE_SECONDS = 1_000_000_000, 8, 600
FIRST, LAST = 1, -1
LARGER = "on the machine of the sandbox: `./sandbox data put FILE --user {user}`"


@dataclass
class _Begun:
    """A file of which some chunks have come."""

    content: IO[bytes]
    chunks: int = 0
    size: int = 0
    touched: float = field(default_factory=time.monotonic)


class Uploads:
    """The uploads of one user.

    Args:
        user: Whose server this is.
    """

    def __init__(self, user: str) -> None:
        self._user = user
        self._begun: dict[str, _Begun] = {}
        self._lock = threading.Lock()

    @property
    def place(self) -> str:
        """Where this user may write, as the browser names it: `scratch/users/ada`."""
        return user_place(SCRATCH, self._user).split("://", 1)[1]

    def may_write(self, path: str) -> bool:
        """Returns whether a folder is in the user's own place."""
        return f"{path.strip('/')}/".startswith(f"{self.place}/")

    def receive(self, path: str, content: str, chunk: int | None) -> dict[str, Any]:
        """Takes a file, or a chunk of it; returns its model, as the contents API has it.

        Args:
            path: `bucket/key` of the object.
            content: In base64.
            chunk: The chunk's number, -1 for the last; None for a whole file.

        Raises:
            RefusedError: It may not be written there, is too large, or a chunk is missing.
        """
        path = "/".join(part for part in path.split("/") if part)
        self._refuse_elsewhere(path)
        read = _decoded(content)
        if chunk is None:
            with translate_errors(path):
                storage_for(place := normalise(f"s3a://{path}")).write(place, read)
            return object_model(path, len(read))
        begun = self._continue(path, read, chunk)
        if chunk == LAST:
            self._write(path, begun)
        return object_model(path, begun.size)

    def _refuse_elsewhere(self, path: str) -> None:
        own = f"{self.place}/"
        if not self.may_write(path.rpartition("/")[0]):
            raise RefusedError(403, f"{path} is not in your place, so it can't be written", f"drop files in {own}")
        try:
            refuse_place_of_runs(normalise(f"s3a://{path}"), SCRATCH)
        except ArgumentError as error:
            raise RefusedError(403, error.message, f"drop files in {own}, in a folder that no run has made") from error
        if {".", ".."}.intersection(path.split("/")):
            raise RefusedError(400, f"{path} is no name of an object")

    def _continue(self, path: str, read: bytes, chunk: int) -> _Begun:
        with self._lock:
            self._forget_idle()
            if chunk == FIRST:
                self._begin(path)
            begun = self._begun.get(path)
            if begun is None or chunk not in {begun.chunks + 1, LAST}:
                self._forget(path)
                raise RefusedError(409, f"a part of {name_of(path)} is missing", "drop the file again")
            if begun.size + len(read) > LARGEST:
                self._forget(path)
                raise RefusedError(
                    413, f"{name_of(path)} has more than {format_bytes(LARGEST)}", LARGER.format(user=self._user)
                )
            if chunk == LAST:
                del self._begun[path]
        begun.content.write(read)
        begun.chunks, begun.size, begun.touched = begun.chunks + 1, begun.size + len(read), time.monotonic()
        return begun

    def _begin(self, path: str) -> None:
        self._forget(path)
        if len(self._begun) >= MOST_BEGUN:
            raise RefusedError(429, f"{MOST_BEGUN} large files are on their way already", "wait for one of them to end")
        self._begun[path] = _Begun(tempfile.TemporaryFile())  # noqa: SIM115 - closed by what ends the upload

    def _forget(self, path: str) -> None:
        begun = self._begun.pop(path, None)
        if begun is not None:
            begun.content.close()

    def _forget_idle(self) -> None:
        now = time.monotonic()
        for path in [path for path, begun in self._begun.items() if now - begun.touched > IDLE_SECONDS]:
            self._forget(path)

    def _write(self, path: str, begun: _Begun) -> None:
        place = normalise(f"s3a://{path}")
        with begun.content, translate_errors(path):
            begun.content.seek(0)
            storage_for(place).write_chunks(place, _chunks(begun.content), begun.size)


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    while chunk := file.read(CHUNK):
        yield chunk


def _decoded(content: str) -> bytes:
    try:
        return base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError) as error:
        raise RefusedError(400, "the content is no base64") from error
