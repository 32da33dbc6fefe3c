"""Publishing a notebook on the team's shelf, through the server of its author."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote, urljoin

from sandbox_cli.console import Stage
from sandbox_cli.errors import StackError, UsageError
from sandbox_cli.stack.health import poll
from sandbox_cli.stack.hub import NOT_FOUND
from sandbox_cli.stack.session import Session

SECONDS = 1500
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
    path = _in_server(session, stage, user, notebook)
    base = f"/user/{user}/sandbox/publish"
    answer = session.hub.request("POST", base, json={"path": path}, ok=(NOT_FOUND,))
    if answer.status_code == NOT_FOUND:
        raise StackError(
            f"The server of `{user}` was started by an older version of the sandbox, which could not publish.",
            hint=f"stop it on {session.links()['hub']}hub/home, then try again",
        )
    job = answer.json()["job"]

    shown = ""

    def ended() -> dict[str, Any] | None:
        nonlocal shown
        told: dict[str, Any] = session.hub.request("GET", f"{base}/{job}").json()
        if told["told"] != shown:
            shown = str(told["told"])
            stage.update(shown)
        return told if told["state"] in ENDED else None

    outcome = poll(ended, seconds=SECONDS, every=0.5)
    if not outcome or outcome["state"] == "failed":
        why = outcome["told"] if outcome else f"no end after {SECONDS} s"
        raise StackError(f"`{path}` was not published: {why}", hint="sandbox logs hub; sandbox logs user:shelf")
    return {**outcome, "link": urljoin(session.links()["hub"], outcome["link"])}


def _in_server(session: Session, stage: Stage, user: str, notebook: str) -> str:
    """Returns the notebook's path in the server; copies it there from this machine, if it is a file here only."""
    path = notebook.removeprefix("~/").lstrip("/")
    if _exists(session, user, path):
        return path
    file = Path(notebook).expanduser()
    if not file.is_file() or file.suffix != ".ipynb":
        raise UsageError(
            f"There is no notebook `{notebook}` in the server of `{user}`, nor on this machine.",
            hint=f"sandbox publish {FOLDER}/01_first_look_at_a_checkpoint.ipynb",
        )
    target = f"{FOLDER}/{file.name}"
    if _exists(session, user, target):
        raise UsageError(
            f"`{notebook}` is on this machine, but the server of `{user}` has a notebook `{target}` already.",
            hint=f"sandbox publish {target}, or give the file another name",
        )
    stage.update(f"copying it to {target}")
    body = {"type": "file", "format": "text", "content": file.read_text(encoding="utf-8")}
    session.hub.request("PUT", f"/user/{user}/api/contents/{quote(target)}", json=body)
    return target


def _exists(session: Session, user: str, path: str) -> bool:
    url = f"/user/{user}/api/contents/{quote(path)}"
    return session.hub.request("GET", url, params={"content": "0"}, ok=(NOT_FOUND, 400)).is_success
