"""The team's shelf, as whoever runs the stack sees it."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from sandbox_cli.errors import UsageError
from sandbox_cli.stack.hub.api import NOT_FOUND
from sandbox_cli.stack.session import Session


def withdraw(session: Session, author: str, name: str, version: int | None) -> list[int]:
    """Takes a version off the shelf, or all of them; returns their numbers.

    Raises:
        UsageError: There is no such notebook or version.
        StackError: The store, where the pins are, does not answer.
    """
    host = urlsplit(session.links()["shelf"]).netloc
    path = f"/notebooks/{quote(author, safe='')}/{quote(name, safe='')}" + (f"/v{version}" if version else "")
    answer = session.hub.shelf("DELETE", path, host=host, ok=(NOT_FOUND,))
    if answer.is_success:
        return list(answer.json()["withdrawn"])
    message = str(answer.json()["message"])
    raise UsageError(message[0].upper() + message[1:] + ".", hint=f"look at {session.links()['shelf']}")
