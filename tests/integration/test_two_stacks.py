"""A second stack beside the first: own ports, own data, and whoever is in one has nothing of the other.

It was made by version 0.1.0, and has all that it had then.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator

import httpx
import pytest

from tests.support import docker_api, earlier_stack, leftovers
from tests.support.engine import Containers, client
from tests.support.hub import HubClient
from tests.support.sandbox import Sandbox, until

LIGHT = ("up", "--json", "--workers", "1", "--without", "history,mail", "--no-sample", "--no-smoke-test")


@pytest.fixture
def taken_ports(stack: Sandbox) -> Iterator[set[int]]:
    """The ports that the sandbox would like best, held by somebody else if not by the first stack."""
    holders = []
    for port in {8000, 9000} - {stack.port("hub"), stack.port("s3")}:
        holder = socket.socket()
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holders.append(holder)
        try:
            holder.bind(("127.0.0.1", port))
            holder.listen()
        except OSError:
            continue  # somebody else's already
    yield {8000, 9000}
    for holder in holders:
        holder.close()


@pytest.mark.timeout(900)
def test_two_stacks_side_by_side(stack: Sandbox, fresh_sandbox: Sandbox, taken_ports: set[int]) -> None:
    other = fresh_sandbox
    earlier_stack.put_back(other, image=str(Containers(stack.stack).one("minio").image.id))
    done = other(*LIGHT, env={"SANDBOX_CULL_SECONDS": "8"}, timeout=600)

    assert "8000" in done.err, "a taken port is said aloud"
    ports = {other.port("hub"), other.port("s3")}
    assert ports.isdisjoint({stack.port("hub"), stack.port("s3")} | taken_ports)
    for sandbox in (stack, other):
        assert httpx.get(f"http://127.0.0.1:{sandbox.port('hub')}/hub/health").status_code == 200
        assert sandbox("status", "--json").json["services"]
    assert len(Containers(other.stack).of("spark-worker")) == 1
    refuses_the_others_containers(stack, other)
    earlier_stack.has_all_of_it(other)
    stops_an_idle_server(other)

    other("down")

    assert not [c for c in Containers(other.stack).all() if c.status == "running"]
    assert leftovers.of(other.stack)["volumes"], "down keeps all data"
    assert stack("status", "--json").json["services"]

    other("reset", "--yes")

    assert leftovers.of(other.stack) == {}
    assert not (other.state / "secrets.json").exists()


def stops_an_idle_server(other: Sandbox) -> None:
    """A server that nobody uses is stopped after the time that was set; the user's files stay."""
    with HubClient(other.port("hub")) as browser:
        browser.login("engineer", other.password("engineer")).start_server()
        until(lambda: browser.server() is None, within=120, what="the idle server is stopped")
    assert f"{other.stack}-home-engineer" in leftovers.of(other.stack)["volumes"]


def refuses_the_others_containers(stack: Sandbox, other: Sandbox) -> None:
    """One stack's hub can't look at, stop or remove a container of the other."""
    target = Containers(other.stack).one("minio")
    for method, path in (("GET", "/json"), ("POST", "/stop"), ("DELETE", "?force=1")):
        answer = docker_api.call(Containers(stack.stack), method, f"/v1.41/containers/{target.id}{path}")
        assert answer.status in {403, 404}, (method, path, answer)
    assert client().containers.get(target.id).status == "running"
