"""S3 without a network: the SDK's client is replaced; the real one is used in tests/integration."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import SimpleNamespace
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest
import urllib3
from minio.error import S3Error
from spark_etl.errors import StorageError
from spark_etl.storage import Entry, S3Settings, Upload
from spark_etl.storage import s3 as module
from spark_etl.storage.s3 import S3Storage

WRITTEN = datetime(2024, 2, 29, 10, tzinfo=UTC)
SETTINGS = S3Settings(endpoint="http://minio:9000", access_key="user-ada", secret_key="hidden")


def entry(name: str, etag: str = '"abc"') -> SimpleNamespace:
    if name.endswith("/"):
        return SimpleNamespace(object_name=name, size=None, etag=etag, is_dir=True, last_modified=None)
    return SimpleNamespace(object_name=name, size=1, etag=etag, is_dir=False, last_modified=WRITTEN)


class Client:
    def __init__(self, *entries: SimpleNamespace, error: Exception | None = None) -> None:
        self.entries = entries
        self.error = error
        self.asked: list[tuple[str, str]] = []
        self.given: list[str] = []
        self.deleted: list[str] = []

    def list_objects(
        self, bucket: str, prefix: str, recursive: bool = False, start_after: str = ""
    ) -> Iterator[SimpleNamespace]:
        self.asked.append((bucket, prefix))
        if self.error:
            raise self.error
        for one in self.entries:
            if one.object_name > start_after:
                self.given.append(one.object_name)
                yield one

    def remove_objects(self, bucket: str, objects: Iterable[Any]) -> list[Any]:
        self.deleted += [one.name for one in objects]
        return []

    def get_object(self, bucket: str, key: str) -> Any:
        raise self.error or AssertionError


def refused(code: str) -> S3Error:
    return S3Error(None, code, "no", "r", "1", "h")  # type: ignore[arg-type]


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Any:
    def with_client(client: Client) -> S3Storage:
        monkeypatch.setattr(module, "make_client", lambda _settings: client)
        return S3Storage(SETTINGS)

    return with_client


def test_markers_of_folders_are_no_objects(store: Any) -> None:
    client = Client(entry("run/orders/"), entry("run/orders/part-0.parquet"))
    (found,) = store(client).walk("s3a://scratch/run/orders")
    assert found.path == "s3a://scratch/run/orders/part-0.parquet"
    assert found.etag == "abc"
    assert client.asked == [("scratch", "run/orders/")]


def test_a_folder_is_cleared_with_its_markers(store: Any) -> None:
    client = Client(entry("data/_publishing-1/"), entry("data/_publishing-1/a.parquet"))
    store(client).clear("s3a://published/data/_publishing-1")
    assert client.asked == [("published", "data/_publishing-1/")]
    assert client.deleted == ["data/_publishing-1/", "data/_publishing-1/a.parquet"]


def test_folders_are_named_without_slash(store: Any) -> None:
    client = Client(entry("team/b/"), entry("team/a/"), entry("team/file"))
    assert store(client).folders("s3a://scratch/team") == ["a", "b"]
    client = Client(entry("b/"), entry("a/"), entry("file"))
    assert store(client).folders("s3a://scratch") == ["a", "b"]
    assert client.asked[-1] == ("scratch", "")


def test_a_key_with_two_slashes_makes_no_folder_of_its_parents_name(store: Any) -> None:
    client = Client(entry("team//"), entry("team/a/"))
    assert store(client).folders("s3a://scratch/team") == ["a"]
    assert store(client).names("s3a://scratch/team") == ["a"]
    assert [each.name for each in store(client).entries("s3a://scratch/team")] == ["", "a"]


def test_of_a_folder_only_what_begins_so_is_listed(store: Any) -> None:
    client = Client(entry("team/2024/x"))
    assert [item.path for item in store(client).walk("s3a://scratch/team", beginning="202")] == [
        "s3a://scratch/team/2024/x"
    ]
    assert client.asked == [("scratch", "team/202")]


def test_of_a_span_of_names_only_that_is_listed(store: Any) -> None:
    client = Client(*(entry(f"team/{name}/") for name in "abcde"))
    assert store(client).folders("s3a://scratch/team", after="b", before="d") == ["c"]
    assert client.given == ["team/b/", "team/c/", "team/d/"]


@pytest.mark.parametrize(("folder", "prefix"), [("s3a://scratch/team", "team/"), ("s3a://scratch", "")])
def test_entries_have_their_kind_size_and_time(store: Any, folder: str, prefix: str) -> None:
    client = Client(entry(f"{prefix}notes.txt"), entry(f"{prefix}runs/"))
    assert list(store(client).entries(folder)) == [Entry("notes.txt", False, 1, WRITTEN), Entry("runs", is_folder=True)]
    assert client.asked == [("scratch", prefix)]


def test_the_marker_of_the_folder_itself_is_an_entry_without_a_name(store: Any) -> None:
    assert list(store(Client(entry("team/"))).entries("s3a://scratch/team")) == [Entry("", is_folder=True)]


def test_a_missing_object_is_none(store: Any) -> None:
    assert store(Client(error=refused("NoSuchKey"))).read("s3a://b/x") is None


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (refused("AccessDenied"), "s3a://b/x at http://minio:9000 refused `user-ada`: AccessDenied"),
        (refused("NoSuchBucket"), "refused `user-ada`: NoSuchBucket"),
        (urllib3.exceptions.MaxRetryError(None, "/", None), "http://minio:9000 does not answer"),  # type: ignore[arg-type]
    ],
)
def test_an_error_of_a_store_that_refuses_names_the_s3_user(store: Any, error: Exception, message: str) -> None:
    with pytest.raises(StorageError, match=message) as caught:
        store(Client(error=error)).read("s3a://b/x")
    assert "hidden" not in str(caught.value)


def test_settings_come_from_awss_own_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID"):
        monkeypatch.delenv(name, raising=False)
    assert S3Settings.from_env().host == "s3.amazonaws.com"
    assert S3Settings.from_env().secure
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://minio:9000")
    assert (S3Settings.from_env().host, S3Settings.from_env().secure) == ("minio:9000", False)


def test_a_secret_is_not_shown() -> None:
    assert "hidden" not in repr(SETTINGS)


class ConditionalStore(BaseHTTPRequestHandler):
    """As much of S3 as a conditional PUT needs."""

    objects: ClassVar[dict[str, bytes]] = {}
    authorizations: ClassVar[list[str]] = []

    def do_PUT(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        self.authorizations.append(self.headers["Authorization"])
        refused = self.headers.get("If-None-Match") == "*" and self.path in self.objects
        body = b"<Error><Code>PreconditionFailed</Code><Message>it exists</Message></Error>" if refused else b""
        if not refused:
            self.objects[self.path] = content
        self.send_response(412 if refused else 200)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: Any) -> None:
        """Logs nothing."""


def test_the_real_client_writes_an_object_only_if_there_is_none() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), ConditionalStore) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        endpoint = f"http://127.0.0.1:{server.server_port}"
        store = S3Storage(replace(SETTINGS, endpoint=endpoint, region="us-east-1"))

        created = [store.create("s3a://scratch/_lock.json", text) for text in (b"first", b"second")]
        server.shutdown()
        thread.join()

    assert created == [True, False]
    assert ConditionalStore.objects == {"/scratch/_lock.json": b"first"}
    assert all("if-none-match" in signed for signed in ConditionalStore.authorizations)


UPLOADS = """<ListMultipartUploadsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Bucket>scratch</Bucket>
<EncodingType>url</EncodingType><IsTruncated>{more}</IsTruncated><NextKeyMarker>{last}</NextKeyMarker>{uploads}
</ListMultipartUploadsResult>"""
UPLOAD = "<Upload><Key>{key}</Key><UploadId>id-{key}</UploadId><Initiated>2024-02-29T10:00:00.000Z</Initiated></Upload>"


class UploadingStore(BaseHTTPRequestHandler):
    """As much of S3 as uploads in parts need: two on a page."""

    keys: ClassVar[list[str]] = []
    aborted: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query, keep_blank_values=True)
        assert "uploads" in query
        assert query["prefix"] == [""], "MinIO takes a prefix for the whole name of an object"
        after = query.get("key-marker", [""])[0]
        left = [key for key in self.keys if key > after]
        more, last = str(len(left) > 2).lower(), "".join(left[:2][-1:])
        uploads = "".join(UPLOAD.format(key=key) for key in left[:2])
        self.answer(200, UPLOADS.format(more=more, last=last, uploads=uploads).encode())

    def do_DELETE(self) -> None:
        path = urlsplit(self.path)
        key = path.path.removeprefix("/scratch/")
        assert parse_qs(path.query) == {"uploadId": [f"id-{key}"]}
        known = key in self.keys
        self.aborted.append(key)
        self.answer(*(204, b"") if known else (404, b"<Error><Code>NoSuchUpload</Code><Message>no</Message></Error>"))

    def answer(self, code: int, body: bytes) -> None:
        self.send_response(code)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: Any) -> None:
        """Logs nothing."""


def test_the_real_client_lists_uploads_in_parts_and_aborts_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """It calls two names of minio that are not public: see docs/adr/0024-private-names.md."""
    monkeypatch.setattr(UploadingStore, "keys", ["other/1", "team/a", "team/b/2", "team/c", "teams/d"])
    with ThreadingHTTPServer(("127.0.0.1", 0), UploadingStore) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        endpoint = f"http://127.0.0.1:{server.server_port}"
        store = S3Storage(replace(SETTINGS, endpoint=endpoint, region="us-east-1"))

        found = list(store.uploads("s3a://scratch/team"))
        for upload in [*found[:1], Upload("s3a://scratch/gone", "id-gone", WRITTEN)]:
            store.abort(upload)
        server.shutdown()
        thread.join()

    assert [upload.path for upload in found] == [f"s3a://scratch/team/{name}" for name in ("a", "b/2", "c")]
    assert found[0] == Upload("s3a://scratch/team/a", "id-team/a", WRITTEN)
    assert UploadingStore.aborted == ["team/a", "gone"]


class Chunks(Client):
    """Keeps what is put, and gives it back a little at a time."""

    content = b""

    def put_object(self, bucket: str, key: str, data: Any, length: int, **_: Any) -> None:
        self.asked.append((bucket, key))
        while part := data.read(7):
            self.given.append(part.decode())
        self.content = "".join(self.given).encode()[:length]

    def get_object(self, bucket: str, key: str) -> Any:
        if self.error:
            raise self.error
        left = [self.content[at : at + 5] for at in range(0, len(self.content), 5)]
        return SimpleNamespace(
            read=lambda _size: left.pop(0) if left else b"", close=lambda: None, release_conn=lambda: None
        )


def test_a_large_object_comes_and_goes_in_chunks(store: Any) -> None:
    client = Chunks()
    client_store = store(client)
    client_store.write_chunks("s3a://scratch/a/x", iter([b"abc", b"defghijklm", b"n"]), 14)
    assert client.asked == [("scratch", "a/x")]
    assert client.given == ["abcdefg", "hijklmn"]
    assert list(client_store.read_chunks("s3a://scratch/a/x")) == [b"abcde", b"fghij", b"klmn"]


def test_an_object_that_is_gone_while_it_is_read_is_named(store: Any) -> None:
    with pytest.raises(StorageError, match="s3a://scratch/a/x"):
        list(store(Chunks(error=refused("NoSuchKey"))).read_chunks("s3a://scratch/a/x"))
