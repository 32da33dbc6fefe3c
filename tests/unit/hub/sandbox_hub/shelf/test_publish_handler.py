"""Who may publish, and how many of theirs wait: refused with words that reach the author."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest
from sandbox_hub import names
from sandbox_hub.shelf import jobs, service
from sandbox_hub.shelf.jobs import MOST_WAITING, Jobs
from sandbox_hub.shelf.rerun import Again, Rerun
from sandbox_hub.shelf.store import Shelf
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port

Answer = tuple[int, dict[str, Any]]


class Busy(Rerun):
    """A server that runs the first notebook for ever."""

    def __init__(self) -> None:
        super().__init__("http://hub", "token", "keeper")

    async def run(self, notebook: dict[str, Any], tell: Any) -> Again:
        del notebook, tell
        await asyncio.Event().wait()
        raise AssertionError


@pytest.fixture
def answers(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Answer]]:
    """Returns what the shelf answers to publications, each an author and a notebook's name."""
    # The hub is not here to tell whose token it is.
    monkeypatch.setattr(
        service.Page, "get_current_user", lambda page: {"name": page.request.headers["Authorization"].split()[1]}
    )

    async def ask(publications: tuple[tuple[str, str], ...]) -> list[Answer]:
        none: Any = None
        jobs = Jobs(Shelf(tmp_path), none, Busy(), "sandbox/notebook:1")
        socket, port = bind_unused_port()
        server = HTTPServer(service.application(Shelf(tmp_path), none, jobs))
        server.add_socket(socket)
        told = []
        async with aiohttp.ClientSession() as session:
            for author, name in publications:
                body = {"path": f"{name}.ipynb", "content": json.dumps({"cells": []})}
                url, headers = (
                    f"http://127.0.0.1:{port}/services/shelf/api/publish",
                    {"Authorization": f"token {author}"},
                )
                async with session.post(url, json=body, headers=headers) as answer:
                    told.append((answer.status, await answer.json()))
        server.stop()
        return told

    return lambda *publications: asyncio.run(ask(publications))


@pytest.mark.parametrize("author", names.RESERVED)
def test_the_stacks_own_users_publish_nothing(answers: Callable[..., list[Answer]], author: str) -> None:
    told = {"message": f"`{author}` is the stack's own user, and publishes nothing"}
    assert answers((author, "x")) == [(403, told)]


def test_an_author_who_has_enough_waiting_is_told_which(answers: Callable[..., list[Answer]]) -> None:
    mine = [("ada", name) for name in ("first", "orders", "late", "users")]
    *taken, refused, of_another = answers(*mine, ("ada", "more"), ("bob", "his"))

    assert [status for status, _ in taken] == [202] * (1 + MOST_WAITING), "one runs, the others wait"
    told = "3 publications of ada wait already. Publish again when one of them has begun: orders, late, users"
    assert refused == (429, {"message": told})
    assert of_another[0] == 202


@pytest.mark.parametrize("content", ['{"cells": []', '{"cells": [' + "[]," * 1_000_001 + "[]]}", "7"])
def test_what_is_no_notebook_or_would_fill_the_memory_is_refused(content: str) -> None:
    with pytest.raises((ValueError, TypeError)):
        service.wanted(json.dumps({"path": "x.ipynb", "content": content}).encode())


def test_what_waits_is_limited_in_all(answers: Callable[..., list[Answer]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "MOST_BYTES", 30)
    *taken, refused = answers(*[(author, "x") for author in ("ada", "bob", "eve")])
    assert [status for status, _ in taken] == [202, 202]
    told = "the notebooks that wait are too large together. Publish again when some of them are done"
    assert refused == (429, {"message": told})
