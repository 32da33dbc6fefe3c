"""The API by which `sandbox users` and `sandbox up` see and make accounts; how many API tokens a user may have."""

from __future__ import annotations

import json
from typing import Protocol, cast

from jupyterhub import orm
from jupyterhub.apihandlers.base import APIHandler
from jupyterhub.apihandlers.users import UserTokenListAPIHandler
from jupyterhub.roles import assign_default_roles
from jupyterhub.scopes import needs_scope
from spark_etl import usernames as names
from spark_etl.printable import printable
from sqlalchemy.orm import Session
from tornado import web

Routes = list[tuple[str, type[web.RequestHandler]]]
MAX_TOKENS, MAX_NOTE_CHARS = 500, 200  # the hub shows all of a user's at once


class Accounts(Protocol):
    """What the API needs of either authenticator.

    Attributes:
        provider: `native`, or the name of an OAuth provider.
    """

    provider: str

    def logins(self, db: Session) -> list[str]:
        """Returns the names that can log in."""
        ...


class NativeAccounts(Accounts, Protocol):
    """What it needs besides of the authenticator whose passwords are the hub's own."""

    def password_problem(self, password: str) -> str | None:
        """Returns what is wrong with a password, None if nothing is."""
        ...

    def set_password(self, name: str, password: str) -> bool:
        """Makes the login, or changes its password; returns whether it was made."""
        ...


class AccountsApiHandler(APIHandler):
    """What the API's handlers share."""

    @property
    def accounts(self) -> Accounts:
        """The hub's authenticator, which has brought this API with it."""
        return cast("Accounts", self.authenticator)


class SignInHandler(AccountsApiHandler):
    """`/hub/api/sign-in`."""

    @needs_scope("admin:users")
    def get(self) -> None:
        """Sends who lets users in: `native`, or the name of an OAuth provider."""
        self.write(json.dumps({"authenticator": self.accounts.provider}))


class AccountsHandler(AccountsApiHandler):
    """`/hub/api/accounts`."""

    @needs_scope("admin:users")
    def get(self) -> None:
        """Lists the users but the stack's own: name, admin, login (`open`, or `none`: can't log in now)."""
        admin = {user.name: bool(user.admin) for user in self.db.query(orm.User) if user.name not in names.RESERVED}
        logins = set(self.accounts.logins(self.db))
        accounts = [
            {"name": name, "admin": admin.get(name, False), "login": "open" if name in logins else "none"}
            for name in sorted(admin.keys() | logins)
        ]
        self.write(json.dumps(accounts))


class AccountHandler(APIHandler):
    """`/hub/api/accounts/NAME`, where accounts are the hub's own."""

    @property
    def accounts(self) -> NativeAccounts:
        """The hub's authenticator, which has brought this API with it."""
        return cast("NativeAccounts", self.authenticator)

    @needs_scope("admin:users")
    def put(self, name: str) -> None:
        """Makes an account (201) or changes it (200); 422 when the name or the password can't be."""
        if reason := names.invalid_reason(name):
            raise web.HTTPError(422, reason)
        body = self.get_json_body()
        if not isinstance(body, dict) or not isinstance(body.get("password"), str):
            raise web.HTTPError(400, "the body must be an object with a `password`")
        if problem := self.accounts.password_problem(body["password"]):
            raise web.HTTPError(422, problem)
        user = self.user_from_username(name)
        user.admin = bool(body.get("admin"))
        assign_default_roles(self.db, entity=user.orm_user)
        self.db.commit()
        created = self.accounts.set_password(name, body["password"])
        self.set_status(201 if created else 200)
        self.write(json.dumps({"name": name, "admin": user.admin}))


class ProviderAccountHandler(AccountsApiHandler):
    """`/hub/api/accounts/NAME`, where a provider vouches for users."""

    @needs_scope("admin:users")
    def put(self, name: str) -> None:
        """Refuses (422): there is no password to give."""
        raise web.HTTPError(422, f"`{name}` gets no password: users log in through {self.accounts.provider}")


READ_ROUTES: Routes = [(r"/api/sign-in", SignInHandler), (r"/api/accounts", AccountsHandler)]
NATIVE_ROUTES: Routes = [*READ_ROUTES, (r"/api/accounts/([^/]+)", AccountHandler)]
PROVIDER_ROUTES: Routes = [*READ_ROUTES, (r"/api/accounts/([^/]+)", ProviderAccountHandler)]


def limit_tokens() -> None:
    """Makes the hub refuse more API tokens of a user, and longer notes; JupyterHub has no setting for it."""
    original_post = UserTokenListAPIHandler.post

    async def post(self: UserTokenListAPIHandler, user_name: str) -> None:
        body = self.get_json_body()
        note = body.get("note") if isinstance(body, dict) else None
        if note is not None and not (isinstance(note, str) and len(note) <= MAX_NOTE_CHARS and _is_text(note)):
            raise web.HTTPError(400, f"A token's note is a text of at most {MAX_NOTE_CHARS} characters")
        user = self.find_user(user_name) if self.current_user else None
        if user and len(user.api_tokens) >= MAX_TOKENS:
            raise web.HTTPError(429, f"{user_name} has reached the limit of {MAX_TOKENS} tokens. Revoke some first")
        await original_post(self, user_name)

    UserTokenListAPIHandler.post = post


def _is_text(text: str) -> bool:
    return printable(text) == text
