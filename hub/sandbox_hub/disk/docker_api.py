"""What the hub asks docker-api for itself; DockerSpawner asks for the rest."""

from __future__ import annotations

import os

import aiohttp

SECONDS = 90


async def disk_usage() -> tuple[dict[str, int], dict[str, int]]:
    """Returns user → bytes of home and container, and by the empty name those of the shelf's volume; user → files.

    Files are told of the servers that run only.

    Raises:
        OSError: It doesn't answer, or refuses.
    """
    url = os.environ["DOCKER_HOST"].replace("tcp://", "http://", 1)
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=SECONDS)) as session,
            session.get(f"{url}/_disk") as answer,
        ):
            answer.raise_for_status()
            found = await answer.json()
            sizes, files = ({str(user): int(size) for user, size in found[key].items()} for key in ("bytes", "files"))
            return sizes, files
    except aiohttp.ClientError as error:
        raise OSError(str(error)) from error
