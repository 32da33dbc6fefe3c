"""How much of the disk an author may hold: what would go beyond it is refused before."""

from __future__ import annotations

import functools
import logging
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

from spark_etl.units import format_bytes

from sandbox_hub.disk import docker_api
from sandbox_hub.disk.guard import LIMIT, PLACES, parse_bytes
from sandbox_hub.disk.usage import DiskUse, in_s3
from sandbox_hub.keys.s3_keys import HUB_S3_USER, Key
from sandbox_hub.keys.secrets import read_secret

log = logging.getLogger("sandbox.shelf")


class QuotaExceededError(Exception):
    """Raised when a notebook would bring its author over what a user may hold."""


class Quota:
    """What authors may still add to what they hold.

    Args:
        sizes: Returns user → bytes, with shared notebooks; it is slow.
        limit: Bytes that a user may hold.
    """

    def __init__(self, sizes: Callable[[], Awaitable[dict[str, int]]], limit: int) -> None:
        self._sizes, self._limit = sizes, limit

    async def used(self, author: str) -> int:
        """Returns the bytes that an author holds; 0 if they are not known: no server is stopped for that either."""
        try:
            return (await self._sizes()).get(author, 0)
        except (OSError, ValueError) as error:
            log.warning("how much %s holds of the disk is not known: %s", author, error)
            return 0

    def check(self, author: str, used: int, added: int) -> None:
        """Refuses what there is no room for.

        Args:
            author: Whose notebook it is.
            used: Bytes that the author holds without it.
            added: Bytes that it takes.

        Raises:
            QuotaExceededError: There is no room; the message says what to delete.
        """
        if used + added > self._limit:
            hold, takes, limit = (format_bytes(size, binary=True) for size in (used, added, self._limit))
            raise QuotaExceededError(
                f"{PLACES} of {author} hold {hold}, this takes {takes} more, and they "
                f"may hold {limit}. Delete in home, in ~/team/{author} or below "
                f"s3://scratch/users/{author}/ what is not needed, then share it again; shared notebooks are removed "
                "by `./sandbox unshare`, on the host"
            )


def quota_from_env(shelf: Path) -> Quota:
    """Returns the quota by this process's environment and the hub's secret.

    Args:
        shelf: The whole of it, with the folders of users.
    """
    key = Key(HUB_S3_USER, read_secret("s3_secret_key"))
    objects = functools.partial(in_s3, os.environ["AWS_ENDPOINT_URL_S3"], os.environ["AWS_REGION"], key)
    limit = parse_bytes(os.environ.get("SANDBOX_HOME_LIMIT") or LIMIT)
    return Quota(DiskUse(docker_api.disk_usage, shelf, objects), limit)
