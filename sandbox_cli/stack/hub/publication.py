"""Publishing a notebook on the team's shelf, through the server of its author."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote, urljoin

from sandbox_cli.console import Stage
from sandbox_cli.errors import StackError, UsageError
from sandbox_cli.stack.health import poll
from sandbox_cli.stack.hub.api import NOT_FOUND
from sandbox_cli.stack.hub.server_access import ServerAccess, access
from sandbox_cli.stack.session import Session

# Others may be before it, and each may take the twenty minutes that the shelf gives one.
SECONDS = 3600
BASE = "/sandbox/publish"
FOLDER = "notebooks"
ENDED = {"done", "failed"}


def publish(session: Session, stage: Stage, user: str, notebook: str) -> dict[str, Any]:
    """Publishes a notebook and returns what came of it, with the address of its page.

    Args:
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
        answer = server.request("POST", BASE, json={"path": path}, ok=(NOT_FOUND,))
        if answer.status_code == NOT_FOUND:
            raise StackError(
                f"The server of `{user}` was started by an older version of the sandbox, which could not publish.",
                hint=f"stop it on {session.links()['hub']}hub/home, then try again",
            )
        outcome = _followed(server, stage, path, answer.json()["job"])
    if outcome["state"] == "failed":
        raise StackError(
            f"`{path}` was not published: {outcome['told']}", hint="sandbox logs hub; sandbox logs user:shelf"
        )
    return {**outcome, "link": urljoin(session.links()["hub"], outcome["link"])}


def _followed(server: ServerAccess, stage: Stage, path: str, job: str) -> dict[str, Any]:
    """Tells how far a publication is until it has ended, and returns what it says then.

    Raises:
        StackError: It has not ended in time; it goes on all the same.
    """
    shown = ""

    def ended() -> dict[str, Any] | None:
        nonlocal shown
        told: dict[str, Any] = server.request("GET", f"{BASE}/{job}").json()
        if told["told"] != shown:
            shown = str(told["told"])
            stage.update(shown)
        return told if told["state"] in ENDED else None

    outcome = poll(ended, seconds=SECONDS, every=0.5)
    if not outcome:
        raise StackError(
            f"`{path}` is not published after {SECONDS // 60} minutes, and still goes on: {shown}",
            hint="look at the shelf for it; sandbox logs hub",
        )
    return outcome


def _in_server(server: ServerAccess, stage: Stage, notebook: str) -> str:
    """Returns the notebook's path in the server; copies it there from this machine, if it is a file here only."""
    path = notebook.removeprefix("~/").lstrip("/")
    if _exists(server, path):
        return path
    file = Path(notebook).expanduser()
    if not file.is_file() or file.suffix != ".ipynb":
        raise UsageError(
            f"There is no notebook `{notebook}` in the server of `{server.user}`, nor on this machine.",
            hint=f"sandbox publish {FOLDER}/01_first_look_at_a_checkpoint.ipynb",
        )
    target = f"{FOLDER}/{file.name}"
    if _exists(server, target):
        raise UsageError(
            f"`{notebook}` is on this machine, but the server of `{server.user}` has a notebook `{target}` already.",
            hint=f"sandbox publish {target}, or give the file another name",
        )
    stage.update(f"copying it to {target}")
    body = {"type": "file", "format": "text", "content": file.read_text(encoding="utf-8")}
    server.request("PUT", f"/api/contents/{quote(target)}", json=body)
    return target


def _exists(server: ServerAccess, path: str) -> bool:
    url = f"/api/contents/{quote(path)}"
    return server.request("GET", url, params={"content": "0"}, ok=(NOT_FOUND, 400)).is_success
