"""The MinIO SDK's client, whether an endpoint answers, and what the SDK raises as one kind of error."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from spark_etl.errors import StorageError
from spark_etl.storage.credentials import provider_for, region_of
from spark_etl.storage.settings import S3Settings

CONNECT_SECONDS = 5
PROBE_SECONDS = 3


def make_client(settings: S3Settings) -> Any:
    """Returns a client that retries what a store that is busy refuses.

    Raises:
        StorageError: The SDK is not installed, or a profile needs botocore, which is not.
    """
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


def answers(settings: S3Settings) -> bool:
    """Returns whether one request gets an answer that is no error of the server's."""
    import urllib3

    http = urllib3.PoolManager(timeout=PROBE_SECONDS, retries=False, ca_certs=_ca_bundle())
    try:
        answer = http.request("HEAD", f"{'https' if settings.secure else 'http'}://{settings.host}/")
    except (urllib3.exceptions.HTTPError, OSError):
        return False
    return answer.status < 500


@contextmanager
def translate_errors(settings: S3Settings, path: str) -> Iterator[None]:
    """Turns what the SDK raises into one error that names the store, the S3 user and the path."""
    from minio.error import MinioException, S3Error
    from urllib3.exceptions import HTTPError

    where = f"{path} at {settings.endpoint or 'AWS S3'}"
    try:
        yield
    except S3Error as error:
        raise StorageError(
            f"{where} refused {settings.s3_user}: {error.code}: {error.message}",
            hint="check the path, and AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE",
        ) from error
    except (HTTPError, MinioException, OSError, ValueError) as error:
        raise StorageError(
            f"{where} does not answer: {error}", hint="check AWS_ENDPOINT_URL_S3; in the sandbox: ./sandbox status"
        ) from error


def _ca_bundle() -> str | None:
    return os.environ.get("AWS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE")
