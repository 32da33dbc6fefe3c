"""Why a server is not started, in words that reach its user: on the hub's pages, and in the API's answer."""

from __future__ import annotations

import logging
from http import HTTPStatus

from jupyterhub.spawner import SpawnException


class NotStarted(SpawnException):
    """JupyterHub hands these words on, and logs a line; what else is raised is a bare 500 with a traceback.

    Args:
        words: What the user reads.
        reason: One word for it, in the hub's metrics.
        status: What the answer says.
    """

    def __init__(self, words: str, *, reason: str, status: HTTPStatus) -> None:
        super().__init__(words, reason=reason, status_code=int(status))
        # A page that has waited for the start, and the start's progress, read this only.
        self.jupyterhub_message = words


def is_news(record: logging.LogRecord) -> bool:
    """Tells whether a line of asyncio's says more than that a start was refused, which its user has been told.

    JupyterHub sends a browser on after a second, and looks no more at what becomes of the start.
    """
    return not (record.exc_info and isinstance(record.exc_info[1], NotStarted))


def no_keys(*, answers: bool) -> NotStarted:
    """Returns that a server gets no S3 keys: the store refuses them, or it doesn't answer at all."""
    what = "gives no keys (why, is in the hub's log)" if answers else "doesn't answer"
    return NotStarted(
        f"The S3 store {what}, and without keys to it no server starts. Whoever runs this stack finds the cause by "
        "`./sandbox doctor`, and starts what is stopped by `./sandbox up`.",
        reason="store",
        status=HTTPStatus.SERVICE_UNAVAILABLE,
    )


def no_size(error: ValueError) -> NotStarted:
    """Returns that a size was asked for which there is not."""
    return NotStarted(str(error), reason="size", status=HTTPStatus.UNPROCESSABLE_ENTITY)
