"""What the hub asks docker-api for itself; DockerSpawner asks for the rest."""

from __future__ import annotations

import os

import aiohttp

SECONDS = 90


async def disk_usage() -> dict[str, int]:
    """Returns user → bytes of home and container, and by the empty name those of the shelf's volume.

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
            return {str(user): int(size) for user, size in (await answer.json()).items()}
    except aiohttp.ClientError as error:
        raise OSError(str(error)) from error
