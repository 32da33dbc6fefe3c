"""Subdomains: said once and kept, the links that follow, and how servers are reached that have hosts of their own."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from sandbox_hub.origins import SERVICES, Origins
from websockets.http11 import Request
from websockets.sync.server import ServerConnection, serve

from sandbox_cli.settings import Settings
from sandbox_cli.stack import addresses, user_servers, variables
from sandbox_cli.stack.hub import Hub
from sandbox_cli.stack.kernel import kernel
from sandbox_cli.stack.session import links

PORTS = {"hub": 8001, "s3": 9001}
PROXY = "https://sandbox.example.com"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(stack="demo", state_home=tmp_path)


def told(settings: Settings, subdomains: str) -> Settings:
    return dataclasses.replace(settings, subdomains=subdomains)


def test_what_was_said_is_kept_until_it_is_taken_back(settings: Settings) -> None:
    assert variables.subdomain_host(settings, 8001) == ""
    variables.remember(told(settings, "localhost"), {})
    assert variables.subdomain_host(settings, 8001) == "http://localhost:8001"
    variables.remember(settings, {})
    assert variables.subdomain_host(settings, 8002) == "http://localhost:8002", "the port may change"
    variables.remember(told(settings, ""), {})
    assert variables.subdomain_host(settings, 8001) == ""


@pytest.mark.parametrize(
    ("subdomains", "hub", "shelf", "spark"),
    [
        ("", "http://127.0.0.1:8001", "http://127.0.0.1:8001", "http://127.0.0.1:8001"),
        ("localhost", "http://localhost:8001", "http://shelf--service.localhost:8001", "http://ui--service.localhost:8001"),
        (PROXY, PROXY, "https://shelf--service.sandbox.example.com", "https://ui--service.sandbox.example.com"),
    ],
)  # fmt: skip
def test_links_lead_to_the_origins(settings: Settings, subdomains: str, hub: str, shelf: str, spark: str) -> None:
    found = links(told(settings, subdomains), PORTS)

    assert (found["hub"], found["shelf"]) == (f"{hub}/", f"{shelf}/services/shelf/")
    assert found["spark"] == f"{spark}/services/ui/spark/"
    assert found["s3-api"] == "http://127.0.0.1:9001"


@pytest.mark.parametrize("subdomains", ["localhost", PROXY])
@pytest.mark.parametrize("name", SERVICES)
def test_the_hub_has_the_same_origins(settings: Settings, subdomains: str, name: str) -> None:
    mine = told(settings, subdomains)
    assert addresses.service(mine, 8001, name) == Origins(variables.subdomain_host(mine, 8001)).service(name)


def door(url: str, port: int = 8001) -> tuple[Hub, list[tuple[str, str]]]:
    """Returns the door to a hub that says the server of ada is at this URL, and what it is asked: host and path."""
    asked: list[tuple[str, str]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append((request.headers["Host"], request.url.path))
        if request.url.path == "/hub/api/users/ada":
            return httpx.Response(200, json={"servers": {"": {"ready": True, "url": url}}})
        return httpx.Response(200, json={"id": "k"})

    hub = Hub(port, {"hub_admin_token": "its-token"})
    hub._http = httpx.Client(transport=httpx.MockTransport(answer), base_url=hub.url)
    return hub, asked


@pytest.mark.parametrize(
    ("url", "host"), [("/user/ada/", "127.0.0.1:8001"), ("http://ada.localhost:8001/user/ada/", "ada.localhost:8001")]
)
def test_a_server_is_asked_for_by_the_host_that_the_hub_tells(url: str, host: str) -> None:
    hub, asked = door(url)

    hub.request("GET", "/user/ada/api/contents")
    hub.request("GET", "/hub/api/accounts")

    first, *rest = asked
    assert first == ("127.0.0.1:8001", "/hub/api/users/ada")
    assert rest == [(host, "/user/ada/api/contents"), ("127.0.0.1:8001", "/hub/api/accounts")]


@contextmanager
def proxy() -> Iterator[tuple[int, list[str]]]:
    """A websocket server on 127.0.0.1: its port, and by which hosts it was asked."""
    hosts: list[str] = []

    def note(connection: ServerConnection, request: Request) -> None:
        hosts.append(request.headers["Host"])  # before the client hears of anything

    with serve(lambda connection: None, "127.0.0.1", 0, process_request=note) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server.socket.getsockname()[1], hosts
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("url", "host"), [("/user/ada/", ""), ("http://ada.localhost:8001/user/ada/", "ada.localhost:8001")]
)
def test_so_is_a_kernel_though_no_resolver_knows_the_host(url: str, host: str) -> None:
    with proxy() as (port, hosts):
        with kernel(door(url, port)[0], "ada"):
            pass
        assert hosts == [host or f"127.0.0.1:{port}"]


@pytest.mark.parametrize(("subdomains", "ended"), [("", ["bob"]), ("localhost", ["ada"])])
def test_up_ends_the_servers_that_were_started_for_another_address(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, subdomains: str, ended: list[str]
) -> None:
    def container(name: str, *environment: str, status: str = "running") -> Any:
        return SimpleNamespace(name=name, status=status, attrs={"Config": {"Env": list(environment)}})

    found = [
        container("demo-user-ada", "JUPYTERHUB_HOST="),
        container("demo-user-bob", "JUPYTERHUB_HOST=http://localhost:8001"),
        container("demo-user-eve", "JUPYTERHUB_HOST=http://localhost:1", status="exited"),
        container("demo-helper"),
    ]
    gone: list[str] = []
    monkeypatch.setattr("sandbox_cli.stack.services.servers", lambda engine, settings: found)
    monkeypatch.setattr(user_servers, "end", lambda session, user: gone.append(user))
    session: Any = SimpleNamespace(engine=None, settings=told(settings, subdomains), ports=PORTS)

    assert user_servers.end_those_elsewhere(session) == gone == ended
