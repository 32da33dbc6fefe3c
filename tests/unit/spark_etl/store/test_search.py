"""Which folders runs are looked for in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from spark_etl.errors import StorageError
from spark_etl.storage import Entry
from spark_etl.store import search

FOLDERS = {
    "s3a://scratch/users/ada": ["", "billing"],
    "s3a://scratch/users/ada/billing": ["20240229T101112Z-7f3a2c"],
    "s3a://scratch/users/proof": [""],
}


class Store:
    """A store with markers of folders, one of which it refuses to list, as MinIO does for `users/proof//`."""

    def folders(self, folder: str) -> list[str]:
        return ["ada", "eve", "proof"]

    def entries(self, folder: str) -> Iterator[Entry]:
        if folder not in FOLDERS:
            raise StorageError("XMinioInvalidObjectName")
        yield from (Entry(name, is_folder=True) for name in FOLDERS[folder])


def test_neither_a_marker_nor_what_cannot_be_listed_hides_the_runs_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "storage_for", lambda *_args: Store())
    assert search.users_pipelines("s3a://scratch", None, None, None, None) == ["s3a://scratch/users/ada/billing"]
