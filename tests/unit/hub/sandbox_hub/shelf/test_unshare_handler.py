"""Taking a notebook off the shelf: by its author or the command, with its pin, and never half of it without a word."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sandbox_hub.shelf import service
from sandbox_hub.shelf.checkpoints import CheckpointStore
from sandbox_hub.shelf.handlers import ShelfHandler
from sandbox_hub.shelf.store import Record, Shelf
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port

from tests.unit.hub.sandbox_hub.shelf.test_store import NOTEBOOK, RECORD

ONLY_THEIR_AUTHOR = "shared notebooks are removed only by their author, or by ./sandbox unshare"
ADA = {"kind": "user", "name": "ada"}
COMMAND = {"kind": "service", "name": "sandbox-cli"}


class Pins(CheckpointStore):
    """A store that keeps pins, or is away."""

    def __init__(self, *, away: bool = False) -> None:
        super().__init__("http://minio:9000", "us-east-1", lambda _: pytest.fail("must not be called"))
        self.away, self.gone = away, list[int]()

    def unpin(self, record: Record) -> None:
        if self.away:
            raise ValueError("no keys")
        self.gone.append(record.version)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """A shelf with two versions of ada's notebook."""
    shelf = Shelf(tmp_path)
    for version in (1, 2):
        shelf.add(replace(RECORD, version=version, title="Debug `net_orders` <b>"), NOTEBOOK, b"{}")
    return shelf


def withdraw(
    monkeypatch: pytest.MonkeyPatch, shelf: Shelf, pins: Pins, path: str, who: dict[str, str] = COMMAND
) -> tuple[int, dict[str, Any]]:
    """Returns what the shelf answers to this user or service."""
    monkeypatch.setattr(ShelfHandler, "get_current_user", lambda _: who)
    queue: Any = None

    async def ask() -> tuple[int, dict[str, Any]]:
        socket, port = bind_unused_port()
        server = HTTPServer(service.application(shelf, pins, queue))
        server.add_socket(socket)
        url = f"http://127.0.0.1:{port}/services/shelf/api/notebooks/{path}"
        async with (
            aiohttp.ClientSession(headers={"Authorization": "token x"}) as session,
            session.delete(url) as answer,
        ):
            received = answer.status, await answer.json()
        server.stop()
        return received

    return asyncio.run(ask())


def test_one_version_goes_and_its_number_is_not_given_again(monkeypatch: pytest.MonkeyPatch, shelf: Shelf) -> None:
    pins = Pins()

    assert withdraw(monkeypatch, shelf, pins, "ada/late-orders/v2") == (200, {"withdrawn": [2]})

    assert [record.version for record in shelf.versions("ada", "late-orders")] == [1]
    assert pins.gone == [2]
    assert list(shelf.folder("ada", "late-orders", 2).iterdir()) == []
    assert shelf.next_version("ada", "late-orders") == 3


def test_its_author_withdraws_it(monkeypatch: pytest.MonkeyPatch, shelf: Shelf) -> None:
    pins = Pins()

    assert withdraw(monkeypatch, shelf, pins, "ada/late-orders/v1", ADA) == (200, {"withdrawn": [1]})
    assert pins.gone == [1]


PAGE = "/services/shelf/ada/late-orders/v2/withdraw"


def press(monkeypatch: pytest.MonkeyPatch, shelf: Shelf, who: dict[str, str], **headers: str) -> tuple[int, str, int]:
    """Opens the page on which an author is asked, and presses its button: two statuses and the page."""
    monkeypatch.setattr(ShelfHandler, "get_current_user", lambda _: who)
    monkeypatch.setattr(ShelfHandler, "xsrf_token", b"the-token", raising=False)
    monkeypatch.setattr(
        "jupyterhub.services.auth.HubOAuth.check_xsrf_cookie",
        lambda _, handler: handler.get_body_argument("_xsrf") == "the-token" or pytest.fail("no token"),
    )
    queue: Any = None

    async def ask() -> tuple[int, str, int]:
        socket, port = bind_unused_port()
        server = HTTPServer(service.application(shelf, Pins(), queue))
        server.add_socket(socket)
        url = f"http://127.0.0.1:{port}{PAGE}"
        async with aiohttp.ClientSession() as session:
            async with session.get(url) as page:
                text = await page.text()
            posted = session.post(url, data={"_xsrf": "the-token"}, headers=headers, allow_redirects=False)
            async with posted as answer:
                received = page.status, text, answer.status
        server.stop()
        return received

    return asyncio.run(ask())


def test_its_author_is_asked_once_by_a_page(monkeypatch: pytest.MonkeyPatch, shelf: Shelf) -> None:
    shown, text, done = press(monkeypatch, shelf, ADA)

    assert (shown, done) == (200, 302)
    assert "Version 2 of" in text
    assert "<h1>Withdraw “Debug net_orders &lt;b&gt;”?</h1>" in text
    assert [record.version for record in shelf.versions("ada", "late-orders")] == [1]


@pytest.mark.parametrize("page", ["", "ada/late-orders"])
def test_a_title_is_shown_without_the_backticks_of_markdown(
    monkeypatch: pytest.MonkeyPatch, shelf: Shelf, page: str
) -> None:
    monkeypatch.setattr(ShelfHandler, "get_current_user", lambda _: ADA)
    pins, queue = Pins(), None
    monkeypatch.setattr(pins, "states", lambda _: {})

    async def ask() -> str:
        socket, port = bind_unused_port()
        server = HTTPServer(service.application(shelf, pins, queue))  # type: ignore[arg-type]
        server.add_socket(socket)
        url = f"http://127.0.0.1:{port}/services/shelf/{page}"
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            text = await answer.text()
        server.stop()
        return text

    text = asyncio.run(ask())
    assert ">Debug net_orders &lt;b&gt;</" in text
    assert "`net_orders`" not in text


@pytest.mark.parametrize(
    ("who", "headers"),
    [
        ({"kind": "user", "name": "bob"}, {}),
        (ADA, {"Sec-Fetch-Site": "cross-site"}),
        (ADA, {"Sec-Fetch-Site": "same-site"}),
        (ADA, {"Origin": "http://evil.example"}),
        (ADA, {"Origin": "http://["}),
    ],
)
def test_neither_others_nor_other_sites_press_it(
    monkeypatch: pytest.MonkeyPatch, shelf: Shelf, who: dict[str, str], headers: dict[str, str]
) -> None:
    assert press(monkeypatch, shelf, who, **headers)[2] == 403
    assert len(shelf.versions("ada", "late-orders")) == 2


def test_all_versions_go(monkeypatch: pytest.MonkeyPatch, shelf: Shelf) -> None:
    assert withdraw(monkeypatch, shelf, Pins(), "ada/late-orders") == (200, {"withdrawn": [1, 2]})
    assert shelf.latest() == []


@pytest.mark.parametrize(
    "who",
    [
        {"kind": "user", "name": "bob"},
        {"kind": "user", "name": "sandbox-cli"},
        {"kind": "service", "name": "ui"},
        {"kind": "service", "name": "ada"},
    ],
)
def test_nobody_else_takes_anything_off(monkeypatch: pytest.MonkeyPatch, shelf: Shelf, who: dict[str, str]) -> None:
    status, answer = withdraw(monkeypatch, shelf, Pins(), "ada/late-orders", who)
    assert (status, answer["message"]) == (403, ONLY_THEIR_AUTHOR)
    assert len(shelf.versions("ada", "late-orders")) == 2


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("ada/late-orders/v7", "of `ada/late-orders` there is only v2, v1 on the shelf"),
        ("ada/late", "there is no `ada/late` on the shelf; of ada there is: late-orders"),
        ("bob/x", "there is no `bob/x` on the shelf"),
    ],
)
def test_what_is_not_there_is_reported(monkeypatch: pytest.MonkeyPatch, shelf: Shelf, path: str, message: str) -> None:
    assert withdraw(monkeypatch, shelf, Pins(), path) == (404, {"message": message})


def test_while_the_store_is_away_nothing_goes(monkeypatch: pytest.MonkeyPatch, shelf: Shelf) -> None:
    status, answer = withdraw(monkeypatch, shelf, Pins(away=True), "ada/late-orders")
    assert (status, "does not answer: no keys" in answer["message"]) == (503, True)
    assert len(shelf.versions("ada", "late-orders")) == 2
