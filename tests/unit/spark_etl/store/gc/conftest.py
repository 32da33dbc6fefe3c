"""A history of runs in a folder, and a store that dies."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import pytest
from spark_etl.storage.local import LocalStorage
from spark_etl.storage.paths import local_path

from tests.support.histories import History


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(tmp_path / "scratch")


class Killed(BaseException):
    """The end of the process."""


class DyingStorage(LocalStorage):
    """Deletes so many objects, and then nothing any more; those of one call in any order, as S3 does."""

    def __init__(self, deletions: int, seed: int = 0) -> None:
        self.left = deletions
        self._random = random.Random(seed)  # noqa: S311 - an order, no secret
        self._lock = threading.Lock()

    def delete(self, paths: Iterable[str]) -> None:
        for path in self._shuffled(list(paths)):
            self._strike(path)
            super().delete([path])

    def clear(self, folder: str) -> None:
        for path in self._shuffled([item.path for item in self.walk(folder)]):
            self._strike(path)
            local_path(path).unlink()
        super().clear(folder)

    def _shuffled(self, paths: list[str]) -> list[str]:
        with self._lock:
            return self._random.sample(paths, len(paths))

    def _strike(self, path: str) -> None:
        with self._lock:
            if self.left <= 0:
                raise Killed(path)
            self.left -= 1


@contextmanager
def dying_after(deletions: int, seed: int = 0) -> Iterator[DyingStorage]:
    """Has every folder be a store that dies after so many deletions."""
    storage = DyingStorage(deletions, seed)
    with mock.patch("spark_etl.storage.LocalStorage", return_value=storage):
        yield storage
