"""The hub comes back at another address, and another service has its old one."""

from __future__ import annotations

import pytest

from tests.support.engine import Containers
from tests.support.hub import HubClient, logged_in_again
from tests.support.sandbox import Sandbox

pytestmark = [pytest.mark.disrupts, pytest.mark.waive("hub away", "spark peers gone", "store gone")]


def address(containers: Containers, service: str, network: str) -> str:
    """Returns a container's address on a network of the stack."""
    container = containers.one(service)
    container.reload()
    networks = container.attrs["NetworkSettings"]["Networks"]
    return str(networks[f"{containers.stack}_{network}"]["IPAddress"])


def test_servers_find_the_hub_at_another_address(stack: Sandbox, containers: Containers) -> None:
    """Nothing is stopped that would make the server forget what it knows of the hub."""
    with HubClient(stack.port("hub")) as client:
        client.login("engineer", stack.password("engineer")).start_server()
        with client.kernel() as kernel:
            assert kernel.run("print(1 + 1)").text.strip() == "2"
    was = address(containers, "hub", "data")
    server = containers.server("engineer").id

    containers.one("minio").stop(timeout=10)
    try:
        containers.one("hub").restart(timeout=10)
    finally:
        containers.one("minio").start()

    assert address(containers, "hub", "data") != was, "otherwise this shows nothing"
    with logged_in_again(stack.port("hub"), "engineer", stack.password("engineer")) as client:
        assert containers.server("engineer").id == server
        with client.kernel() as kernel:
            assert kernel.run("print(2 + 2)").text.strip() == "4"
