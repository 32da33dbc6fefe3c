"""Why a server is not started, with messages that reach its user: on the hub's pages, and in the API's answer."""

from __future__ import annotations

import logging
from http import HTTPStatus

from jupyterhub.spawner import SpawnException


class StartError(SpawnException):
    """Raised where a server can't start: JupyterHub shows the message, and logs a line; of others it makes a bare 500.

    Args:
        message: What the user reads.
        reason: One word for it, in the hub's metrics.
        status: What the answer says.
    """

    def __init__(self, message: str, *, reason: str, status: HTTPStatus) -> None:
        super().__init__(message, reason=reason, status_code=int(status))
        # A page that has waited for the start, and the start's progress, read this only.
        self.jupyterhub_message = message


def is_unexpected(record: logging.LogRecord) -> bool:
    """Returns whether a line of asyncio's says more than that a start was refused, which its user has read.

    JupyterHub sends a browser on after a second, and looks no more at what becomes of the start.
    """
    return not (record.exc_info and isinstance(record.exc_info[1], StartError))


def no_keys_error(*, answers: bool) -> StartError:
    """Returns the error of a server that gets no S3 keys: the store refuses them, or doesn't answer at all."""
    what = "gives no keys (why, is in the hub's log)" if answers else "doesn't answer"
    return StartError(
        f"The S3 store {what}, and without keys to it no server starts. Whoever runs this stack finds the cause by "
        "`./sandbox doctor`, and starts what is stopped by `./sandbox up`.",
        reason="store",
        status=HTTPStatus.SERVICE_UNAVAILABLE,
    )


def unknown_size_error(error: ValueError) -> StartError:
    """Returns the error of a size that there is not."""
    return StartError(str(error), reason="size", status=HTTPStatus.UNPROCESSABLE_ENTITY)
