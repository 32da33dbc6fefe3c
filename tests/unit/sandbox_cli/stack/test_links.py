"""Subdomains: set once and remembered, the links that follow, and servers that were started for another address."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sandbox_hub.origins import SERVICES, Origins

from sandbox_cli.settings import Settings
from sandbox_cli.stack import variables
from sandbox_cli.stack.hub import user_servers
from sandbox_cli.stack.links import links, service_origin

PORTS = {"hub": 8001, "s3": 9001}
PROXY = "https://sandbox.example.com"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(stack="demo", state_home=tmp_path)


def with_subdomains(settings: Settings, subdomains: str) -> Settings:
    return dataclasses.replace(settings, subdomains=subdomains)


def test_subdomains_are_remembered_until_they_are_turned_off(settings: Settings) -> None:
    assert variables.subdomain_host(settings, 8001) == ""
    variables.remember(with_subdomains(settings, "localhost"), {})
    assert variables.subdomain_host(settings, 8001) == "http://localhost:8001"
    variables.remember(settings, {})
    assert variables.subdomain_host(settings, 8002) == "http://localhost:8002", "the port may change"
    variables.remember(with_subdomains(settings, ""), {})
    assert variables.subdomain_host(settings, 8001) == ""


def test_a_stack_without_a_hub_has_no_pages(settings: Settings) -> None:
    variables.remember(dataclasses.replace(settings, without=("history", "hub", "connect")), {})
    assert links(settings, PORTS) == {"s3-api": "http://127.0.0.1:9001"}
    variables.remember(settings, {})
    assert "hub" in links(settings, PORTS), "the next `up` starts it again"


@pytest.mark.parametrize(
    ("subdomains", "hub", "shelf", "spark"),
    [
        ("", "http://127.0.0.1:8001", "http://127.0.0.1:8001", "http://127.0.0.1:8001"),
        ("localhost", "http://localhost:8001", "http://shelf--service.localhost:8001", "http://ui--service.localhost:8001"),
        (PROXY, PROXY, "https://shelf--service.sandbox.example.com", "https://ui--service.sandbox.example.com"),
    ],
)  # fmt: skip
def test_links_lead_to_the_origins(settings: Settings, subdomains: str, hub: str, shelf: str, spark: str) -> None:
    found = links(with_subdomains(settings, subdomains), PORTS)

    assert (found["hub"], found["shelf"]) == (f"{hub}/", f"{shelf}/services/shelf/")
    assert found["spark"] == f"{spark}/services/ui/spark/"
    assert found["s3-api"] == "http://127.0.0.1:9001"


@pytest.mark.parametrize("subdomains", ["localhost", PROXY])
@pytest.mark.parametrize("name", SERVICES)
def test_the_hub_has_the_same_origins(settings: Settings, subdomains: str, name: str) -> None:
    chosen = with_subdomains(settings, subdomains)
    assert service_origin(chosen, 8001, name) == Origins(variables.subdomain_host(chosen, 8001)).service(name)


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
    session: Any = SimpleNamespace(engine=None, settings=with_subdomains(settings, subdomains), ports=PORTS)

    assert user_servers.end_servers_elsewhere(session) == gone == ended
