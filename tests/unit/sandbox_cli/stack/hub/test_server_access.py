"""A visit to a user's server: where it is found, and what it is shown of the command's rights."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import httpx
import pytest
from websockets.http11 import Request
from websockets.sync.server import ServerConnection, serve

from sandbox_cli.errors import StackError
from sandbox_cli.stack.hub.kernel import kernel
from sandbox_cli.stack.hub.server_access import access
from sandbox_cli.stack.hub_api import Hub

ADDRESSES = [("/user/ada/", ""), ("http://ada.localhost:8001/user/ada/", "ada.localhost:8001")]


def door(url: str, port: int = 8001) -> tuple[Hub, list[httpx.Request]]:
    """Returns the door to a hub that says the server of ada is at this URL, and what hub and server are sent."""
    requests: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        if request.url.path == "/hub/api/users/ada":
            return httpx.Response(200, json={"servers": {"": {"ready": True, "url": url}}})
        if request.url.path == "/hub/api/users/ada/tokens":
            return httpx.Response(201, json={"id": "a7", "token": "of-one-server"})
        return httpx.Response(404 if request.url.path.endswith("/gone") else 200, json={"id": "k"})

    hub = Hub(port, {"hub_admin_token": "of-the-command"})
    hub._http = httpx.Client(transport=httpx.MockTransport(answer), base_url=hub.url)
    return hub, requests


@pytest.mark.parametrize(("url", "host"), ADDRESSES)
def test_a_server_is_reached_by_the_host_that_the_hub_names(url: str, host: str) -> None:
    hub, requests = door(url)

    with access(hub, "ada") as server:
        server.request("GET", "/api/contents")

    assert [(request.headers["Host"], request.url.path) for request in requests] == [
        ("127.0.0.1:8001", "/hub/api/users/ada"),
        ("127.0.0.1:8001", "/hub/api/users/ada/tokens"),
        (host or "127.0.0.1:8001", "/user/ada/api/contents"),
        ("127.0.0.1:8001", "/hub/api/users/ada/tokens/a7"),
    ]


def test_a_server_never_sees_the_token_of_the_command() -> None:
    hub, requests = door("/user/ada/")

    with access(hub, "ada") as server:
        server.request("GET", "/api/contents")
        server.request("PUT", "/api/contents/a.ipynb", json={})

    seen = {request.headers["Authorization"] for request in requests if request.url.path.startswith("/user/")}
    assert seen == {"token of-one-server"}
    assert "of-the-command" not in str([request.headers for request in requests if "/user/" in request.url.path])
    made = json.loads(requests[1].content)
    assert made["scopes"] == ["access:servers!user=ada"]
    assert 0 < made["expires_in"] < 2 * 3600


def test_the_token_of_a_visit_is_taken_back_however_it_ends() -> None:
    hub, requests = door("/user/ada/")

    with pytest.raises(StackError, match=r"refused GET /user/ada/gone"), access(hub, "ada") as server:
        server.request("GET", "/gone")

    last = requests[-1]
    assert (last.method, last.url.path) == ("DELETE", "/hub/api/users/ada/tokens/a7")
    assert last.headers["Authorization"] == "token of-the-command"


@contextmanager
def proxy() -> Iterator[tuple[int, list[tuple[str, str]]]]:
    """A websocket server on 127.0.0.1: its port, and the hosts and tokens of its requests."""
    seen: list[tuple[str, str]] = []

    def note(connection: ServerConnection, request: Request) -> None:
        seen.append((request.headers["Host"], request.headers["Authorization"]))  # before the client hears of anything

    with serve(lambda connection: None, "127.0.0.1", 0, process_request=note) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server.socket.getsockname()[1], seen
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("url", "host"), ADDRESSES)
def test_so_is_a_kernel_though_no_resolver_knows_the_host(url: str, host: str) -> None:
    with proxy() as (port, seen):
        with kernel(door(url, port)[0], "ada"):
            pass
        assert seen == [(host or f"127.0.0.1:{port}", "token of-one-server")]
