"""How much of the disk each user holds: the home, and what a server has written beside it; bytes, and files.

The engine tells bytes only, and of empty files there may be any number. So files are counted in each server that runs,
by a process of its user there: not every engine lets a process of root read what is the user's.
"""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

import aiohttp

from docker_api.settings import FilterSettings

# From here on the engine can count volumes alone; before, it counts images and containers as well.
VOLUMES_ALONE = (1, 42)
COUNT_SECONDS = 20
# Where a user's processes can write, but for the shelf, which the hub looks at, and other file systems.
PLACES = ("/home", "/tmp", "/var/tmp")  # noqa: S108 - of a user's container
# A process goes on when nobody reads any more: so it has a time of its own.
COUNT = ["timeout", str(COUNT_SECONDS), "find", *PLACES, "-xdev", "-printf", "."]
log = logging.getLogger("docker-api")
WHOLE_SHELF = ""  # no user has this name; as in hub/sandbox_hub/disk/usage.py


async def disk_usage(settings: FilterSettings, engine: aiohttp.ClientSession) -> dict[str, dict[str, int]]:
    """Returns what users of this stack hold.

    `bytes` has user → bytes of home and server, and the whole shelf's as `WHOLE_SHELF`; `files` has user → files and
    folders in both, of the servers that run.
    """
    sizes: dict[str, int] = {}
    files: dict[str, int] = {}
    prefix = f"{settings.stack}-home-"
    for volume in (await _volumes(engine)).get("Volumes") or []:
        size = (volume.get("UsageData") or {}).get("Size", 0)
        if volume["Name"].startswith(prefix):
            _add(sizes, volume["Name"].removeprefix(prefix), size)
        elif volume["Name"] == settings.team_volume:
            _add(sizes, WHOLE_SHELF, size)
    counts = []
    filters = json.dumps({"label": [f"sandbox.stack={settings.stack}"]})
    for container in await _get(engine, "/containers/json", {"size": "1", "filters": filters}):
        if user := container["Labels"].get("sandbox.user"):
            _add(sizes, user, container.get("SizeRw") or 0)
            if container.get("State") == "running":
                counts.append(_count_files(engine, container["Id"], user))
    for counted in await asyncio.gather(*counts):  # at a time: each has its seconds, and the hub does not wait for all
        files |= counted
    return {"bytes": sizes, "files": files}


async def _count_files(engine: aiohttp.ClientSession, container: str, user: str) -> dict[str, int]:
    """Returns user → files and folders in their server; as many as were counted in time, nothing if they can't be."""
    counted = 0
    try:
        async with asyncio.timeout(COUNT_SECONDS):
            call = {"Cmd": COUNT, "Tty": True, "AttachStdout": True}
            async with engine.post(f"http://engine/containers/{container}/exec", json=call) as created:
                created.raise_for_status()
                process = (await created.json())["Id"]
            start = {"Detach": False, "Tty": True}
            async with engine.post(f"http://engine/exec/{process}/start", json=start) as answer:
                answer.raise_for_status()
                async for chunk in answer.content.iter_chunked(1 << 16):
                    counted += chunk.count(b".")
    except TimeoutError:
        log.info("files of %s: %d counted in %d s", container[:12], counted, COUNT_SECONDS)
    except aiohttp.ClientError as error:  # it has just ended, or has no process to spare
        log.warning("the files of %s can't be counted: %s", container[:12], error)
        return {}
    return {user: counted}


def _add(sizes: dict[str, int], user: str, size: int) -> None:
    sizes[user] = sizes.get(user, 0) + max(size, 0)  # -1: not known


async def _volumes(engine: aiohttp.ClientSession) -> Any:
    known = tuple(int(part) for part in (await _get(engine, "/version", {}))["ApiVersion"].split("."))
    return await _get(engine, "/system/df", {"type": "volume"} if known >= VOLUMES_ALONE else {})


async def _get(engine: aiohttp.ClientSession, path: str, query: dict[str, str]) -> Any:
    async with engine.get(f"http://engine{path}", params=query) as answer:
        answer.raise_for_status()
        return await answer.json()
