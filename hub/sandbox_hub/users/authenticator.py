"""Accounts: NativeAuthenticator, closed to sign-ups, and managed by whoever has the scope `admin:users`."""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING, Any

import bcrypt
from bounded_http import source_address
from nativeauthenticator import NativeAuthenticator
from nativeauthenticator.orm import UserInfo
from spark_etl import usernames as names
from spark_etl.printable import printable
from sqlalchemy.orm import Session
from tornado import web

from sandbox_hub.users import accounts_api
from sandbox_hub.users.login_attempts import LoginAttempts, TooManyAttemptsError

BCRYPT_BYTES = 72
# A browser that has logged in as somebody is a source of its own for that account: behind a proxy all browsers come
# from one address, and one of them must not slow down the others.
BROWSER_COOKIE, BROWSER_DAYS = "sandbox-browser-", 90


class SandboxAuthenticator(NativeAuthenticator):
    """NativeAuthenticator's accounts, with JupyterHub's own login page and an API instead of pages of its own.

    Its pages are for signing up and approving, which nobody does here; its login page (1.3.0) needs an attribute that
    JupyterHub 6 no longer has. Its lock-out is not used: anybody could lock anybody out.
    """

    provider = "native"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._attempts = LoginAttempts()

    def get_handlers(self, app: object) -> accounts_api.Routes:
        """Returns the pages and API calls for accounts; the login page is JupyterHub's own."""
        del app
        return accounts_api.NATIVE_ROUTES

    def password_problem(self, password: str) -> str | None:
        """Returns what is wrong with a password, None if nothing is."""
        if len(password) < self.minimum_password_length:
            return f"the password must have at least {self.minimum_password_length} characters"
        if len(password.encode(errors="surrogatepass")) > BCRYPT_BYTES:
            return f"the password must not have more than {BCRYPT_BYTES} bytes"
        if printable(password, one_line=True) != password:
            return "the password has a control character or an invisible one, which no login form sends"
        if self.check_common_password and self.is_password_common(password):
            return "the password is one of the most common ones"
        return None

    def set_password(self, name: str, password: str) -> bool:
        """Makes the login, or changes its password; returns whether it was made."""
        info = self.get_user(name)
        hashed = bcrypt.hashpw(password.encode(), bcrypt.gensalt())
        if info is None:
            self.db.add(UserInfo(username=name, password=hashed, is_authorized=True))
        else:
            info.password = hashed
            info.is_authorized = True
        self.db.commit()
        self._attempts.forget(name)
        return info is None

    def logins(self, db: Session) -> list[str]:
        """Returns the names that can log in."""
        return sorted(info.username for info in UserInfo.all_users(db) if info.is_authorized)

    def check_blocked_users(self, username: str, authentication: dict[str, Any] | None = None) -> bool:
        """Returns whether the name may log in at all; the stack's own ones never do."""
        return username not in names.RESERVED and super().check_blocked_users(username, authentication)

    async def authenticate(self, handler: web.RequestHandler, data: dict[str, str] | None = None) -> str | None:
        """Returns the user's name if the password is right; after wrong ones it takes its time.

        Raises:
            HTTPError: It is no login form, or too many attempts of this source wait already.
        """
        data = data or {}
        if not {"username", "password"} <= data.keys():
            raise web.HTTPError(400, "A login has a `username` and a `password`")
        name = self.normalize_username(data["username"])
        info = self.get_user(name)
        if info is None:
            return None
        try:
            async with self._attempts.turn(_source(handler, name), name) as record:
                is_right = info.is_authorized and await _matches(data["password"], info.password)
                record(is_right)
        except TooManyAttemptsError:
            raise web.HTTPError(429, "Too many logins of this account are waiting. Try again in a minute") from None
        if is_right:
            _remember_browser(handler, name)
        return name if is_right else None


async def _matches(password: str, hashed: bytes) -> bool:
    """Returns whether a password is right; in a thread, since it takes a quarter of a second of a core."""
    given = password.encode(errors="surrogatepass")
    if len(given) > BCRYPT_BYTES or b"\0" in given:
        return False
    return await asyncio.to_thread(bcrypt.checkpw, given, hashed)


def _source(handler: web.RequestHandler, name: str) -> str:
    browser = handler.get_signed_cookie(BROWSER_COOKIE + name, max_age_days=BROWSER_DAYS)
    return f"browser {browser.decode()}" if browser else source_address(handler.request)


def _remember_browser(handler: web.RequestHandler, name: str) -> None:
    if not handler.get_signed_cookie(BROWSER_COOKIE + name, max_age_days=BROWSER_DAYS):
        handler.set_signed_cookie(
            BROWSER_COOKIE + name,
            secrets.token_urlsafe(12),
            expires_days=BROWSER_DAYS,
            path=handler.request.path,
            httponly=True,
            samesite="Lax",
            secure=handler.request.protocol == "https",
        )


if TYPE_CHECKING:  # what the API takes it for
    _accounts: type[accounts_api.NativeAccounts] = SandboxAuthenticator
