"""S3 through the MinIO SDK: plain S3 calls, so that any S3 works."""

from __future__ import annotations

import io
import itertools
import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from spark_etl.errors import StorageError
from spark_etl.storage.base import CHUNK, Entry, StoredObject, Upload
from spark_etl.storage.credentials import provider_for, region_of
from spark_etl.storage.paths import split_s3
from spark_etl.storage.settings import S3Settings

CONNECT_SECONDS = 5
PROBE_SECONDS = 3
LARGEST_COPY = 5 << 30
JSON = "application/json"
TAKEN = {"PreconditionFailed", "ConditionalRequestConflict"}
MOST_NAMES = 1000


class S3Storage:
    """Objects of S3; see `Storage`."""

    def __init__(self, settings: S3Settings) -> None:
        self.settings = settings
        self._client = _client(settings)

    def answers(self) -> bool:
        """Returns whether the endpoint answers; a name that can't be looked up may take longer than any time-out."""
        answered: list[bool] = []
        thread = threading.Thread(target=lambda: answered.append(_answers(self.settings)), daemon=True)
        thread.start()
        thread.join(PROBE_SECONDS + 1)
        return any(answered)

    def walk(self, folder: str) -> Iterator[StoredObject]:
        """Yields every object below the folder, without the markers of folders that Spark writes."""
        for item in self._walk(folder):
            if not item.path.endswith("/"):
                yield item

    def clear(self, folder: str) -> None:
        """Deletes every object below the folder, and the markers that Spark has put where it made a folder."""
        self.delete(item.path for item in self._walk(folder))

    def folders(self, folder: str, *, after: str = "", before: str = "") -> list[str]:
        """Returns the names of the folders directly below; no page is asked for behind `before`."""
        bucket, key = split_s3(folder)
        prefix = _as_prefix(key)
        options: dict[str, Any] = {"start_after": f"{prefix}{after}"} if after else {}
        names = []
        with self._translate_errors(folder):
            for item in self._client.list_objects(bucket, prefix=prefix, recursive=False, **options):
                name = item.object_name.rstrip("/").rsplit("/", 1)[-1]
                if before and item.is_dir and name >= before:
                    break
                if item.is_dir and name > after:
                    names.append(name)
        return sorted(names)

    def names(self, folder: str) -> list[str]:
        """Returns the names of the folders and objects directly below; at most a thousand."""
        bucket, key = split_s3(folder)
        with self._translate_errors(folder):
            items = itertools.islice(self._client.list_objects(bucket, prefix=_as_prefix(key)), MOST_NAMES)
            return sorted({item.object_name.rstrip("/").rsplit("/", 1)[-1] for item in items} - {""})

    def entries(self, folder: str) -> Iterator[Entry]:
        """Yields the folders and objects directly below, a page of the store's at a time."""
        bucket, key = split_s3(folder)
        prefix = _as_prefix(key)
        with self._translate_errors(folder):
            for item in self._client.list_objects(bucket, prefix=prefix):
                yield _entry(item, prefix)

    def find(self, path: str) -> StoredObject | None:
        """Returns an object without its content, or None."""
        from minio.error import S3Error

        bucket, key = split_s3(path)
        if not key:
            return None
        with self._translate_errors(path):
            try:
                item = self._client.stat_object(bucket, key)
            except S3Error as error:
                if error.code == "NoSuchKey":
                    return None
                raise
        return StoredObject(path, item.size, _etag(item), item.last_modified)

    def read(self, path: str, *, most: int | None = None) -> bytes | None:
        """Returns an object's content or its first bytes, or None."""
        from minio.error import S3Error

        bucket, key = split_s3(path)
        with self._translate_errors(path):
            try:
                response = self._client.get_object(bucket, key)
            except S3Error as error:
                if error.code == "NoSuchKey":
                    return None
                raise
            try:
                return bytes(response.read(most))
            finally:
                response.close()
                response.release_conn()

    def write(self, path: str, content: bytes) -> None:
        """Puts an object; S3 shows it whole or not at all."""
        bucket, key = split_s3(path)
        kind = JSON if key.endswith(".json") else "application/octet-stream"
        with self._translate_errors(path):
            self._client.put_object(bucket, key, io.BytesIO(content), len(content), content_type=kind)

    def read_chunks(self, path: str) -> Iterator[bytes]:
        """Yields an object's content as it comes."""
        bucket, key = split_s3(path)
        with self._translate_errors(path):
            response = self._client.get_object(bucket, key)
            try:
                while chunk := response.read(CHUNK):
                    yield bytes(chunk)
            finally:
                response.close()
                response.release_conn()

    def write_chunks(self, path: str, chunks: Iterable[bytes], size: int) -> None:
        """Puts an object, a large one in parts; S3 shows it whole or not at all."""
        bucket, key = split_s3(path)
        with self._translate_errors(path):
            self._client.put_object(bucket, key, _Stream(chunks), size)

    def create(self, path: str, content: bytes) -> bool:
        """Puts an object under the condition that there is none, which S3 decides."""
        from minio.error import S3Error

        bucket, key = split_s3(path)
        with self._translate_errors(path):
            try:
                self._client.put_object(
                    bucket, key, io.BytesIO(content), len(content), content_type=JSON, sse=_only_if_absent()
                )
            except S3Error as error:
                if error.code in TAKEN:
                    return False
                raise
        return True

    def copy(self, source: str, target: str) -> None:
        """Lets the store copy; an object of more than 5 GiB in parts, as S3 wants it."""
        from minio.commonconfig import ComposeSource, CopySource

        (bucket, key), (to_bucket, to_key) = split_s3(source), split_s3(target)
        with self._translate_errors(source):
            size = self._client.stat_object(bucket, key).size or 0
            if size <= LARGEST_COPY:
                self._client.copy_object(to_bucket, to_key, CopySource(bucket, key))
            else:
                self._client.compose_object(to_bucket, to_key, [ComposeSource(bucket, key)])

    def delete(self, paths: Iterable[str]) -> None:
        """Deletes the objects."""
        from minio.deleteobjects import DeleteObject

        by_bucket: dict[str, list[str]] = {}
        for path in paths:
            bucket, key = split_s3(path)
            by_bucket.setdefault(bucket, []).append(key)
        for bucket, keys in by_bucket.items():
            with self._translate_errors(f"s3a://{bucket}"):
                for error in self._client.remove_objects(bucket, [DeleteObject(key) for key in keys]):
                    raise StorageError(f"can't delete s3a://{bucket}/{error.name}: {error.message}")

    def uploads(self, folder: str) -> Iterator[Upload]:
        """Yields the uploads in parts that have neither ended nor been aborted.

        The bucket's are asked for without a prefix: MinIO takes a prefix for the whole name of an object.
        """
        bucket, key = split_s3(folder)
        root = folder[: len(folder) - len(key)].rstrip("/")
        prefix, after = _as_prefix(key), None
        with self._translate_errors(folder):
            while True:  # see docs/adr/0024-private-names.md
                page = self._client._list_multipart_uploads(bucket, key_marker=after)
                for each in page.uploads:
                    if each.object_name.startswith(prefix) and each.upload_id and each.initiated_time:
                        yield Upload(f"{root}/{each.object_name}", each.upload_id, each.initiated_time)
                if not page.is_truncated or page.next_key_marker in {None, after}:
                    return
                after = page.next_key_marker

    def abort(self, upload: Upload) -> None:
        """Aborts an upload, whose parts the store deletes."""
        from minio.error import S3Error

        bucket, key = split_s3(upload.path)
        with self._translate_errors(upload.path):
            try:
                self._client._abort_multipart_upload(bucket, key, upload.upload_id)
            except S3Error as error:
                if error.code != "NoSuchUpload":
                    raise

    def _walk(self, folder: str) -> Iterator[StoredObject]:
        bucket, key = split_s3(folder)
        root = folder[: len(folder) - len(key)].rstrip("/")
        with self._translate_errors(folder):
            for item in self._client.list_objects(bucket, prefix=_as_prefix(key), recursive=True):
                yield StoredObject(f"{root}/{item.object_name}", item.size, _etag(item), item.last_modified)

    @contextmanager
    def _translate_errors(self, path: str) -> Iterator[None]:
        """Turns what the SDK raises into one error that names the store, the S3 user and the path."""
        from minio.error import MinioException, S3Error
        from urllib3.exceptions import HTTPError

        where = f"{path} at {self.settings.endpoint or 'AWS S3'}"
        try:
            yield
        except S3Error as error:
            raise StorageError(
                f"{where} refused {self.settings.s3_user}: {error.code}: {error.message}",
                hint="check the path, and AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE",
            ) from error
        except (HTTPError, MinioException, OSError, ValueError) as error:
            raise StorageError(
                f"{where} does not answer: {error}", hint="check AWS_ENDPOINT_URL_S3; in the sandbox: ./sandbox status"
            ) from error


class _Stream:
    """Chunks as what the SDK reads from."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._rest = b""

    def read(self, size: int = -1) -> bytes:
        """Returns the next bytes, as many as are asked for unless it is the end."""
        parts, length = [self._rest], len(self._rest)
        while size < 0 or length < size:
            chunk = next(self._chunks, b"")
            if not chunk:
                break
            parts.append(chunk)
            length += len(chunk)
        content = b"".join(parts)
        wanted = len(content) if size < 0 else size
        self._rest = content[wanted:]
        return content[:wanted]


def _only_if_absent() -> Any:
    """Returns the condition of a PUT that is to write no object over another.

    `put_object` makes metadata of headers that it does not know, but sends those of an encryption as they are: see
    docs/adr/0024-private-names.md.
    """
    from minio.sse import Sse

    class OnlyIfAbsent(Sse):
        def headers(self) -> dict[str, str]:
            return {"If-None-Match": "*"}

        def tls_required(self) -> bool:
            return False

    return OnlyIfAbsent()


def _etag(item: Any) -> str | None:
    return (item.etag or "").strip('"') or None


def _entry(item: Any, prefix: str) -> Entry:
    name = "" if item.object_name == prefix else item.object_name.rstrip("/").rsplit("/", 1)[-1]
    return Entry(name, is_folder=True) if item.is_dir else Entry(name, False, item.size, item.last_modified)


def _as_prefix(key: str) -> str:
    return f"{key}/" if key else ""


def _client(settings: S3Settings) -> Any:
    try:
        import urllib3

        from minio import Minio
    except ImportError:
        raise StorageError("reading S3 needs the Python package `minio`", hint="pip install minio") from None
    retries = urllib3.Retry(total=3, backoff_factor=0.2, status_forcelist=[500, 502, 503, 504])
    timeout = urllib3.Timeout(connect=CONNECT_SECONDS, read=settings.read_seconds)
    http = urllib3.PoolManager(timeout=timeout, retries=retries, maxsize=16, ca_certs=_ca_bundle())
    return Minio(
        settings.host,
        secure=settings.secure,
        region=region_of(settings),
        credentials=provider_for(settings),
        http_client=http,
    )


def _ca_bundle() -> str | None:
    return os.environ.get("AWS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE")


def _answers(settings: S3Settings) -> bool:
    """Returns whether one request gets an answer that is no error of the server's."""
    import urllib3

    http = urllib3.PoolManager(timeout=PROBE_SECONDS, retries=False, ca_certs=_ca_bundle())
    try:
        answer = http.request("HEAD", f"{'https' if settings.secure else 'http'}://{settings.host}/")
    except (urllib3.exceptions.HTTPError, OSError):
        return False
    return answer.status < 500
