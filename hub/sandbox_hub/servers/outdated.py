"""Servers that were started with other secrets than the stack has now: Spark refuses them until they are restarted.

Secrets are made anew when the state folder on the host was lost. A server that is used goes on, and its user is told.
One that is idle is stopped, and gets the new ones at its user's next visit.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import aiohttp

GIVEN = ("spark_auth_secret", "spark_connect_token")
# Servers report each five minutes what they did.
IDLE = timedelta(minutes=15)
ANSWER_SECONDS, MAX_ANSWER_BYTES = 5, 1 << 20
log = logging.getLogger("sandbox.servers")


def secrets_key(read: Callable[[str], str]) -> str:
    """Returns what stands for the secrets that servers are given now; nobody finds them by it.

    Args:
        read: Returns a secret by its name.
    """
    return hashlib.sha256("\0".join(map(read, GIVEN)).encode()).hexdigest()[:16]


def is_idle(last_activity: datetime | None, now: datetime | None = None) -> bool:
    """Returns whether a server has done nothing for long.

    Args:
        last_activity: As the hub's database has it: in UTC, without a time zone.
        now: The time in UTC; now, if not given.
    """
    now = now or datetime.now(UTC)
    return last_activity is not None and now - last_activity.replace(tzinfo=UTC) > IDLE


async def is_computing(url: str, token: str) -> bool:
    """Returns whether a kernel of a server runs a cell: one that prints nothing is no activity that a server reports.

    Args:
        url: The server's, with a slash at its end.
        token: Opens it.
    """
    headers, timeout = {"Authorization": f"token {token}"}, aiohttp.ClientTimeout(total=ANSWER_SECONDS)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, headers=headers) as session,
            session.get(f"{url}api/kernels", allow_redirects=False) as answer,
        ):
            answer.raise_for_status()
            kernels = json.loads(await _read(answer.content))
            return any(kernel["execution_state"] == "busy" for kernel in kernels)
    except (aiohttp.ClientError, TimeoutError, ValueError, KeyError, TypeError, RecursionError) as error:
        log.warning("%s does not say what its kernels do: %s", url, type(error).__name__)
        return False


async def _read(content: aiohttp.StreamReader) -> bytes:
    found = b""
    async for chunk in content.iter_chunked(1 << 16):
        found += chunk
        if len(found) > MAX_ANSWER_BYTES:
            raise ValueError
    return found
