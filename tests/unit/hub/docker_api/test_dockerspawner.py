"""What the real DockerSpawner sends, by our settings, passes; nothing else has to."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from docker_api.create import rebuild
from docker_api.settings import FilterSettings
from sandbox_hub.servers.spawner import SandboxSpawner

from tests.unit.hub.docker_api.service import NEW_ID, Service


@pytest.fixture
def spawner_here(spawner: SandboxSpawner, service: Service, monkeypatch: pytest.MonkeyPatch) -> SandboxSpawner:
    """The spawner, with docker-api as its engine, and no server of ada's yet."""
    monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{service.port}")
    service.engine.containers.clear()
    return spawner


async def a_day(spawner: SandboxSpawner) -> tuple[str, int]:
    where = await spawner.start()
    assert await spawner.poll() is None
    await spawner.stop()
    return where


def test_a_server_is_started_stopped_and_removed(spawner_here: SandboxSpawner, service: Service) -> None:
    assert asyncio.run(a_day(spawner_here)) == ("10.1.2.3", 8888)

    assert [(method, path) for method, path, _ in service.engine.changes()] == [
        ("POST", "/v1.41/containers/create?name=demo-user-ada"),
        ("PUT", f"/v1.41/containers/{NEW_ID}/archive?path=/team"),
        ("POST", f"/v1.41/containers/{NEW_ID}/start"),
        ("POST", f"/v1.41/containers/{NEW_ID}/stop"),
        ("DELETE", f"/v1.41/containers/{NEW_ID}?v=True&link=False&force=False"),
    ]


def test_what_is_left_of_the_last_server_goes_first(spawner_here: SandboxSpawner, service: Service) -> None:
    service.engine.add("demo-user-ada", "0123" * 16, **{"sandbox.stack": "demo"})

    asyncio.run(spawner_here.start())

    removed, created, *_ = service.engine.changes()
    assert removed[:2] == ("DELETE", f"/v1.41/containers/{'0123' * 16}?v=True&link=False&force=False")
    assert created[1] == "/v1.41/containers/create?name=demo-user-ada"


def test_a_server_that_crashed_keeps_its_log(spawner_here: SandboxSpawner, service: Service) -> None:
    service.engine.exit_code = 1

    asyncio.run(a_day(spawner_here))

    assert [method for method, *_ in service.engine.changes()] == ["POST", "PUT", "POST", "POST"]


def test_the_body_of_the_other_tests_is_the_one_that_is_sent(
    spawner_here: SandboxSpawner, service: Service, settings: FilterSettings, body: dict[str, Any]
) -> None:
    sent: list[dict[str, Any]] = []
    client = spawner_here.client
    create = client.create_container_from_config

    def note(config: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        sent.append(dict(config))
        return create(config, *args, **kwargs)

    client.create_container_from_config = note
    asyncio.run(spawner_here.create_object())

    assert {**sent[0], "Env": []} == {**body, "Env": []}
    assert service.engine.changes()[0][2] == rebuild(settings, "demo-user-ada", sent[0])
