"""The hub comes back at another address, and somebody else has its old one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from docker.models.containers import Container

from tests.support.engine import Containers, client
from tests.support.hub import HubClient, logged_in_again
from tests.support.sandbox import Sandbox, until

pytestmark = [pytest.mark.disrupts, pytest.mark.waive("hub away", "spark peers gone")]

LISTENER = """
import socketserver
class Heard(socketserver.BaseRequestHandler):
    def handle(self):
        print("HEARD", self.request.recv(65536), flush=True)
socketserver.ThreadingTCPServer.allow_reuse_address = True
with socketserver.ThreadingTCPServer(("", 8081), Heard) as server:
    print("LISTENING", flush=True)
    server.serve_forever()
"""


def address(container: Container, network: str) -> str:
    """Returns a container's address on a network."""
    container.reload()
    return str(container.attrs["NetworkSettings"]["Networks"][network]["IPAddress"])


@contextmanager
def listener(stack: Sandbox, network: str) -> Iterator[Container]:
    """A stranger where the hub's API was; the engine gives it the lowest address that is free."""
    image = Containers(stack.stack).one("spark-connect").image.id
    labels = {"sandbox.stack": stack.stack}
    container = client().containers.run(
        image, ["-c", LISTENER], entrypoint="python3", detach=True, network=network, labels=labels
    )
    try:
        yield container
    finally:
        container.remove(force=True)


def test_servers_ask_the_hub_where_it_is_now(stack: Sandbox, containers: Containers) -> None:
    """As when the store is stopped, the hub restarted, and the store started: nobody keeps the address they had."""
    hub, network = containers.one("hub"), f"{stack.stack}_data"
    with HubClient(stack.port("hub")) as engineer:
        engineer.login("engineer", stack.password("engineer")).start_server()
        with engineer.kernel() as kernel:
            assert kernel.run("print(1 + 1)").text.strip() == "2"
    before, server = address(hub, network), containers.server("engineer").id

    with ExitStack() as strangers:
        hub.stop(timeout=10)
        try:
            for _ in range(20):
                stranger = strangers.enter_context(listener(stack, network))
                if address(stranger, network) == before:
                    break
            assert address(stranger, network) == before, "a stranger has the hub's old address"
            until(lambda: b"LISTENING" in stranger.logs(), within=30, what="the stranger listens")
        finally:
            hub.start()
        assert address(hub, network) != before

        with logged_in_again(stack.port("hub"), "engineer", stack.password("engineer")) as engineer:
            assert containers.server("engineer").id == server
            with engineer.kernel() as kernel:
                assert kernel.run("print(2 + 2)").text.strip() == "4"
        assert b"HEARD" not in stranger.logs(), "what only the hub may see"
