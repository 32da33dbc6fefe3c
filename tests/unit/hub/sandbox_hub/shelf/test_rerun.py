"""Running a stranger's notebook again: what its server sees of the shelf's rights, what is accepted of its answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import sandbox_lab.rerun
from aiohttp import web
from aiohttp.test_utils import TestServer
from sandbox_hub.shelf import rerun
from sandbox_hub.shelf.rerun import RerunError, RerunResult, RerunServer, iter_lines

RESULT = {
    "notebook": {"cells": []},
    "verdict": "runs",
    "why": [],
    "diff": "",
    "seconds": 1,
    "reads": [],
    "packages": {},
}
Answer = Callable[[web.Request], AsyncIterator[bytes]]


async def well(request: web.Request) -> AsyncIterator[bytes]:
    """Runs a notebook in no time."""
    del request
    yield b'{"progress": "cell 1 of 1"}\n' + json.dumps({"result": RESULT}).encode() + b"\n"


async def endless(request: web.Request) -> AsyncIterator[bytes]:
    """Runs a notebook for ever."""
    del request
    yield b'{"progress": "cell 1 of 1"}\n'
    await asyncio.sleep(600)


@dataclass
class FakeHub:
    """The hub's proxy, as far as a re-run asks it, and the server behind it."""

    answer: Answer = well
    url: str = "/user/shelf/"
    running: bool = False
    hosts: list[str] = field(default_factory=list)
    requests: list[tuple[str, str, str]] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answers as hub or as server."""
        self.requests.append((request.method, request.path, request.headers["Authorization"]))
        if request.path == "/hub/api/users/shelf/server":
            self.running = request.method == "POST"
            return web.Response(status=201 if self.running else 204)
        if request.path == "/hub/api/users/shelf":
            model = {"": {"ready": True, "url": self.url}} if self.running else {}
            return web.json_response({"servers": model})
        if request.path == "/hub/api/users/shelf/tokens":
            self.bodies.append(await request.json())
            return web.json_response({"id": "a7", "token": "of-one-server"}, status=201)
        if request.path == "/hub/api/users/shelf/tokens/a7":
            return web.Response(status=204)
        self.hosts.append(request.host)
        stream = web.StreamResponse()
        await stream.prepare(request)
        async for chunk in self.answer(request):
            await stream.write(chunk)
        return stream

    def run(self) -> tuple[RerunResult, list[str]]:
        """Has an empty notebook run again; returns the result and the progress."""
        progress: list[str] = []

        async def go() -> RerunResult:
            app = web.Application()
            app.router.add_route("*", "/{path:.*}", self.serve)
            async with TestServer(app) as server:
                url = str(server.make_url("")).rstrip("/")
                return await RerunServer(url, "of-the-shelf", "shelf").run(b'{"cells": []}', progress.append)

        return asyncio.run(go()), progress


def test_the_server_never_sees_the_token_of_the_shelf() -> None:
    hub = FakeHub()

    result, progress = hub.run()

    assert result.verdict == "runs"
    assert progress == ["starting a fresh server", "cell 1 of 1"]
    seen = [token for _, path, token in hub.requests if path.startswith("/user/")]
    assert seen == ["token of-one-server"]
    (made,) = hub.bodies
    assert made["scopes"] == ["access:servers!user=shelf"]
    assert 0 < made["expires_in"] < 3600


@pytest.mark.parametrize(
    ("url", "host"), [("/user/shelf/", "127.0.0.1"), ("http://shelf.localhost:8000/user/shelf/", "shelf.localhost")]
)
def test_the_server_is_asked_for_by_its_own_host(url: str, host: str) -> None:
    hub = FakeHub(url=url)
    hub.run()
    assert [host.split(":")[0] for host in hub.hosts] == [host]


@pytest.mark.parametrize("error", ["", '{"error": "papermill ended with 2"}\n', "no json\n"])
def test_its_token_is_taken_back_and_it_is_stopped_however_it_ends(error: str) -> None:
    async def ends(request: web.Request) -> AsyncIterator[bytes]:
        del request
        yield error.encode()

    hub = FakeHub(ends)

    with pytest.raises((RerunError, ValueError)):
        hub.run()

    assert ("DELETE", "/hub/api/users/shelf/tokens/a7", "token of-the-shelf") in hub.requests
    assert not hub.running


def test_one_that_does_not_end_is_reported_with_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rerun, "MAX_RUN_SECONDS", 1)
    hub = FakeHub(endless)

    with pytest.raises(RerunError, match="did not end within 0 minutes, which is what running it again may take"):
        hub.run()

    assert not hub.running


def test_a_server_that_is_killed_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its connection stays open: what was killed says no word."""
    monkeypatch.setattr(rerun, "ALIVE_CHECK_SECONDS", 0.05)
    looks: list[int] = []

    class Killed(FakeHub):
        async def serve(self, request: web.Request) -> web.StreamResponse:
            if request.path == "/hub/api/users/shelf" and self.hosts:
                looks.append(503 if len(looks) < 3 else 200)  # for a while the hub is away
                self.running = len(looks) < 6
                if looks[-1] == 503:
                    return web.Response(status=503)
            return await super().serve(request)

    with pytest.raises(RerunError, match="the fresh server ended while the notebook ran"):
        Killed(endless).run()
    assert looks[:6] == [503, 503, 503, 200, 200, 200]


def test_a_server_sends_the_shelf_nowhere_else() -> None:
    class Elsewhere(FakeHub):
        async def serve(self, request: web.Request) -> web.StreamResponse:
            if request.path.startswith("/user/"):
                return web.Response(status=307, headers={"Location": "/hub/api"})
            return await super().serve(request)

    hub = Elsewhere()
    with pytest.raises(RerunError, match="the fresh server refuses: 307"):
        hub.run()
    assert "/hub/api" not in [path for _, path, _ in hub.requests]


def test_a_token_that_is_not_taken_back_costs_no_result(caplog: pytest.LogCaptureFixture) -> None:
    class Busy(FakeHub):
        async def serve(self, request: web.Request) -> web.StreamResponse:
            answer = await super().serve(request)
            return web.Response(status=500) if "/tokens/" in request.path else answer

    assert Busy().run()[0].verdict == "runs"
    assert "does not revoke the token" in caplog.text


def test_hub_and_server_know_the_same_limit() -> None:
    assert rerun.MAX_NOTEBOOK_BYTES == sandbox_lab.rerun.MAX_NOTEBOOK_BYTES


async def of(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def collected(chunks: AsyncIterator[bytes], largest: int) -> list[bytes]:
    return [line async for line in iter_lines(chunks, largest)]


def test_lines_come_whole_however_they_arrive() -> None:
    parts = [b'{"a', b'": 1}\n{"b": 2', b"}\n\n", b'{"c": 3}\n{"d"', b": 4}"]
    assert asyncio.run(collected(of(*parts), 100)) == [b'{"a": 1}', b'{"b": 2}', b'{"c": 3}']


def test_a_line_of_many_parts_is_put_together_once() -> None:
    parts = [b"x" * 1024] * 40_000  # 40 MB; joined anew at each part it would copy 800 GB
    assert [len(line) for line in asyncio.run(collected(of(*parts, b"\n"), 50 * 1024**2))] == [40_000 * 1024]


def test_a_line_without_an_end_is_refused_before_it_fills_the_memory() -> None:
    taken: list[int] = []

    async def flood() -> AsyncIterator[bytes]:
        for number in range(1000):
            taken.append(number)
            yield b"x" * 1024

    with pytest.raises(RerunError, match="it prints too much"):
        asyncio.run(collected(flood(), 10 * 1024))
    assert len(taken) == 11
