"""Servers that are never started."""

from __future__ import annotations

import pytest
from dockerspawner import DockerSpawner
from sandbox_hub.servers.spawner import SandboxSpawner


@pytest.fixture
def unstarted(monkeypatch: pytest.MonkeyPatch) -> None:
    """No container is started."""

    async def nothing(self: DockerSpawner) -> None:
        return None

    monkeypatch.setattr(DockerSpawner, "start", nothing)
    monkeypatch.setattr(SandboxSpawner, "get_object", nothing)
