"""Lessons in the server of a user: listed, started, checked and reset there."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from sandbox_cli.console import Stage
from sandbox_cli.errors import StackError
from sandbox_cli.stack.hub.lab_requests import ask_lab, lab_link, server_link
from sandbox_cli.stack.session import Session

API, PAGE = "/sandbox/learn/api", "sandbox/learn"
SECONDS = 330  # more than the server gives its command
STEPS = {
    "start": "the project and its run",
    "check": "the answer, and the replay with the fix",
    "hint": "the hint",
    "reset": "the project",
}


def list_lessons(session: Session, stage: Stage, user: str) -> list[dict[str, Any]]:
    """Returns the lessons, with how far a user is.

    Raises:
        UsageError: The server refuses, with its reason.
        StackError: It does not answer, or is of an older version.
    """
    answer = ask_lab(session, stage, user, API, what="learn", step="the list")
    lessons = answer.get("lessons")
    if not isinstance(lessons, list) or not all(isinstance(lesson, dict) for lesson in lessons):
        raise _no_answer(user)  # what runs in a server is its user's own
    return lessons


def act(
    session: Session, stage: Stage, user: str, action: str, lesson: int | None, **given: str | None
) -> dict[str, Any]:
    """Returns what came of an action; of a start, `link` is the page of the notebook.

    Args:
        session: The stack.
        stage: Shows how far it is.
        user: In whose server.
        action: `start`, `hint`, `check` or `reset`.
        lesson: Its number; None: the one that was worked on last.
        given: Of an answer: `feature`, `rows`, `of`.

    Raises:
        UsageError: The server refuses, with its reason.
        StackError: It does not answer, or is of an older version.
    """
    body = {"action": action, "lesson": lesson, **{name: text for name, text in given.items() if text is not None}}
    answer = ask_lab(session, stage, user, API, what="learn", step=STEPS[action], body=body, seconds=SECONDS)
    lines = answer.get("lines")
    if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
        raise _no_answer(user)
    path = PurePosixPath(str(answer.get("path") or ""))
    if path.suffix == ".ipynb" and not path.is_absolute() and ".." not in path.parts:
        answer["link"] = lab_link(session, user, str(path))
    return answer


def page_link(session: Session, user: str) -> str:
    """Returns the page of lessons in a user's server."""
    return server_link(session, user, PAGE)


def _no_answer(user: str) -> StackError:
    return StackError(f"The server of `{user}` does not answer as lessons do.", hint=f"sandbox logs user:{user}")
