"""The API by which `sandbox users` and `sandbox up` see and make accounts."""

from __future__ import annotations

import json

from jupyterhub import orm
from jupyterhub.apihandlers.base import APIHandler
from jupyterhub.roles import assign_default_roles
from jupyterhub.scopes import needs_scope
from tornado import web

from sandbox_hub import names


class SignInHandler(APIHandler):
    """`/hub/api/sign-in`."""

    @needs_scope("admin:users")
    def get(self) -> None:
        """Tells who lets users in: `native`, or the name of an OAuth provider."""
        self.write(json.dumps({"authenticator": self.authenticator.provider}))


class AccountsHandler(APIHandler):
    """`/hub/api/accounts`."""

    @needs_scope("admin:users")
    def get(self) -> None:
        """Lists the users but the stack's own: name, admin, login (`open`, `locked`, `none`)."""
        admin = {user.name: bool(user.admin) for user in self.db.query(orm.User) if user.name not in names.RESERVED}
        logins = set(self.authenticator.logins(self.db))
        accounts = [
            {"name": name, "admin": admin.get(name, False), "login": self._login(name, logins)}
            for name in sorted(admin.keys() | logins)
        ]
        self.write(json.dumps(accounts))

    def _login(self, name: str, logins: set[str]) -> str:
        """Returns whether a name can log in; who was let in by another authenticator before can't."""
        if name not in logins:
            return "none"
        return "locked" if self.authenticator.is_blocked(name) else "open"


class AccountHandler(APIHandler):
    """`/hub/api/accounts/NAME`, where accounts are the hub's own."""

    @needs_scope("admin:users")
    def put(self, name: str) -> None:
        """Makes an account (201) or changes it (200); 422 when the name or the password can't be."""
        if told := names.refusal(name):
            raise web.HTTPError(422, told)
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


class NoAccountHandler(APIHandler):
    """`/hub/api/accounts/NAME`, where a provider vouches for users."""

    @needs_scope("admin:users")
    def put(self, name: str) -> None:
        """Refuses (422): there is no password to give."""
        raise web.HTTPError(422, f"`{name}` gets no password: users log in through {self.authenticator.provider}")


READING = [(r"/api/sign-in", SignInHandler), (r"/api/accounts", AccountsHandler)]
OWN = [*READING, (r"/api/accounts/([^/]+)", AccountHandler)]
FOREIGN = [*READING, (r"/api/accounts/([^/]+)", NoAccountHandler)]
