"""The hub's accounts that `up` makes, with generated passwords, which are in the state folder."""

from __future__ import annotations

import secrets
from typing import Any

from spark_etl.usernames import RERUN_USER, SMOKE_TEST_USER

from sandbox_cli.settings import Settings
from sandbox_cli.stack import state
from sandbox_cli.stack.hub import authentication
from sandbox_cli.stack.hub_api import Hub

FILE = "accounts.json"
FIRST = {"admin": True, "engineer": False}
DEFAULT_USER = "engineer"
PASSWORD_BYTES = 15


def remembered(settings: Settings) -> dict[str, dict[str, Any]]:
    """Returns name → password and admin of the accounts whose passwords were generated here."""
    path = settings.state_dir / FILE
    state.refuse_readable(path)
    return state.read(path, _check, anew="makes new passwords for `admin` and `engineer`")


def _check(content: dict[str, Any]) -> str:
    for name, account in content.items():
        if not isinstance(account, dict):
            return state.wrong_kind(name, account, "an object with password and admin")
        if not isinstance(account.get("password"), str) or not account["password"]:
            return state.wrong_kind(f"password` of `{name}", account.get("password"), "a text that is not empty")
    return ""


def new_password() -> str:
    """Returns a password of 120 random bits."""
    return secrets.token_urlsafe(PASSWORD_BYTES)


def remember(settings: Settings, name: str, password: str, *, admin: bool) -> None:
    """Stores a generated password."""
    state.write(settings.state_dir / FILE, {**remembered(settings), name: {"password": password, "admin": admin}})


def forget(settings: Settings, name: str) -> None:
    """Removes a stored password."""
    state.write(settings.state_dir / FILE, {k: v for k, v in remembered(settings).items() if k != name})


def ensure_first(settings: Settings, hub: Hub) -> list[str]:
    """Makes the stack's own users and, where accounts are the hub's own, the first of them; returns those it made.

    An account that is in the hub but not in the state folder (the folder was lost) gets a new password, so that
    somebody can log in at all. The admin is made an admin again: while a provider let users in, it was none.
    """
    hub.ensure_user(SMOKE_TEST_USER)
    hub.ensure_user(RERUN_USER)
    if hub.authenticator() != authentication.NATIVE:
        return []
    existing = {account["name"]: bool(account["admin"]) for account in hub.accounts() if account["login"] != "none"}
    known, made = remembered(settings), []
    for name, admin in FIRST.items():
        if name not in existing or name not in known or admin > existing[name]:
            password = known.get(name, {}).get("password") or new_password()
            remember(settings, name, password, admin=admin)
            hub.put_account(name, password, admin=admin)
            made.append(name)
    return made
