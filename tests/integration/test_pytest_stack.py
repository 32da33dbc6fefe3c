"""What the fixture `sandbox` of other repositories gives of a whole stack; what it gives of a small one is in
test_other_repository.py."""

from __future__ import annotations

import io
import socket
import sys
from collections.abc import Iterator

import pytest
from minio.error import S3Error

from sandbox_cli.testing.command import Command
from sandbox_cli.testing.forward import forwarded
from sandbox_cli.testing.stack import CONNECT_PORT, SandboxStack
from tests.support.hub import HubClient
from tests.support.sandbox import ROOT, Sandbox

HELLO = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])  # with empty settings
SETTINGS_FRAME = 4


@pytest.fixture
def sandbox(stack: Sandbox) -> SandboxStack:
    words = [sys.executable, "-P", "-m", "sandbox_cli.app"]
    return SandboxStack(Command(words, stack.stack, stack.state_home), stack.compose(timeout=300), ROOT)


@pytest.fixture
def reviewer(sandbox: SandboxStack) -> Iterator[str]:
    yield "reviewer"
    sandbox.command("users", "remove", "reviewer", "--home", "--yes")


def test_a_user_logs_in_and_writes_to_s3_where_users_may(sandbox: SandboxStack, stack: Sandbox, reviewer: str) -> None:
    user = sandbox.user(reviewer)
    assert sandbox.user(reviewer).password == user.password, "the account is made once"
    with HubClient(stack.port("hub")) as browser:
        browser.login(reviewer, user.password)
    user.s3.put_object("scratch", f"users/{reviewer}/note.txt", io.BytesIO(b"seen"), 4)
    with pytest.raises(S3Error, match="Access Denied"):
        user.s3.put_object("published", "note.txt", io.BytesIO(b"seen"), 4)
    sandbox.s3.remove_object("scratch", f"users/{reviewer}/note.txt")


def test_the_hub_answers_as_to_an_admin(sandbox: SandboxStack) -> None:
    names = {user["name"] for user in sandbox.hub.request("GET", "/hub/api/users").json()}
    assert {"admin", "engineer"} <= names
    assert sandbox.hub.url.endswith(str(sandbox.compose.get_service_port("hub", 8000)))


def test_a_port_that_is_not_published_is_reached(sandbox: SandboxStack) -> None:
    compose = sandbox.compose
    environment = compose.session.compose.environment()
    with (
        forwarded(compose.compose_command_property, environment, "spark-connect", CONNECT_PORT) as port,
        socket.create_connection(("127.0.0.1", port), timeout=60) as client,
    ):
        client.sendall(HELLO)
        assert client.recv(9)[3] == SETTINGS_FRAME, "Spark Connect speaks HTTP/2"
