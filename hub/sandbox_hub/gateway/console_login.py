"""Signs the hub's users in to the S3 console, each with keys of their own for an hour: nobody has to look up keys.

The console's token stays in this process. The browser never has it, so it can't be left behind for whoever logs in to
the hub next, and no script of another page can read it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from http import HTTPStatus
from http.cookies import SimpleCookie

import aiohttp
from urllib3.exceptions import HTTPError

from sandbox_hub.keys.s3_keys import Key

RENEW_SECONDS = 1800.0
TOKEN = "token"  # noqa: S105 - the cookie's name


class ConsoleLogins:
    """The console's tokens, by the hub's user.

    Args:
        address: The console's URL inside the stack.
        make_key: Makes temporary keys of a user; it blocks.
    """

    def __init__(self, address: str, make_key: Callable[[str], Key]) -> None:
        self._address = address
        self._make_key = make_key
        self._tokens: dict[str, tuple[str, float]] = {}

    async def cookie(self, client: aiohttp.ClientSession, user: str) -> str:
        """Returns the Cookie header of the user, signed in anew when it is getting old; empty if they can't be."""
        token, since = self._tokens.get(user, ("", 0.0))
        if not token or time.monotonic() - since > RENEW_SECONDS:
            token = await self._sign_in(client, user)
            self._tokens[user] = (token, time.monotonic())
        return f"{TOKEN}={token}" if token else ""

    def forget(self, user: str) -> None:
        """Lets the next request sign in again: the console was restarted, or the user signed out."""
        self._tokens.pop(user, None)

    async def _sign_in(self, client: aiohttp.ClientSession, user: str) -> str:
        try:
            key = await asyncio.to_thread(self._make_key, user)
        except (HTTPError, ValueError) as error:  # ValueError: a store that is only starting gives no keys
            raise aiohttp.ClientConnectionError(f"no keys from the S3 store: {error}") from None
        body = {"accessKey": key.access, "secretKey": key.secret, "sts": key.session}
        async with client.post(f"{self._address}/api/v1/login", json=body) as answer:
            if answer.status != HTTPStatus.NO_CONTENT:
                logging.getLogger("sandbox.ui").warning("the S3 console refuses %s: %s", user, answer.status)
                return ""
            morsel = SimpleCookie(answer.headers.get("Set-Cookie", "")).get(TOKEN)
            return morsel.coded_value if morsel else ""
