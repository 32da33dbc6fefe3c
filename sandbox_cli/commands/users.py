"""`sandbox users add | list | show | passwd | remove`."""

from __future__ import annotations

import getpass
import sys
from typing import Annotated

import typer

from sandbox_cli.commands.context import Json, Yes, call
from sandbox_cli.console import Console
from sandbox_cli.errors import UsageError
from sandbox_cli.stack import session
from sandbox_cli.stack.hub import users

app = typer.Typer(help="The hub's accounts: add, list, show, passwd, remove.", no_args_is_help=False)
Name = Annotated[str, typer.Argument(help="The account's name.")]
Stdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from the first line of stdin.")]
Generate = Annotated[bool, typer.Option("--generate", help="Generate it; `users show NAME` prints it.")]


@app.callback(invoke_without_command=True)
def overview(context: typer.Context) -> None:
    """The hub's accounts; without a verb, list them."""
    if context.invoked_subcommand is None:
        list_users(context)


@app.command("list")
def list_users(context: typer.Context, *, json: Json = False) -> None:
    """List the accounts."""
    given = call(context)
    found = users.list_accounts(session.running(given.console, given.settings, session.ACCOUNTS))
    if json:
        given.console.json(found)
        return
    rows = [
        [
            user["name"],
            "admin" if user["admin"] else "",
            user["login"] if user["login"] != "open" else "",
            user["server"],
        ]
        for user in found
    ]
    given.console.table(["name", "role", "login", "server"], rows)


@app.command("show")
def show(context: typer.Context, name: Name, *, json: Json = False) -> None:
    """Print the generated password of an account."""
    given = call(context)
    password = users.generated_password(session.attach(given.console, given.settings), name)
    if json:
        given.console.json({"name": name, "password": password})
    else:
        given.console.data(password)


@app.command("add")
def add(
    context: typer.Context,
    name: Name,
    *,
    admin: Annotated[bool, typer.Option("--admin", help="May manage the hub and other users' servers.")] = False,
    password_stdin: Stdin = False,
    generate: Generate = False,
) -> None:
    """Make an account."""
    given = call(context)
    found = session.running(given.console, given.settings, session.ACCOUNTS)
    users.refuse_foreign(found)
    users.refuse_existing(found, name)
    password = _password(given.console, from_stdin=password_stdin, generate=generate)
    given.console.info(users.add(found, name, password, admin=admin))


@app.command("passwd")
def passwd(context: typer.Context, name: Name, *, password_stdin: Stdin = False, generate: Generate = False) -> None:
    """Give an account another password."""
    given = call(context)
    found = session.running(given.console, given.settings, session.ACCOUNTS)
    users.refuse_foreign(found)
    users.refuse_unknown(found, name)
    password = _password(given.console, from_stdin=password_stdin, generate=generate)
    given.console.info(users.change_password(found, name, password))


@app.command("remove")
def remove(
    context: typer.Context,
    name: Name,
    *,
    home: Annotated[bool, typer.Option("--home", help="Delete the user's home volume too.")] = False,
    yes: Yes = False,
) -> None:
    """Remove an account and its server; the home stays unless --home."""
    given = call(context)
    found = session.running(given.console, given.settings, session.ACCOUNTS)
    users.refuse_unknown(found, name)
    if home and not yes and not given.console.ask(f"Delete the home of `{name}`? This can't be undone."):
        raise typer.Exit(1)
    given.console.info(users.remove(found, name, with_home=home))


def _password(console: Console, *, from_stdin: bool, generate: bool) -> str | None:
    """Returns the password, from a prompt or from stdin, never from the command line; None if one is to be generated.

    Raises:
        UsageError: The two entries differ, or there is no terminal to ask on.
    """
    if generate:
        return None
    if from_stdin:
        return sys.stdin.readline().rstrip("\n")
    if console.plain or not sys.stdin.isatty():
        raise UsageError(
            "Without a terminal, a password can't be asked for.",
            hint="with --generate one is made, with --password-stdin it is read from stdin",
        )
    first = getpass.getpass("password: ")
    if getpass.getpass("again: ") != first:
        raise UsageError("The two passwords differ; nothing was changed.")
    return first
