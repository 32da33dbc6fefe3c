"""The same history in S3: keys instead of folders, markers of folders, uploads in parts."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from minio.error import S3Error
from spark_etl.storage import S3Settings
from spark_etl.storage import s3 as module
from spark_etl.storage.s3 import S3Storage
from spark_etl.store import GcOptions, GcPlan, RunStore, StoredRun, execute_gc, plan_gc
from spark_etl.store.contents import contents_of

from tests.support.histories import History, path_of, set_age

ALL = GcOptions(timedelta(0), keep_last=0, users=True)


class Answer(io.BytesIO):
    def release_conn(self) -> None:
        """Has no connection."""


class Bucket:
    """As much of minio's client as a clean-up needs, over keys in memory."""

    def __init__(self) -> None:
        self.objects: dict[str, tuple[bytes, datetime]] = {}
        self.uploads: list[SimpleNamespace] = []

    def list_objects(
        self, _bucket: str, prefix: str, recursive: bool = False, start_after: str = ""
    ) -> Iterator[SimpleNamespace]:
        said: set[str] = set()
        for key in sorted(self.objects):
            if not key.startswith(prefix) or key <= start_after:
                continue
            folder, slash, _ = key[len(prefix) :].partition("/")
            if slash and not recursive:
                if folder not in said:
                    said.add(folder)
                    yield SimpleNamespace(object_name=f"{prefix}{folder}/", is_dir=True)
            else:
                yield self._item(key)

    def stat_object(self, _bucket: str, key: str) -> SimpleNamespace:
        if key not in self.objects:
            raise S3Error(None, "NoSuchKey", "no", "r", "1", "h")  # type: ignore[arg-type]
        return self._item(key)

    def get_object(self, bucket: str, key: str) -> Answer:
        self.stat_object(bucket, key)
        return Answer(self.objects[key][0])

    def remove_objects(self, _bucket: str, objects: Iterable[Any]) -> list[Any]:
        for each in list(objects):
            self.objects.pop(each.name, None)
        return []

    def _list_multipart_uploads(self, _bucket: str, key_marker: str | None = None) -> SimpleNamespace:
        return SimpleNamespace(uploads=list(self.uploads), is_truncated=False, next_key_marker=None)

    def _abort_multipart_upload(self, _bucket: str, key: str, upload_id: str) -> None:
        self.uploads = [each for each in self.uploads if (each.object_name, each.upload_id) != (key, upload_id)]

    def _item(self, key: str) -> SimpleNamespace:
        content, modified = self.objects[key]
        return SimpleNamespace(
            object_name=key, size=len(content), etag=f'"{hash(content):x}"', is_dir=False, last_modified=modified
        )


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Bucket:
    made = Bucket()
    monkeypatch.setattr(module, "make_client", lambda _: made)
    storage = S3Storage(S3Settings(endpoint="http://minio:9000"))
    monkeypatch.setattr("spark_etl.storage._s3", lambda _: storage)
    return made


def copy(history: History, bucket: Bucket) -> None:
    """Puts all files of a history into a bucket, whose documents then name that."""
    for file in history.folder.rglob("*"):
        if file.is_file():
            content = file.read_bytes().replace(history.store.scratch.encode(), b"s3a://scratch")
            modified = datetime.fromtimestamp(file.stat().st_mtime, UTC)
            bucket.objects[str(file.relative_to(history.folder))] = content, modified


def keys_of(folder: Path) -> set[str]:
    return {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}


def verdicts(plan: GcPlan) -> list[tuple[str, str, tuple[str, ...], int]]:
    return [(run.name, run.reason, run.by, run.objects) for run in plan.runs]


def test_a_bucket_is_cleaned_like_a_folder(history: History, bucket: Bucket) -> None:
    first = history.run(39, status="failed", code="one")
    second = history.run(38, status="failed", reuses=first, code="two", mark=False)
    history.run(37, reuses=history.run(36, status="failed"), code="one")
    history.run(35, pipeline="users/ada/shop", status="failed", replays=second)
    history.pin(history.run(34, status="failed"))
    died = history.run(33, status="died", code="three")
    running = history.run(32, status="running")
    half = history.folder_of_run(31)
    history.checkpoint(half, "orders")
    history.age(half, 31)
    set_age(history.checkpoint(first, "late", whole=False) / "part-00000.parquet", 30)
    died.request_stop("ada")
    copy(history, bucket)
    pipeline = "team/shop"
    bucket.objects[f"{pipeline}/{half.run_id}/orders/"] = b"", datetime.now(UTC) - timedelta(days=31)
    bucket.objects[f"{pipeline}/{died.run_id}/net/"] = b"", datetime.now(UTC) - timedelta(days=33)
    for run, days in ((died, 2), (running, 0.1), (running, 3)):
        key = f"{pipeline}/{run.run_id}/orders/part-9.parquet"
        started = datetime.now(UTC) - timedelta(days=days)
        bucket.uploads.append(SimpleNamespace(object_name=key, upload_id=f"id-{days}", initiated_time=started))
    store = RunStore("s3a://scratch")
    here, there = plan_gc(history.store, ALL), plan_gc(store, ALL)

    assert verdicts(there) == verdicts(here)
    assert len(there.leftovers) == len(here.leftovers) + 1, "the upload"
    result = execute_gc(store, there)
    assert result.skipped == {}
    execute_gc(history.store, here)
    assert set(bucket.objects) == keys_of(history.folder)
    assert [upload.upload_id for upload in bucket.uploads] == ["id-0.1", "id-3"]
    assert plan_gc(store, ALL).is_empty
    assert not path_of(died.root).exists()


def test_a_folder_into_which_something_is_being_written_is_no_leftover(history: History, bucket: Bucket) -> None:
    half = history.folder_of_run(31)
    history.checkpoint(half, "orders")
    history.age(half, 31)
    copy(history, bucket)
    store = RunStore("s3a://scratch")
    assert [each.kind for each in plan_gc(store, ALL).leftovers] == ["half-written run"]
    started = datetime.now(UTC) - timedelta(hours=1)
    key = f"team/shop/{half.run_id}/net/part-0.parquet"
    bucket.uploads.append(SimpleNamespace(object_name=key, upload_id="id", initiated_time=started))
    assert plan_gc(store, ALL).is_empty


def test_keys_with_two_slashes_are_deleted_with_their_run(history: History, bucket: Bucket) -> None:
    """No reader finds them; a clean-up must not stumble over them."""
    run = history.run(30, status="failed")
    stays = history.run(1)
    copy(history, bucket)
    below = run.root.removeprefix(f"{history.store.scratch}/")
    for name in ("/x", "/orders/x", "/run.json"):
        bucket.objects[f"{below}/{name}"] = b"x", datetime.now(UTC) - timedelta(days=30)
    store = RunStore("s3a://scratch")
    plan = plan_gc(store, GcOptions(timedelta(days=14), keep_last=0))
    assert [each.run_id for each in (run,)] == [each.name for each in plan.going]
    assert contents_of(StoredRun(f"s3a://scratch/{below}")).checkpoints.keys() == {"orders", "net"}
    assert len(contents_of(StoredRun(f"s3a://scratch/{below}")).other) == 3
    execute_gc(store, plan)
    assert not any(key.startswith(below) for key in bucket.objects)
    assert any(stays.run_id in key for key in bucket.objects)
