"""How much of the disk each user holds: the home, and what a server has written beside it."""

from __future__ import annotations

import json
from typing import Any

import aiohttp

from docker_api.settings import FilterSettings

# From here on the engine can count volumes alone; before, it counts images and containers as well.
VOLUMES_ALONE = (1, 42)
WHOLE_SHELF = ""  # no user has this name; as in hub/sandbox_hub/disk/usage.py


async def disk_usage(settings: FilterSettings, engine: aiohttp.ClientSession) -> dict[str, int]:
    """Returns user → bytes of homes and servers in this stack, and the whole shelf's as `WHOLE_SHELF`."""
    sizes: dict[str, int] = {}
    prefix = f"{settings.stack}-home-"
    for volume in (await _volumes(engine)).get("Volumes") or []:
        size = (volume.get("UsageData") or {}).get("Size", 0)
        if volume["Name"].startswith(prefix):
            _add(sizes, volume["Name"].removeprefix(prefix), size)
        elif volume["Name"] == settings.team_volume:
            _add(sizes, WHOLE_SHELF, size)
    filters = json.dumps({"label": [f"sandbox.stack={settings.stack}"]})
    for container in await _get(engine, "/containers/json", {"size": "1", "filters": filters}):
        if user := container["Labels"].get("sandbox.user"):
            _add(sizes, user, container.get("SizeRw") or 0)
    return sizes


def _add(sizes: dict[str, int], user: str, size: int) -> None:
    sizes[user] = sizes.get(user, 0) + max(size, 0)  # -1: not known


async def _volumes(engine: aiohttp.ClientSession) -> Any:
    known = tuple(int(part) for part in (await _get(engine, "/version", {}))["ApiVersion"].split("."))
    return await _get(engine, "/system/df", {"type": "volume"} if known >= VOLUMES_ALONE else {})


async def _get(engine: aiohttp.ClientSession, path: str, query: dict[str, str]) -> Any:
    async with engine.get(f"http://engine{path}", params=query) as answer:
        answer.raise_for_status()
        return await answer.json()
