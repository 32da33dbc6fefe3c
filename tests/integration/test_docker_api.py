"""docker-api before the real engine: an intruder in the hub asks for what would give them the host."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import docker.errors
import pytest

from tests.support import docker_api
from tests.support.engine import Containers, client
from tests.support.sandbox import Sandbox

ATTACKS = [
    '"Privileged": true',
    '"privileged": true',
    '"Privileged": false, "Privileged": true',
    '"\\u0050rivileged": true',
    '"Binds": ["/:/host"]',
    '"Mounts": [{"Type": "bind", "Source": "/", "Target": "/host"}]',
    '"PidMode": "host"',
    '"IpcMode": "host"',
    '"Devices": [{"PathOnHost": "/dev/kmsg"}]',
    '"CapAdd": ["SYS_ADMIN"]',
]


@pytest.fixture
def name(stack: Sandbox) -> Iterator[str]:
    """The name of a server that nobody has; its container is gone afterwards."""
    name = f"{stack.stack}-user-intruder"
    yield name
    try:
        client().containers.get(name).remove(force=True)
    except docker.errors.NotFound:
        return


@pytest.fixture
def body(stack: Sandbox, containers: Containers) -> dict[str, Any]:
    """A request that may pass: what DockerSpawner asks for, at its shortest."""
    image = containers.one("docker-api").attrs["Config"]["Env"]
    notebook = next(value.partition("=")[2] for value in image if value.startswith("SANDBOX_NOTEBOOK_IMAGE="))
    return {"Image": notebook, "User": "21999:100", "Env": [], "HostConfig": {"NetworkMode": f"{stack.stack}_data"}}


def create(containers: Containers, name: str, body: str) -> docker_api.Answer:
    return docker_api.call(containers, "POST", f"/v1.41/containers/create?name={name}", body)


def exists(name: str) -> bool:
    return bool(client().containers.list(all=True, filters={"name": f"^/{name}$"}))


def test_a_server_is_made_without_any_right(containers: Containers, name: str, body: dict[str, Any]) -> None:
    assert create(containers, name, json.dumps(body)).status == 201

    host = client().containers.get(name).attrs["HostConfig"]
    assert host["CapDrop"] == ["ALL"]
    assert host["SecurityOpt"] == ["no-new-privileges:true"]
    assert not host["Privileged"]


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_way_to_the_host_is_refused(containers: Containers, name: str, body: dict[str, Any], attack: str) -> None:
    text = json.dumps(body).replace('"HostConfig": {', f'"HostConfig": {{{attack}, ')

    answer = create(containers, name, text)

    assert answer.status in {400, 403}, answer
    assert not exists(name)


@pytest.mark.parametrize("image", ["minio", "spark-master", "docker-api"])
def test_another_image_is_refused(containers: Containers, name: str, body: dict[str, Any], image: str) -> None:
    other = containers.one(image).image.id

    answer = create(containers, name, json.dumps({**body, "Image": other}))

    assert answer.status == 403, answer
    assert not exists(name)


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/exec"), ("GET", "/archive?path=/run/secrets"), ("POST", "/update"), ("GET", "/logs")],
)
def test_no_way_into_a_running_container(containers: Containers, method: str, path: str) -> None:
    target = containers.one("minio")

    answer = docker_api.call(containers, method, f"/v1.41/containers/{target.id}{path}", "{}")

    assert answer.status == 403, answer
