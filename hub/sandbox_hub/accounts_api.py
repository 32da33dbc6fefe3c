"""The API by which `sandbox users` and `sandbox up` see and make accounts."""

from __future__ import annotations

import json
from typing import Protocol, cast

from jupyterhub import orm
from jupyterhub.apihandlers.base import APIHandler
from jupyterhub.roles import assign_default_roles
from jupyterhub.scopes import needs_scope
from spark_etl import usernames as names
from sqlalchemy.orm import Session
from tornado import web

Routes = list[tuple[str, type[web.RequestHandler]]]


class Accounts(Protocol):
    """What the API asks of either authenticator.

    Attributes:
        provider: `native`, or the name of an OAuth provider.
    """

    provider: str

    def logins(self, db: Session) -> list[str]:
        """Returns the names that can log in."""
        ...

    def is_blocked(self, name: str, /) -> bool:
        """Returns whether too many wrong passwords were given."""
        ...


class OwnAccounts(Accounts, Protocol):
    """What it asks besides of the one whose passwords are the hub's own."""

    def weakness(self, password: str) -> str | None:
        """Returns what is wrong with a password, None if nothing is."""
        ...

    def set_password(self, name: str, password: str) -> bool:
        """Makes the login, or changes its password; returns whether it was made."""
        ...


class AccountsPage(APIHandler):
    """Part of the API."""

    @property
    def accounts(self) -> Accounts:
        """The hub's authenticator, which has brought this API with it."""
        return cast("Accounts", self.authenticator)


class SignInHandler(AccountsPage):
    """`/hub/api/sign-in`."""

    @needs_scope("admin:users")
    def get(self) -> None:
        """Tells who lets users in: `native`, or the name of an OAuth provider."""
        self.write(json.dumps({"authenticator": self.accounts.provider}))


class AccountsHandler(AccountsPage):
    """`/hub/api/accounts`."""

    @needs_scope("admin:users")
    def get(self) -> None:
        """Lists the users but the stack's own: name, admin, login (`open`, `locked`, `none`)."""
        admin = {user.name: bool(user.admin) for user in self.db.query(orm.User) if user.name not in names.RESERVED}
        logins = set(self.accounts.logins(self.db))
        accounts = [
            {"name": name, "admin": admin.get(name, False), "login": self._login(name, logins)}
            for name in sorted(admin.keys() | logins)
        ]
        self.write(json.dumps(accounts))

    def _login(self, name: str, logins: set[str]) -> str:
        """Returns whether a name can log in; who was let in by another authenticator before can't."""
        if name not in logins:
            return "none"
        return "locked" if self.accounts.is_blocked(name) else "open"


class AccountHandler(APIHandler):
    """`/hub/api/accounts/NAME`, where accounts are the hub's own."""

    @property
    def accounts(self) -> OwnAccounts:
        """The hub's authenticator, which has brought this API with it."""
        return cast("OwnAccounts", self.authenticator)

    @needs_scope("admin:users")
    def put(self, name: str) -> None:
        """Makes an account (201) or changes it (200); 422 when the name or the password can't be."""
        if told := names.refusal(name):
            raise web.HTTPError(422, told)
        body = self.get_json_body()
        if not isinstance(body, dict) or not isinstance(body.get("password"), str):
            raise web.HTTPError(400, "the body must be an object with a `password`")
        if weakness := self.accounts.weakness(body["password"]):
            raise web.HTTPError(422, weakness)
        user = self.user_from_username(name)
        user.admin = bool(body.get("admin"))
        assign_default_roles(self.db, entity=user.orm_user)
        self.db.commit()
        made = self.accounts.set_password(name, body["password"])
        self.set_status(201 if made else 200)
        self.write(json.dumps({"name": name, "admin": user.admin}))


class NoAccountHandler(AccountsPage):
    """`/hub/api/accounts/NAME`, where a provider vouches for users."""

    @needs_scope("admin:users")
    def put(self, name: str) -> None:
        """Refuses (422): there is no password to give."""
        raise web.HTTPError(422, f"`{name}` gets no password: users log in through {self.accounts.provider}")


READING: Routes = [(r"/api/sign-in", SignInHandler), (r"/api/accounts", AccountsHandler)]
OWN: Routes = [*READING, (r"/api/accounts/([^/]+)", AccountHandler)]
FOREIGN: Routes = [*READING, (r"/api/accounts/([^/]+)", NoAccountHandler)]
