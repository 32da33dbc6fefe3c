"""The one error of this extension, with the HTTP status that it is answered with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from spark_etl.errors import ArgumentError, DamagedFileError, ReadError, SparkEtlError, StorageError

STATUSES = ((StorageError, 502), (ArgumentError, 400), (DamagedFileError, 422), (ReadError, 404))


class RefusedError(Exception):
    """Raised for what can't be shown or shared; `message` names the cause, `hint` what to do.

    Args:
        status: The HTTP status.
        message: What is wrong.
        hint: What to do instead.
    """

    def __init__(self, status: int, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.hint = hint


@contextmanager
def translate_errors(path: str) -> Iterator[None]:
    """Turns errors of reading a path, but for pyarrow's, into a `RefusedError`."""
    try:
        yield
    except SparkEtlError as error:
        status = next((status for kind, status in STATUSES if isinstance(error, kind)), 500)
        raise RefusedError(status, error.message, error.hint) from error
    except (FileNotFoundError, NotADirectoryError) as error:
        raise RefusedError(404, f"{path} is not there any more") from error
    except PermissionError as error:
        raise RefusedError(403, f"{path} may not be read: {error.strerror}") from error
