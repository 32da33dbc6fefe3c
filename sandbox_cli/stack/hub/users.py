"""The hub's accounts: each with a login and a home of its own."""

from __future__ import annotations

import shlex
from typing import Any

from docker.errors import NotFound
from spark_etl import usernames

from sandbox_cli.errors import UsageError
from sandbox_cli.stack.hub import accounts, authentication, user_servers
from sandbox_cli.stack.session import Session


def list_accounts(session: Session) -> list[dict[str, Any]]:
    """Returns the accounts: name, admin, login (`open`, `none`), server (`running` or empty)."""
    return [
        {**account, "server": "running" if session.hub.server(account["name"]) else ""}
        for account in session.hub.accounts()
    ]


def generated_password(session: Session, name: str) -> str:
    """Returns the password that was generated for an account.

    Raises:
        UsageError: None was: its owner chose it, there is no such account, or a provider lets users in.
    """
    sign_in = authentication.load(session.settings)
    if not sign_in.native:
        raise _no_passwords(sign_in.authenticator)
    known = accounts.remembered(session.settings)
    if name not in known:
        raise UsageError(
            f"There is no generated password of `{name}` here. Known: {', '.join(sorted(known)) or 'none'}.",
            hint=f"sandbox users passwd {shlex.quote(name)}",
        )
    return str(known[name]["password"])


def refuse_foreign(session: Session) -> None:
    """Refuses to make accounts where an OAuth provider lets users in.

    Raises:
        UsageError: It does.
    """
    name = session.hub.authenticator()
    if name != authentication.NATIVE:
        raise _no_passwords(name)


def _no_passwords(authenticator: str) -> UsageError:
    return UsageError(
        f"Users log in through `{authenticator}`: there are no accounts and no passwords to make here. "
        f"{authentication.FILE} says who may log in.",
        hint=f"see {authentication.DOCS}",
    )


def refuse_existing(session: Session, name: str) -> None:
    """Refuses a name that can't be an account's, or is one already.

    Raises:
        UsageError: With the reason.
    """
    if reason := usernames.invalid_reason(name):
        raise UsageError(f"{reason}.", hint="sandbox users list\nIt shows the names that are taken.")
    if name in _names(session):
        raise UsageError(f"There is an account `{name}` already.", hint=f"sandbox users passwd {name}")


def refuse_unknown(session: Session, name: str) -> None:
    """Refuses a name that is no account's.

    Raises:
        UsageError: With the accounts there are.
    """
    names = _names(session)
    if name not in names:
        native = _is_native(session)
        hint = (
            f"sandbox users add {shlex.quote(name)}"
            if native
            else f"{name} is known here after a first login at the provider"
        )
        raise UsageError(f"There is no account `{name}`. Known: {', '.join(names)}.", hint=hint)


def resolve_user(session: Session, name: str | None) -> str:
    """Returns the user of a command: who is named, else the account that `up` makes for who works alone.

    Raises:
        UsageError: There is no such account; or no user is named where a provider lets users in.
    """
    if name is None and not _is_native(session):
        raise UsageError(
            "Users log in through a provider, so a user must be named.",
            hint="add --user NAME; `sandbox users list` shows who there is",
        )
    chosen = name or accounts.DEFAULT_USER
    refuse_unknown(session, chosen)
    return chosen


def _is_native(session: Session) -> bool:
    return session.hub.authenticator() == authentication.NATIVE


def _names(session: Session) -> list[str]:
    return sorted(str(account["name"]) for account in session.hub.accounts())


def add(session: Session, name: str, password: str | None, *, admin: bool) -> str:
    """Makes the account; returns a message."""
    return f"account `{name}` made{_set_password(session, name, password, admin=admin)}"


def change_password(session: Session, name: str, password: str | None) -> str:
    """Gives the account another password; returns a message."""
    admin = next(bool(account["admin"]) for account in session.hub.accounts() if account["name"] == name)
    return f"password of `{name}` changed{_set_password(session, name, password, admin=admin)}"


def _set_password(session: Session, name: str, password: str | None, *, admin: bool) -> str:
    new = password if password is not None else accounts.new_password()
    session.hub.put_account(name, new, admin=admin)
    if password is None:
        accounts.remember(session.settings, name, new, admin=admin)
        return f"; its password: sandbox users show {name}"
    accounts.forget(session.settings, name)
    return ""


def remove(session: Session, name: str, *, with_home: bool) -> str:
    """Removes the account and its server; returns a message.

    Raises:
        UsageError: It is one of those that `up` makes.
    """
    native = _is_native(session)
    if native and name in accounts.FIRST:
        raise UsageError(
            f"`{name}` is made by every `up`, so it can't be removed.", hint=f"sandbox users passwd {name}"
        )
    user_servers.end(session, name)
    session.hub.remove_account(name)
    accounts.forget(session.settings, name)
    message = _remove_home(session, name, with_home=with_home)
    return message if native else f"{message}; it comes back with its next login, if {authentication.FILE} allows it"


def _remove_home(session: Session, name: str, *, with_home: bool) -> str:
    home = f"{session.settings.stack}-home-{name}"
    if not with_home:
        return f"account `{name}` removed; its home stays in the volume {home}"
    try:
        session.engine.client.volumes.get(home).remove()
    except NotFound:
        return f"account `{name}` removed; it had no home yet"
    return f"account `{name}` and its home removed"
