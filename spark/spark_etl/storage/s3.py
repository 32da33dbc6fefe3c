"""S3 through the MinIO SDK: plain S3 calls, so that any S3 works."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterable, Iterator

from spark_etl.errors import StorageError
from spark_etl.storage.base import CHUNK, StoredObject, Upload
from spark_etl.storage.paths import split_s3
from spark_etl.storage.s3_client import PROBE_SECONDS, answers, make_client
from spark_etl.storage.s3_lists import S3Lists, etag_of
from spark_etl.storage.s3_writing import ChunkStream, only_if_absent
from spark_etl.storage.settings import S3Settings

LARGEST_COPY = 5 << 30
JSON = "application/json"
TAKEN = {"PreconditionFailed", "ConditionalRequestConflict"}


class S3Storage(S3Lists):
    """Objects of S3; see `Storage`."""

    def __init__(self, settings: S3Settings) -> None:
        super().__init__(settings, make_client(settings))

    def answers(self) -> bool:
        """Returns whether the endpoint answers; a name that can't be looked up may take longer than any time-out."""
        answered: list[bool] = []
        thread = threading.Thread(target=lambda: answered.append(answers(self.settings)), daemon=True)
        thread.start()
        thread.join(PROBE_SECONDS + 1)
        return any(answered)

    def clear(self, folder: str) -> None:
        """Deletes every object below the folder, and the markers that Spark has put where it made a folder."""
        self.delete(item.path for item in self._all_below(folder))

    def find(self, path: str) -> StoredObject | None:
        """Returns an object without its content, or None."""
        from minio.error import S3Error

        bucket, key = split_s3(path)
        if not key:
            return None
        with self._errors(path):
            try:
                item = self._client.stat_object(bucket, key)
            except S3Error as error:
                if error.code == "NoSuchKey":
                    return None
                raise
        return StoredObject(path, item.size, etag_of(item), item.last_modified)

    def read(self, path: str, *, most: int | None = None) -> bytes | None:
        """Returns an object's content or its first bytes, or None."""
        from minio.error import S3Error

        bucket, key = split_s3(path)
        with self._errors(path):
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
        with self._errors(path):
            self._client.put_object(bucket, key, io.BytesIO(content), len(content), content_type=kind)

    def read_chunks(self, path: str) -> Iterator[bytes]:
        """Yields an object's content as it comes."""
        bucket, key = split_s3(path)
        with self._errors(path):
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
        with self._errors(path):
            self._client.put_object(bucket, key, ChunkStream(chunks), size)

    def create(self, path: str, content: bytes) -> bool:
        """Puts an object under the condition that there is none, which S3 decides."""
        from minio.error import S3Error

        bucket, key = split_s3(path)
        with self._errors(path):
            try:
                self._client.put_object(
                    bucket, key, io.BytesIO(content), len(content), content_type=JSON, sse=only_if_absent()
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
        with self._errors(source):
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
            with self._errors(f"s3a://{bucket}"):
                for error in self._client.remove_objects(bucket, [DeleteObject(key) for key in keys]):
                    raise StorageError(f"can't delete s3a://{bucket}/{error.name}: {error.message}")

    def abort(self, upload: Upload) -> None:
        """Aborts an upload, whose parts the store deletes."""
        from minio.error import S3Error

        bucket, key = split_s3(upload.path)
        with self._errors(upload.path):
            try:
                self._client._abort_multipart_upload(bucket, key, upload.upload_id)
            except S3Error as error:
                if error.code != "NoSuchUpload":
                    raise
