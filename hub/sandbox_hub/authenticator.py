"""Accounts: NativeAuthenticator, closed to sign-ups, and managed by whoever has the scope `admin:users`."""

from __future__ import annotations

import json
from typing import Any

import bcrypt
from jupyterhub import orm
from jupyterhub.apihandlers.base import APIHandler
from jupyterhub.roles import assign_default_roles
from jupyterhub.scopes import needs_scope
from nativeauthenticator import NativeAuthenticator
from nativeauthenticator.orm import UserInfo
from tornado import web

BCRYPT_BYTES = 72


class SandboxAuthenticator(NativeAuthenticator):
    """NativeAuthenticator's accounts, with JupyterHub's own login page and an API instead of pages of its own.

    Its pages are for signing up and approving, which nobody does here; its login page (1.3.0) needs an attribute that
    JupyterHub 6 no longer has.
    """

    def get_handlers(self, app: Any) -> list[tuple[str, type]]:
        """Returns the pages and API calls for accounts; the login page is JupyterHub's own."""
        del app
        return [
            (r"/api/accounts", AccountsHandler),
            (r"/api/accounts/([^/]+)", AccountHandler),
        ]

    def weakness(self, password: str) -> str | None:
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

    def logins(self) -> list[str]:
        """Returns the names that can log in."""
        return sorted(info.username for info in UserInfo.all_users(self.db) if info.is_authorized)

    async def authenticate(self, handler: Any, data: dict[str, str]) -> str | None:
        """Returns the user's name if the password is right; a locked account never is."""
        if len(data.get("password", "").encode()) > BCRYPT_BYTES:
            return None
        name: str | None = await super().authenticate(handler, data)
        return name


class AccountsHandler(APIHandler):
    """`/hub/api/accounts`."""

    @needs_scope("admin:users")
    def get(self) -> None:
        """Lists the accounts: name, admin, locked."""
        admins = {user.name for user in self.db.query(orm.User) if user.admin}
        accounts = [
            {"name": name, "admin": name in admins, "locked": bool(self.authenticator.is_blocked(name))}
            for name in self.authenticator.logins()
        ]
        self.write(json.dumps(accounts))


class AccountHandler(APIHandler):
    """`/hub/api/accounts/NAME`."""

    @needs_scope("admin:users")
    def put(self, name: str) -> None:
        """Makes an account (201) or changes it (200); 422 when the name or the password can't be."""
        if not self.authenticator.validate_username(name) or name != self.authenticator.normalize_username(name):
            raise web.HTTPError(422, f"`{name}` can't be a user's name")
        body = self.get_json_body()
        if not isinstance(body, dict) or not isinstance(body.get("password"), str):
            raise web.HTTPError(400, "the body must be an object with a `password`")
        if weakness := self.authenticator.weakness(body["password"]):
            raise web.HTTPError(422, weakness)
        user = self.user_from_username(name)
        user.admin = bool(body.get("admin"))
        assign_default_roles(self.db, entity=user.orm_user)
        self.db.commit()
        made = self.authenticator.set_password(name, body["password"])
        self.set_status(201 if made else 200)
        self.write(json.dumps({"name": name, "admin": user.admin}))
