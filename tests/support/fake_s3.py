"""As much of S3 as copying between two stores needs, in memory, for tests without a stack; no signature is checked."""

from __future__ import annotations

import hashlib
import itertools
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape, unescape

from spark_etl.storage import S3Settings

from minio import Minio

MODIFIED = "2024-02-29T10:11:12.000Z"
IDS = itertools.count()


@dataclass
class Stored:
    """An object, in the parts that it was uploaded in; an upload in one request has one, and a plain ETag."""

    parts: list[bytes]
    is_plain: bool = True

    @property
    def content(self) -> bytes:
        return b"".join(self.parts)

    @property
    def etag(self) -> str:
        hashes = [hashlib.md5(part).digest() for part in self.parts]  # noqa: S324
        return hashes[0].hex() if self.is_plain else f"{hashlib.md5(b''.join(hashes)).hexdigest()}-{len(hashes)}"  # noqa: S324


@dataclass
class FakeS3:
    """A store: `bucket/key` → object.

    Attributes:
        port: On 127.0.0.1.
        written: What was written and deleted, in order.
    """

    port: int = 0
    objects: dict[str, Stored] = field(default_factory=dict)
    buckets: set[str] = field(default_factory=set)
    uploads: dict[str, dict[int, bytes]] = field(default_factory=dict)
    written: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def settings(self) -> S3Settings:
        return S3Settings(f"http://127.0.0.1:{self.port}", "us-east-1", "key", "secret")

    def client(self, _user: str = "", _password: str = "") -> Minio:
        return Minio(
            endpoint=f"127.0.0.1:{self.port}", access_key="key", secret_key="secret", secure=False, region="us-east-1"
        )

    def put(self, path: str, *parts: bytes, is_plain: bool = True) -> str:
        """Puts an object at `s3a://bucket/key`; returns its ETag."""
        name = path.split("://", 1)[1]
        self.buckets.add(name.partition("/")[0])
        self.objects[name] = Stored(list(parts), is_plain)
        return self.objects[name].etag

    def paths(self) -> set[str]:
        return {f"s3a://{name}" for name in self.objects}


@contextmanager
def fake_s3() -> Iterator[FakeS3]:
    """Gives a store that answers."""
    store = FakeS3()
    handler = type("Handler", (_Handler,), {"store": store})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        store.port = server.server_port
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield store
        server.shutdown()


class _Handler(BaseHTTPRequestHandler):
    store: FakeS3
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        pass

    @property
    def _name(self) -> str:
        return unquote(urlsplit(self.path).path).lstrip("/").rstrip("/")

    @property
    def _query(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.path).query, keep_blank_values=True).items()}

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _answer(self, status: int, content: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Last-Modified": "Thu, 29 Feb 2024 10:11:12 GMT", **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        if "Content_Length" not in headers:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_HEAD(self) -> None:
        found = self.store.objects.get(self._name)
        if found is None:
            self._answer(404)
            return
        number = self._query.get("partNumber")
        content = found.parts[int(number) - 1] if number else found.content
        self._answer(206 if number else 200, Content_Length=str(len(content)), ETag=f'"{found.etag}"')

    def do_GET(self) -> None:
        if "/" not in self._name:
            self._answer(200, self._listing().encode())
            return
        found = self.store.objects.get(self._name)
        if found is None:
            text = (
                f"<Error><Code>NoSuchKey</Code><Message>no</Message><Resource>{escape(self._name)}</Resource></Error>"
            )
            self._answer(404, text.encode(), Content_Type="application/xml")
            return
        self._answer(200, found.content, ETag=f'"{found.etag}"')

    def _listing(self) -> str:
        query, bucket = self._query, self._name
        prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
        folders, entries = set(), []
        for name, item in sorted(self.store.objects.copy().items()):
            key = name.removeprefix(f"{bucket}/")
            if not name.startswith(f"{bucket}/{prefix}"):
                continue
            rest = key[len(prefix) :]
            if delimiter and delimiter in rest:
                folders.add(prefix + rest.partition(delimiter)[0] + delimiter)
                continue
            entries.append(
                f"<Contents><Key>{escape(key)}</Key><LastModified>{MODIFIED}</LastModified>"
                f"<ETag>{item.etag}</ETag><Size>{len(item.content)}</Size></Contents>"
            )
        common = "".join(
            f"<CommonPrefixes><Prefix>{escape(each)}</Prefix></CommonPrefixes>" for each in sorted(folders)
        )
        head = f"<Name>{bucket}</Name><Prefix>{escape(prefix)}</Prefix><IsTruncated>false</IsTruncated>"
        return f"<ListBucketResult>{head}{''.join(entries)}{common}</ListBucketResult>"

    def do_PUT(self) -> None:
        body, name, query = self._body(), self._name, self._query
        if "/" not in name:
            self.store.buckets.add(name)
            self._answer(200)
        elif "uploadId" in query:
            self.store.uploads[query["uploadId"]][int(query["partNumber"])] = body
            self._answer(200, ETag=f'"{hashlib.md5(body).hexdigest()}"')  # noqa: S324
        elif self.headers.get("If-None-Match") == "*":
            with self.store.lock:
                self._create(name, Stored([body]))
        else:
            self._put(name, Stored([body]))

    def _create(self, name: str, item: Stored) -> None:
        if name in self.store.objects:
            text = "<Error><Code>PreconditionFailed</Code><Message>no</Message></Error>"
            self._answer(412, text.encode(), Content_Type="application/xml")
        else:
            self._put(name, item)

    def _put(self, name: str, item: Stored, content: bytes = b"") -> None:
        if name.partition("/")[0] not in self.store.buckets:
            self._answer(404, b"<Error><Code>NoSuchBucket</Code></Error>", Content_Type="application/xml")
            return
        self.store.objects[name] = item
        self.store.written.append(name)
        self._answer(200, content, ETag=f'"{item.etag}"')

    def do_POST(self) -> None:
        body, name, query = self._body(), self._name, self._query
        if "delete" in query:
            for key in re.findall(r"<Key>(.*?)</Key>", body.decode()):
                self.store.objects.pop(f"{name}/{unescape(key)}", None)
            self._answer(200, b"<DeleteResult></DeleteResult>")
            return
        if "uploads" in query:
            upload = f"upload-{next(IDS)}"
            self.store.uploads[upload] = {}
            text = f"<InitiateMultipartUploadResult><UploadId>{upload}</UploadId></InitiateMultipartUploadResult>"
            self._answer(200, text.encode())
            return
        parts = self.store.uploads.pop(query["uploadId"])
        item = Stored([parts[number] for number in sorted(parts)], is_plain=False)
        bucket, _, key = name.partition("/")
        text = (
            f"<CompleteMultipartUploadResult><Bucket>{bucket}</Bucket><Key>{escape(key)}</Key>"
            f'<ETag>"{item.etag}"</ETag></CompleteMultipartUploadResult>'
        )
        self._put(name, item, text.encode())
