"""A run of another store becomes one here as a bundle's does, whole or not at all."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from pathlib import Path

import pytest
from spark_etl.bundles.returned import keep_returned
from spark_etl.errors import DamagedError, StorageError
from spark_etl.reading import Run, Runs
from spark_etl.storage import normalise
from spark_etl.storage.local import LocalStorage
from spark_etl.store import RunDocument, StoredRun, parts_as_written

from tests.support.bundles import EARLIER, RUN_ID, failed_run, tree

COMES_FROM = {"from": "s3a://scratch/x", "bundle": "0" * 64, "at": "2024-03-02", "by": "ada", "kind": "replay"}


@pytest.fixture
def made(tmp_path: Path) -> Run:
    (tmp_path / "made").mkdir()
    return failed_run(tmp_path / "made")


@pytest.fixture
def here(tmp_path: Path) -> StoredRun:
    return StoredRun.at(normalise(str(tmp_path / "here")), "elsewhere", "revenue", RUN_ID)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "meanwhile").mkdir()
    return tmp_path / "meanwhile"


def as_here(made: Run, here: StoredRun) -> RunDocument:
    document = copy.deepcopy(made.document)
    document.path, document.kind, document.imported = here.root, "replay", COMES_FROM
    return document


def earlier(made: Run) -> str:
    return f"{made.path.rpartition('/')[0]}/{EARLIER}"


def test_it_is_there_with_all_that_its_documents_name(made: Run, here: StoredRun, folder: Path) -> None:
    document = as_here(made, here)
    parts = parts_as_written(
        made.stored, document, made.stored.code_archive(str(document.code and document.code.sha256))
    )
    keep_returned(parts, document, here, folder, beside=[earlier(made)])

    run = Runs(here.scratch)[RUN_ID]
    assert (run.kind, run.path, run.document.imported) == ("replay", here.root, COMES_FROM)
    assert run["orders"].rows == 4
    assert run["users"].rows == 2, "of the run beside it"
    assert run.verify().whole
    assert list(run.code) == ["features/net.py"]
    assert list(folder.iterdir()) == []


def test_rows_of_a_run_that_is_not_beside_it_are_refused(
    made: Run, here: StoredRun, folder: Path, tmp_path: Path
) -> None:
    document = as_here(made, here)
    parts = parts_as_written(made.stored, document, None)
    with pytest.raises(DamagedError, match=r"run\.json names rows that lie elsewhere") as raised:
        keep_returned(parts, document, here, folder, missing=["code"])
    assert str(folder) not in raised.value.message
    assert tree(tmp_path / "here") == {}


def test_a_store_that_fails_half_way_keeps_nothing(
    made: Run, here: StoredRun, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written, write = [], LocalStorage.write_chunks

    def fails(storage: LocalStorage, path: str, chunks: Iterable[bytes], size: int) -> None:
        written.append(path)
        if len(written) > 1:
            raise StorageError("the disk is full")
        write(storage, path, chunks, size)

    monkeypatch.setattr(LocalStorage, "write_chunks", fails)
    document, beside = as_here(made, here), [earlier(made)]
    parts = parts_as_written(made.stored, document, None)
    with pytest.raises(StorageError, match="the disk is full"):
        keep_returned(parts, document, here, folder, beside=beside, missing=["code"])
    assert written
    assert tree(tmp_path / "here") == {}
    assert list(folder.iterdir()) == []
