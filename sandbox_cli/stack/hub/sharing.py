"""Sharing a notebook on the team's shelf, through the server of its author; and taking it off."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

from sandbox_cli.console import Stage
from sandbox_cli.errors import StackError, UsageError
from sandbox_cli.stack.health import poll
from sandbox_cli.stack.hub.server_access import ServerAccess, access
from sandbox_cli.stack.hub_api import NOT_FOUND
from sandbox_cli.stack.session import Session

# Others may be before it, and each may take the twenty minutes that the shelf gives one.
MAX_SECONDS = 3600
SHARE_PATH = "/sandbox/share"
FOLDER = "notebooks"
ENDED = {"done", "failed"}


def share(session: Session, stage: Stage, user: str, notebook: str) -> dict[str, Any]:
    """Shares a notebook and returns the result: author, name, version, verdict, why, and the link to its page.

    Args:
        session: The stack.
        stage: Shows how far it is.
        user: Its author, in whose server it is.
        notebook: Its path as JupyterLab shows it; a file of this machine is copied to the server first.

    Raises:
        UsageError: There is no such account or notebook.
        StackError: It could not be run again.
    """
    stage.update(f"the server of {user}")
    session.hub.start_server(user)
    with access(session.hub, user) as server:
        path = _in_server(server, stage, notebook)
        answer = server.request("POST", SHARE_PATH, json={"path": path}, ok=(NOT_FOUND,))
        if answer.status_code == NOT_FOUND:
            raise StackError(
                f"The server of `{user}` was started by an older version of the sandbox, which has no `share`.",
                hint=f"stop it on {session.links()['hub']}hub/home, then try again",
            )
        result = _wait_for_end(server, stage, path, answer.json()["job"])
    if result["state"] == "failed":
        raise StackError(
            f"`{path}` was not shared: {result['message']}", hint="sandbox logs hub; sandbox logs user:shelf"
        )
    return {**result, "link": urljoin(session.links()["hub"], result["link"])}


def _wait_for_end(server: ServerAccess, stage: Stage, path: str, job: str) -> dict[str, Any]:
    """Shows how far a job is until it has ended, and returns what the shelf says of it then.

    Raises:
        StackError: It has not ended in time; it goes on all the same.
    """
    shown = ""

    def ended() -> dict[str, Any] | None:
        nonlocal shown
        progress: dict[str, Any] = server.request("GET", f"{SHARE_PATH}/{job}").json()
        if progress["message"] != shown:
            shown = str(progress["message"])
            stage.update(shown)
        return progress if progress["state"] in ENDED else None

    result = poll(ended, seconds=MAX_SECONDS, every=0.5)
    if not result:
        raise StackError(
            f"`{path}` is not shared after {MAX_SECONDS // 60} minutes, and still goes on: {shown}",
            hint="sandbox logs hub\nLook also whether it is on the shelf by now.",
        )
    return result


def _in_server(server: ServerAccess, stage: Stage, notebook: str) -> str:
    """Returns the notebook's path in the server; copies it there from this machine, if it is a file here only."""
    path = notebook.removeprefix("~/").lstrip("/")
    if _exists(server, path):
        return path
    file = Path(notebook).expanduser()
    if not file.is_file() or file.suffix != ".ipynb":
        raise UsageError(
            f"There is no notebook `{notebook}` in the server of `{server.user}`, nor on this machine.",
            hint=f"sandbox share {FOLDER}/01_first_look_at_a_checkpoint.ipynb",
        )
    target = f"{FOLDER}/{file.name}"
    if _exists(server, target):
        raise UsageError(
            f"`{notebook}` is on this machine, but the server of `{server.user}` has a notebook `{target}` already.",
            hint=f"sandbox share {shlex.quote(target)}\nIt shares the one in the server. For yours, rename the file.",
        )
    stage.update(f"copying it to {target}")
    body = {"type": "file", "format": "text", "content": file.read_text(encoding="utf-8")}
    server.request("PUT", f"/api/contents/{quote(target)}", json=body)
    return target


def _exists(server: ServerAccess, path: str) -> bool:
    url = f"/api/contents/{quote(path)}"
    return server.request("GET", url, params={"content": "0"}, ok=(NOT_FOUND, 400)).is_success


def unshare(session: Session, author: str, name: str, version: int | None) -> list[int]:
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
