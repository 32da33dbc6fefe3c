"""An OIDC provider for tests: the user whom the browser's cookie `person` names is logged in there.

Runs in the hub's image, which has tornado. It checks what a real one checks: the client's secret, that a code is used
once, and that it is redeemed by who requested it (PKCE).
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import secrets
import sys
from typing import Any

from tornado.httputil import url_concat
from tornado.web import Application, RequestHandler

PORT = 9000
GROUPS = {"eve": ["sales"], "grace": ["platform"]}
CLIENT: dict[str, str] = json.loads(sys.argv[1]) if __name__ == "__main__" else {}
codes: dict[str, tuple[str, str]] = {}
tokens: dict[str, str] = {}


class Authorize(RequestHandler):
    """Gives a code to whoever is logged in here."""

    def get(self) -> None:
        """Redirects back to the client."""
        if self.get_argument("client_id") != CLIENT["client_id"]:
            self.send_error(400)
            return
        code = secrets.token_hex(16)
        codes[code] = (self.get_cookie("person") or "", self.get_argument("code_challenge"))
        self.redirect(
            url_concat(self.get_argument("redirect_uri"), {"code": code, "state": self.get_argument("state")})
        )


class Token(RequestHandler):
    """Redeems a code."""

    def post(self) -> None:
        """Answers with an access token, once."""
        person, challenge = codes.pop(self.get_argument("code"), ("", ""))
        digest = hashlib.sha256(self.get_argument("code_verifier").encode()).digest()
        verified = base64.urlsafe_b64encode(digest).decode().rstrip("=") == challenge
        if not verified or {name: self.get_argument(name) for name in CLIENT} != CLIENT:
            self.send_error(401)
            return
        token = secrets.token_hex(16)
        tokens[token] = person
        self.write({"access_token": token, "token_type": "Bearer", "scope": "openid"})


class UserInfo(RequestHandler):
    """Tells whose token it is."""

    def get(self) -> None:
        """Answers with name and groups."""
        person = tokens[self.request.headers["Authorization"].removeprefix("Bearer ")]
        self.write({"preferred_username": person, "groups": GROUPS.get(person, ["data"])})


async def main() -> None:
    """Serves for ever."""
    paths: list[Any] = [(r"/authorize", Authorize), (r"/token", Token), (r"/userinfo", UserInfo)]
    Application(paths).listen(PORT)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
