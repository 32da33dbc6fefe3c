"""Room on the disk for what is published: its author can't delete it, so what would be too much is refused before."""

from __future__ import annotations

import functools
import logging
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

from sandbox_hub import docker_api
from sandbox_hub.disk_guard import LIMIT, PLACES, in_words, size_of
from sandbox_hub.disk_use import DiskUse, in_s3
from sandbox_hub.s3_keys import HUB, Key
from sandbox_hub.secrets import secret

log = logging.getLogger("sandbox.shelf")


class NoRoomError(Exception):
    """Raised when a publication would bring its author over what a user may hold."""


class Room:
    """What authors may still add to what they hold.

    Args:
        sizes: Returns user → bytes, with what is published; it is slow.
        limit: Bytes that a user may hold.
    """

    def __init__(self, sizes: Callable[[], Awaitable[dict[str, int]]], limit: int) -> None:
        self._sizes, self._limit = sizes, limit

    async def held(self, author: str) -> int:
        """Returns the bytes that an author holds; 0 if they can't be known, as nobody is stopped for that either."""
        try:
            return (await self._sizes()).get(author, 0)
        except (OSError, ValueError) as error:
            log.warning("how much %s holds of the disk is not known: %s", author, error)
            return 0

    def check(self, author: str, held: int, more: int) -> None:
        """Lets pass what there is room for.

        Args:
            held: Bytes that the author holds without it.
            more: Bytes that it takes.

        Raises:
            NoRoomError: There is none; with the way out.
        """
        if held + more > self._limit:
            raise NoRoomError(
                f"{PLACES} of {author} hold {in_words(held)}, this takes {in_words(more)} more, and they may hold "
                f"{in_words(self._limit)}. Delete in home, in ~/team/{author} or below s3://scratch/users/{author}/ "
                "what is not needed, then publish again; published notebooks go by `./sandbox unpublish`, on the host"
            )


def of_this_hub(shelf: Path) -> Room:
    """Returns the room of the hub's services, from their environment and the hub's secret.

    Args:
        shelf: The whole of it, with the folders of users.
    """
    key = Key(HUB, secret("s3_secret_key"))
    objects = functools.partial(in_s3, os.environ["AWS_ENDPOINT_URL_S3"], os.environ["AWS_REGION"], key)
    limit = size_of(os.environ.get("SANDBOX_HOME_LIMIT") or LIMIT)
    return Room(DiskUse(docker_api.disk, shelf, objects), limit)
