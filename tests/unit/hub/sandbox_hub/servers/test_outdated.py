"""What becomes of servers that were started with other secrets than the stack has now."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
import sandbox_hub.servers.spawner
from dockerspawner import DockerSpawner
from sandbox_hub.servers import outdated
from sandbox_hub.servers.spawner import SandboxSpawner
from tornado import web
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port

from tests.unit.hub.conftest import SECRETS


@pytest.mark.usefixtures("unstarted")
@pytest.mark.parametrize(
    ("changed", "minutes_idle", "computes", "ends"),
    [
        ("spark_connect_token", 20, False, True),
        ("spark_auth_secret", 20, False, True),
        ("spark_connect_token", 20, True, False),
        ("spark_connect_token", 3, False, False),
        ("hub_cookie_secret", 20, False, False),
        (None, 20, False, False),
    ],
)
def test_a_server_with_former_secrets_is_stopped_when_it_is_idle(
    spawner: SandboxSpawner,
    monkeypatch: pytest.MonkeyPatch,
    changed: str | None,
    minutes_idle: int,
    computes: bool,
    ends: bool,
) -> None:
    stopped = []

    async def is_computing(url: str, token: str) -> bool:
        assert url.endswith("/user/ada/")
        assert token == "['access:servers!user=ada']"
        return computes

    async def running(self: DockerSpawner) -> None:
        return None

    async def stop(self: SandboxSpawner) -> None:
        stopped.append(self.user.name)

    asyncio.run(spawner.start())
    remembered = spawner.get_state()
    spawner.secrets_key = ""
    spawner.load_state(remembered)  # the hub was restarted, to get the new ones
    monkeypatch.setattr(DockerSpawner, "poll", running)
    monkeypatch.setattr(SandboxSpawner, "stop", stop)
    monkeypatch.setattr(outdated, "is_computing", is_computing)
    spawner.user.new_api_token = lambda scopes, **_: str(scopes)
    spawner.orm_spawner.last_activity = datetime.now(UTC).replace(tzinfo=None) - timedelta(minutes=minutes_idle)
    if changed:
        made_anew = {**SECRETS, changed: "another"}
        monkeypatch.setattr(sandbox_hub.servers.spawner, "read_secret", made_anew.__getitem__)

    assert asyncio.run(spawner.poll()) == (0 if ends else None)
    assert stopped == (["ada"] if ends else [])
    assert spawner.is_outdated is (changed in outdated.GIVEN)
    assert not [secret for secret in SECRETS.values() if secret in str(remembered)]


@pytest.mark.parametrize(
    ("status", "answer", "computes"),
    [
        (200, b'[{"execution_state": "idle"}, {"execution_state": "busy"}]', True),
        (200, b'[{"execution_state": "idle"}]', False),
        (200, b"[]", False),
        (200, b'{"a": 1}', False),
        (200, b"[" * 2_000_000, False),
        (403, b'[{"execution_state": "busy"}]', False),
    ],
)
def test_a_silent_computation_is_known_by_its_kernel(status: int, answer: bytes, computes: bool) -> None:
    class Kernels(web.RequestHandler):
        def get(self) -> None:
            assert self.request.headers["Authorization"] == "token its-token"
            self.set_status(status)
            self.finish(answer)

    async def ask() -> bool:
        socket, port = bind_unused_port()
        server = HTTPServer(web.Application([("/user/ada/api/kernels", Kernels)]))
        server.add_socket(socket)
        found = await outdated.is_computing(f"http://127.0.0.1:{port}/user/ada/", "its-token")
        server.stop()
        return found

    assert asyncio.run(ask()) is computes


def test_a_server_of_which_nobody_knows_the_secrets_goes_on(spawner: SandboxSpawner) -> None:
    """An older version of the hub started it."""
    spawner.load_state({})
    assert not spawner.is_outdated
