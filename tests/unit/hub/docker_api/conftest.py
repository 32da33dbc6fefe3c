"""The stack `demo`, and the request by which its hub asks for ada's server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from docker_api.settings import FilterSettings

from tests.unit.hub.docker_api.service import Service, running

IMAGE = "sha256:" + "ab" * 32


@pytest.fixture
def settings() -> FilterSettings:
    return FilterSettings(stack="demo", image=IMAGE, network="demo_data")


@pytest.fixture
def body() -> dict[str, Any]:
    """What DockerSpawner 14 sends by docker-py; test_dockerspawner.py sees to it that this stays true."""
    return {
        "Hostname": None,
        "Domainname": None,
        "ExposedPorts": {"8888/tcp": None},
        "User": "20007:100",
        "Tty": False,
        "OpenStdin": False,
        "StdinOnce": False,
        "AttachStdin": False,
        "AttachStdout": True,
        "AttachStderr": True,
        "Env": ["HOME=/home/ada", "JUPYTERHUB_API_TOKEN=t0ken"],
        "Cmd": ["jupyterhub-singleuser"],
        "Image": IMAGE,
        "Volumes": {"/home": {}},
        "NetworkDisabled": False,
        "Entrypoint": None,
        "WorkingDir": None,
        "HostConfig": {
            "Memory": 0,
            "CpuPeriod": 100000,
            "NetworkMode": "demo_data",
            "Binds": ["demo-home-ada:/home:rw"],
            "Links": [],
            "Mounts": [],
        },
        "NetworkingConfig": None,
        "MacAddress": None,
        "Labels": None,
        "StopSignal": None,
        "Healthcheck": None,
        "StopTimeout": None,
        "Runtime": None,
    }


@pytest.fixture
def service(settings: FilterSettings, tmp_path: Path) -> Iterator[Service]:
    """docker-api; the engine has ada's server, the hub, and another stack's server."""
    with running(settings, tmp_path) as service:
        service.engine.add("demo-user-ada", "ada0" * 16, **{"sandbox.stack": "demo"})
        service.engine.add("demo-hub-1", "b0b0" * 16, **{"com.docker.compose.project": "demo"})
        service.engine.add("other-user-ada", "e1e1" * 16, **{"sandbox.stack": "other"})
        yield service
