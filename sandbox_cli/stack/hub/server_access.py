"""The way into one user's server: with a token that opens that server, and nothing else, and ends with the visit.

What runs in a server is its user's own, so it may keep whatever it is sent: never send it the command's own token.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

import httpx

from sandbox_cli.errors import StackError
from sandbox_cli.stack.hub_api import NOT_FOUND, Hub

# Longer than sharing a notebook may take; a visit that is killed leaves its token for no longer.
SECONDS = 4000


class ServerAccess:
    """A user's running server.

    Args:
        host: The host by which the hub's proxy knows it; empty if it has no address of its own.
        token: Opens this server only.
    """

    def __init__(self, hub: Hub, user: str, host: str, token: str) -> None:
        self.user = user
        self.address = hub.url
        self.path = f"/user/{user}"
        # Only browsers find an address below `localhost` everywhere, so it is reached at 127.0.0.1 all the same.
        self.host = host or urlsplit(hub.url).netloc
        self.headers = {"Authorization": f"token {token}"}
        self._hub = hub

    def request(self, method: str, path: str, *, ok: tuple[int, ...] = (), **more: Any) -> httpx.Response:
        """Calls the server; `path` begins with a slash, below its own.

        Raises:
            StackError: It doesn't answer, or with an error that is not in `ok`.
        """
        headers = {"Host": self.host, **self.headers}
        return self._hub.request(method, f"{self.path}{path}", ok=ok, headers=headers, **more)


@contextmanager
def access(hub: Hub, user: str) -> Iterator[ServerAccess]:
    """Makes a token for the user's running server; it is revoked when the block ends.

    Raises:
        StackError: The hub makes none.
    """
    model = hub.server(user)
    request = {"note": "sandbox: a visit", "expires_in": SECONDS, "scopes": [f"access:servers!user={user}"]}
    token = hub.request("POST", f"/hub/api/users/{user}/tokens", json=request).json()
    try:
        yield ServerAccess(hub, user, urlsplit(model["url"]).netloc if model else "", token["token"])
    finally:
        with suppress(StackError):  # it ends by itself; the result of the visit, or its error, is more important
            hub.request("DELETE", f"/hub/api/users/{user}/tokens/{token['id']}", ok=(NOT_FOUND,))
