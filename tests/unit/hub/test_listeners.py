"""The hub and a user's server, by their real settings: what a stranger on the network can make them hold."""

from __future__ import annotations

import asyncio
import json
import runpy
from collections.abc import Coroutine, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from bounded_http.limits import KB, MB
from sandbox_hub.gateway import service as gateway
from sandbox_hub.shelf import service as shelf
from tornado import web
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from traitlets.config import Config

from tests.unit.hub.bounded_http.clients import Answer, Connection, ask

NOTEBOOK = Path(__file__).parents[3] / "hub" / "notebook" / "jupyter_server_config.py"


class Page(web.RequestHandler):
    """Says how much it got."""

    def get(self) -> None:
        self.finish(f"{len(self.request.body)} bytes")

    post = put = get


APPLICATION = web.Application([(".*", Page)], log_function=lambda handler: None)


async def serve(work: Any, **settings: Any) -> Any:
    """Does something with the port of a server that an application makes for itself."""
    server = HTTPServer(APPLICATION, **settings)
    socket, port = bind_unused_port()
    server.add_socket(socket)
    try:
        return await work(port)
    finally:
        server.stop()
        await server.close_all_connections()


async def is_there(port: int) -> bool:
    """Returns whether somebody listens."""
    try:
        (await Connection.to(port)).close()
    except OSError:
        return False
    return True


def run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(asyncio.wait_for(work, 20))


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """What Jupyter makes its server with, in a container of 1 GB."""
    monkeypatch.setattr("spark_etl.machine.memory_limit", lambda: 1024 * MB)
    runpy.run_path(str(NOTEBOOK), {"get_config": Config})
    yield {"max_body_size": 512 * MB, "max_buffer_size": 512 * MB}
    HTTPServer.configure(None)


def test_the_hub_takes_no_large_body_however_many_come_and_lets_others_log_in(config: Config) -> None:
    async def attacked(port: int) -> tuple[list[int], Answer]:
        bodies = [await Connection.to(port, source="127.0.0.2") for _ in range(6)]
        for body in bodies:
            await body.send("POST", "/hub/login", bytes(MB), Content_Length=str(99 * MB))
        login = await ask(port, "POST", "/hub/login", b"username=ada&password=secret")
        return [(await body.answer())[0] for body in bodies], login

    refused, login = run(serve(attacked, ssl_options=None, xheaders=True, trusted_downstream=[]))
    assert refused == [413] * 6
    assert login == (200, "28 bytes")


def test_the_hubs_largest_bodies_together_are_bounded_too(config: Config) -> None:
    async def attacked(port: int) -> tuple[int, Answer]:
        bodies = [await Connection.to(port, source="127.0.0.2") for _ in range(80)]
        for body in bodies:
            await body.send("POST", "/hub/login", b"x", Content_Length=str(256 * KB))
        waiting = {asyncio.ensure_future(body.answer()) for body in bodies}
        answered = set()
        while len(answered) < 80 - 64:
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            answered |= done
        refused = [answer.result()[0] for answer in answered].count(503)
        another = await ask(port, "POST", body=bytes(200 * KB))
        for answer in waiting:
            answer.cancel()
        return refused, another

    refused, another = run(serve(attacked, xheaders=True))
    assert refused == 80 - 64, "no more than 16 MB of them are on their way"
    assert another == (200, f"{200 * KB} bytes")


@pytest.mark.parametrize("service", [gateway, shelf])
def test_the_hubs_services_listen_within_bounds(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, service: ModuleType
) -> None:
    socket, port = bind_unused_port()
    socket.close()
    monkeypatch.setattr("sandbox_hub.shelf.quota.read_secret", lambda name: "the-hubs-own-key")
    for name, value in {
        "JUPYTERHUB_SERVICE_URL": f"http://127.0.0.1:{port}",
        "JUPYTERHUB_API_TOKEN": "its-token",
        "AWS_ENDPOINT_URL_S3": "http://minio:9000",
        "AWS_REGION": "us-east-1",
        "SANDBOX_SHELF": str(tmp_path),
        "SANDBOX_NOTEBOOK_IMAGE": "sandbox/notebook:1",
    }.items():
        monkeypatch.setenv(name, value)

    async def attacked() -> list[int]:
        serving = asyncio.create_task(service.main())
        async with asyncio.timeout(15):
            while not await is_there(port):
                assert not serving.done()
                await asyncio.sleep(0.01)
        answers = [await ask(port, "POST", "/services/nosuch", b"x", Content_Length=str(99 * MB)) for _ in range(6)]
        serving.cancel()
        return [status for status, _ in answers]

    assert run(attacked()) == [413] * 6


@pytest.mark.parametrize(("size", "status"), [(33 * MB, 200), (99 * MB, 413)])
def test_a_server_saves_notebooks_that_its_memory_bears(lab: dict[str, Any], size: int, status: int) -> None:
    async def saved(port: int) -> Answer:
        return await ask(port, "PUT", "/api/contents/a.ipynb", bytes(size) if status == 200 else b"x", **length)

    length = {"Content_Length": str(size)}
    answer = run(serve(saved, **lab))
    assert answer[0] == status
    if status == 413:
        assert "larger than the limit of 64 MB" in json.loads(answer[1])["message"]


def test_strangers_bodies_leave_a_server_room_for_its_users(lab: dict[str, Any]) -> None:
    async def attacked(port: int) -> tuple[list[int], Answer]:
        bodies = [await Connection.to(port, source="127.0.0.2") for _ in range(3)]
        for body in bodies:
            await body.send("POST", "/user/ada/api/contents", b"x", Content_Length=str(60 * MB))
        third = (await bodies[2].answer())[0]
        saved = await ask(port, "PUT", "/api/contents/a.ipynb", bytes(20 * MB))
        return [third, (await bodies[0].answer())[0]], saved

    refused, saved = run(serve(attacked, **lab))
    assert refused == [503, 503]
    assert saved == (200, f"{20 * MB} bytes")
