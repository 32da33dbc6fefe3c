"""Whether what was read is still there, asked of a store in which anybody may have written anything."""

from __future__ import annotations

import io
import json
import threading
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from minio.error import S3Error
from sandbox_hub.keys.s3_keys import Key
from sandbox_hub.shelf import checkpoints
from sandbox_hub.shelf.checkpoints import CHANGED, GONE, NOT_CHECKED, TOO_LARGE, UNCHANGED, CheckpointStore
from spark_etl import storage
from spark_etl.storage import s3
from spark_etl.store import files_digest, verify

from tests.unit.hub.sandbox_hub.shelf.test_store import RECORD

FILES = [{"name": "part-0.parquet", "rows": 3, "bytes": 10, "etag": "e"}]
DIGEST = files_digest(FILES)
READ = {"path": "s3a://scratch/team/revenue/run/orders", "files": DIGEST}


class Store:
    """As much of an S3 client as is asked for."""

    def __init__(self, manifest: bytes | None, objects: Any = ()) -> None:
        self.manifest, self.objects, self.taken = manifest, objects, 0

    def get_object(self, bucket_name: str, object_name: str) -> Any:
        if self.manifest is None:
            raise S3Error(None, "NoSuchKey", "", "", "", "", bucket_name, object_name)  # type: ignore[arg-type]
        body = io.BytesIO(self.manifest)

        def read(most: int) -> bytes:
            found = body.read(most)
            self.taken += len(found)
            return found

        return SimpleNamespace(read=read, close=lambda: None, release_conn=lambda: None)

    def list_objects(self, bucket_name: str, prefix: str, **_: Any) -> Any:
        return iter(self.objects)


def stored(name: str = "part-0.parquet", size: int = 10, etag: str = "e", at: str = "team/revenue/run/orders/") -> Any:
    return SimpleNamespace(object_name=f"{at}{name}", size=size, etag=etag, is_dir=False, last_modified=None)


def shelf_data(store: Store, monkeypatch: pytest.MonkeyPatch) -> CheckpointStore:
    monkeypatch.setattr(s3, "make_client", lambda settings: store)
    monkeypatch.setattr(storage, "_s3", s3.S3Storage)
    return CheckpointStore("http://minio:9000", "us-east-1", lambda user: Key(user, "secret"))


def document(files: Any = FILES) -> bytes:
    return json.dumps({"files": files}).encode()


def adopted(folder: str) -> bytes:
    return json.dumps({"files": FILES, "data_folder": folder}).encode()


@pytest.mark.parametrize(
    ("manifest", "objects", "state"),
    [
        (document(), [stored()], UNCHANGED),
        (document(), [stored(), stored("more.parquet")], UNCHANGED),
        (document(), [stored(size=11)], CHANGED),
        (document(), [stored(etag="other")], CHANGED),
        (document(), [], GONE),
        (adopted("s3a://published/orders"), [stored(at="orders/")], UNCHANGED),
        (adopted("s3a://published/orders"), [stored()], GONE),
        (adopted("file:///srv/hub"), [stored(at="srv/hub/")], CHANGED),
        (None, [], GONE),
        (document([]), [], CHANGED),
        (b"{}", [], CHANGED),
        (b"[]", [], CHANGED),
        (b"no JSON", [], CHANGED),
        (document("x"), [], CHANGED),
        (document([{"name": "x"}]), [], CHANGED),
        (b"[" * 100_000, [], CHANGED),
        (b'{"files": [' + b"[]," * 300_000 + b"1]}", [], CHANGED),
        (b" " * (9 << 20), [], TOO_LARGE),
    ],
)
def test_a_state_is_returned_whatever_lies_there(
    monkeypatch: pytest.MonkeyPatch, manifest: bytes | None, objects: Any, state: str
) -> None:
    store = Store(manifest, objects)

    assert shelf_data(store, monkeypatch).states([READ]) == {READ["path"]: state}
    assert store.taken <= verify.LARGEST + 1


def test_a_prefix_full_of_objects_is_not_kept_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    given = []

    def endless() -> Any:
        while True:
            given.append(1)
            yield stored("other.parquet")

    assert shelf_data(Store(document(), endless()), monkeypatch).states([READ]) == {READ["path"]: GONE}
    assert len(given) <= verify.MOST_OBJECTS + 1


def test_what_takes_too_long_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "TIMEOUT_SECONDS", -1.0)

    assert shelf_data(Store(document(), [stored()]), monkeypatch).states([READ]) == {READ["path"]: NOT_CHECKED}


def test_no_more_than_two_pages_look_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "TIMEOUT_SECONDS", 0.2)
    go_on, began = threading.Event(), threading.Semaphore(0)

    class Slow(Store):
        def get_object(self, bucket_name: str, object_name: str) -> Any:
            began.release()
            go_on.wait(10)
            return super().get_object(bucket_name, object_name)

    shown = shelf_data(Slow(document(), [stored()]), monkeypatch)
    threads = [threading.Thread(target=shown.states, args=([READ],)) for _ in range(2)]
    for thread in threads:
        thread.start()
        assert began.acquire(timeout=10)
    try:
        assert shown.states([READ]) == {READ["path"]: NOT_CHECKED}
    finally:
        go_on.set()
        for thread in threads:
            thread.join()
    assert shown.states([READ]) == {READ["path"]: UNCHANGED}, "afterwards it is looked at again"


RUN = "20240229T101112Z-7f3a2c"
ORDERS = f"s3a://scratch/team/revenue/{RUN}/orders"


class Pins(Store):
    """The checkpoint `orders` of a run, and where pins are written."""

    def __init__(self) -> None:
        super().__init__(document(), [stored(at=f"team/revenue/{RUN}/orders/")])
        self.written: dict[str, Any] = {}

    def get_object(self, bucket_name: str, object_name: str) -> Any:
        there = (bucket_name, object_name) == ("scratch", f"team/revenue/{RUN}/orders/_manifest.json")
        return super().get_object(bucket_name, object_name) if there else Store(None).get_object(bucket_name, "")

    def put_object(self, bucket: str, key: str, data: Any, length: int, content_type: str) -> None:
        self.written[f"{bucket}/{key}"] = json.loads(data.read())


def pinned(monkeypatch: pytest.MonkeyPatch, *reads: dict[str, Any]) -> dict[str, Any]:
    store = Pins()
    path = shelf_data(store, monkeypatch).pin(replace(RECORD, reads=[{**RECORD.reads[0], **read} for read in reads]))

    assert path == "s3a://scratch/users/_pins/ada/late-orders/v1.json"
    ((at, content),) = store.written.items()
    assert at == "scratch/users/_pins/ada/late-orders/v1.json"
    return dict(content)


def test_a_pin_is_written_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clean-up jobs of users read pins: see docs/sharing.md."""
    assert pinned(monkeypatch, {"path": ORDERS, "files": DIGEST, "run": RUN, "feature": "orders"}) == {
        "notebook": "ada/late-orders/v1",
        "at": RECORD.at,
        "checkpoints": [{"path": ORDERS, "run": RUN, "feature": "orders"}],
    }


@pytest.mark.parametrize(
    "made_up",
    [
        {"path": ORDERS, "files": "0"},
        {"path": f"s3a://scratch/team/revenue/{RUN}/users", "files": DIGEST},
        {"path": "s3a://scratch/team/revenue/run/orders", "files": DIGEST},
        {"path": f"s3a://published/team/revenue/{RUN}/orders", "files": DIGEST},
        {"path": f"/srv/hub/{RUN}/orders", "files": DIGEST},
        {"path": f"file:///srv/hub/{RUN}/orders", "files": DIGEST},
        {"path": "s3a://", "files": DIGEST},
        {"path": "\x00\ud800", "files": DIGEST},
    ],
)
def test_what_a_notebook_only_says_it_has_read_is_not_pinned(
    monkeypatch: pytest.MonkeyPatch, made_up: dict[str, Any]
) -> None:
    assert pinned(monkeypatch, made_up)["checkpoints"] == []


def test_a_pin_goes_by_the_path_and_not_by_what_is_said_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    said = {"path": ORDERS, "files": DIGEST, "run": "another", "feature": "users"}
    assert pinned(monkeypatch, said)["checkpoints"] == [{"path": ORDERS, "run": RUN, "feature": "orders"}]


def test_files_of_the_hub_itself_are_not_looked_at(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    (tmp_path / "_manifest.json").write_bytes(document([]))
    path = str(tmp_path)
    states = shelf_data(Pins(), monkeypatch).states([{"path": path, "files": files_digest([])}])
    assert states == {path: "not checked: it is not in the runs' store"}
