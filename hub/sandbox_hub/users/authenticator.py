"""Accounts: NativeAuthenticator, closed to sign-ups, and managed by whoever has the scope `admin:users`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bcrypt
from nativeauthenticator import NativeAuthenticator
from nativeauthenticator.orm import UserInfo
from spark_etl import usernames as names
from sqlalchemy.orm import Session
from tornado.web import RequestHandler

from sandbox_hub.users import accounts_api

BCRYPT_BYTES = 72


class SandboxAuthenticator(NativeAuthenticator):
    """NativeAuthenticator's accounts, with JupyterHub's own login page and an API instead of pages of its own.

    Its pages are for signing up and approving, which nobody does here; its login page (1.3.0) needs an attribute that
    JupyterHub 6 no longer has.
    """

    provider = "native"

    def get_handlers(self, app: object) -> accounts_api.Routes:
        """Returns the pages and API calls for accounts; the login page is JupyterHub's own."""
        del app
        return accounts_api.NATIVE_ROUTES

    def password_problem(self, password: str) -> str | None:
        """Returns what is wrong with a password, None if nothing is."""
        if len(password) < self.minimum_password_length:
            return f"the password must have at least {self.minimum_password_length} characters"
        if len(password.encode()) > BCRYPT_BYTES:
            return f"the password must not have more than {BCRYPT_BYTES} bytes"
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
        self.successful_login(name)  # a new password ends a lock-out
        return info is None

    def logins(self, db: Session) -> list[str]:
        """Returns the names that can log in."""
        return sorted(info.username for info in UserInfo.all_users(db) if info.is_authorized)

    def check_blocked_users(self, username: str, authentication: dict[str, Any] | None = None) -> bool:
        """Returns whether the name may log in at all; the stack's own ones never do."""
        return username not in names.RESERVED and super().check_blocked_users(username, authentication)

    async def authenticate(self, handler: RequestHandler, data: dict[str, str]) -> str | None:
        """Returns the user's name if the password is right; a locked account never is."""
        if len(data.get("password", "").encode()) > BCRYPT_BYTES:
            return None
        return await super().authenticate(handler, data)


if TYPE_CHECKING:  # what the API takes it for
    _accounts: type[accounts_api.NativeAccounts] = SandboxAuthenticator
