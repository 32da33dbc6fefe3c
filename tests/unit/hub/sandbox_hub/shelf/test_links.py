"""Where the shelf's links lead, and by which host a server is asked for: where there is one address, and with many."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sandbox_hub.shelf import service
from sandbox_hub.shelf.rerun import Rerun
from tornado import web
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port

from tests.unit.hub.sandbox_hub.shelf.test_store import RECORD

HUB = "http://localhost:8000"
SHELF = "http://shelf--service.localhost:8000/services/shelf/"
LAB = "/hub/user-redirect/lab/tree/team/published/ada/late-orders/v1/late-orders.ipynb"
ENDED = {"notebook": {"cells": []}, "verdict": "runs", "seconds": 1.0}


def test_at_one_address_links_are_paths() -> None:
    assert service.link(RECORD) == "/services/shelf/ada/late-orders"
    assert service.link(RECORD, version=True) == "/services/shelf/ada/late-orders/v1"
    assert service.opened(RECORD) == LAB


def test_with_subdomains_links_name_the_origin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "HUB", HUB)
    monkeypatch.setattr(service, "PUBLIC", SHELF)

    assert service.link(RECORD) == f"{SHELF}ada/late-orders"
    assert service.opened(RECORD) == HUB + LAB


class Server(web.RequestHandler):
    """The hub's API with the keeper's server, and that server."""

    def initialize(self, url: str, seen: list[str]) -> None:
        self.url, self.seen = url, seen

    def get(self) -> None:
        started = "started" in self.seen
        self.write({"servers": {"": {"ready": True, "url": self.url}} if started else {}})

    def post(self) -> None:
        if self.request.path.endswith("/execute"):
            self.seen.append(self.request.host)
            self.write(web.escape.json_encode({"ended": ENDED}) + "\n")
        else:
            self.seen.append("started")
            self.set_status(201)

    def delete(self) -> None:
        if "started" in self.seen:
            self.seen.remove("started")
        self.set_status(204)


@pytest.mark.parametrize(
    ("url", "host"), [("/user/shelf/", ""), ("http://shelf.localhost:8000/user/shelf/", "shelf.localhost:8000")]
)
def test_the_keepers_server_is_asked_for_by_its_own_host(url: str, host: str) -> None:
    seen: list[str] = []

    async def run() -> tuple[Any, int]:
        socket, port = bind_unused_port()
        server = HTTPServer(web.Application([(".*", Server, {"url": url, "seen": seen})]))
        server.add_socket(socket)
        again = await Rerun(f"http://127.0.0.1:{port}", "token", "shelf").run({"cells": []}, lambda told: None)
        server.stop()
        return again, port

    again, port = asyncio.run(run())
    assert again.verdict == "runs"
    assert seen == [host or f"127.0.0.1:{port}"]
