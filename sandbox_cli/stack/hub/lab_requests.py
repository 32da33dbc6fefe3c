"""What the command asks of the sandbox's extension in a user's server, which is started if need be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urljoin

from sandbox_cli import program
from sandbox_cli.console import Stage
from sandbox_cli.errors import StackError, UsageError
from sandbox_cli.stack.hub.server_access import access
from sandbox_cli.stack.hub_api import NOT_FOUND
from sandbox_cli.stack.session import Session

SECONDS = 90  # more than the server gives its command
REFUSALS = (400, NOT_FOUND, 409, 413, 422, 500, 502, 504)


def ask_lab(
    session: Session,
    stage: Stage,
    user: str,
    address: str,
    *,
    what: str,
    step: str,
    body: Mapping[str, Any] | None = None,
    seconds: float = SECONDS,
) -> dict[str, Any]:
    """Returns what the extension answers.

    Args:
        session: The stack.
        stage: Shows how far it is.
        user: In whose server.
        address: Below the server's own, with a slash.
        what: The verb that asks.
        step: What is waited for, once the server runs.
        body: What is sent by POST; None: it is asked by GET.
        seconds: How long the answer may take.

    Raises:
        UsageError: The server refuses, with its reason.
        StackError: It does not answer, or is of an older version.
    """
    stage.update(f"the server of {user}")
    session.hub.start_server(user)
    stage.update(step)
    more: dict[str, Any] = {} if body is None else {"json": body}
    with access(session.hub, user) as server:
        method = "GET" if body is None else "POST"
        answer = server.request(method, address, ok=REFUSALS, timeout=seconds, **more)
    try:
        content = answer.json()
    except ValueError:
        content = None
    if isinstance(content, dict) and answer.is_success:
        return content
    if isinstance(content, dict) and "hint" in content:
        hint = program.for_terminal(str(content["hint"] or ""))
        raise UsageError(_sentence(str(content.get("message"))), hint=hint or None)
    if answer.status_code == NOT_FOUND:
        raise StackError(
            f"The server of `{user}` was started by an older version of the sandbox, which has no `{what}`.",
            hint=f"stop it on {session.links()['hub']}hub/home, then try again",
        )
    raise StackError(f"The server of `{user}` answers {answer.status_code}.", hint=f"sandbox logs user:{user}")


def server_link(session: Session, user: str, address: str) -> str:
    """Returns a page of a user's server, such as `lab/tree/…`."""
    model = session.hub.server(user)
    return urljoin(session.links()["hub"], f"{model['url'] if model else f'/user/{user}/'}{address}")


def lab_link(session: Session, user: str, path: str) -> str:
    """Returns the page of a file of a user's home in JupyterLab."""
    return server_link(session, user, f"lab/tree/{quote(path)}")


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
