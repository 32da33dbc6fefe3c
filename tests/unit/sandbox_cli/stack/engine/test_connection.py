from pathlib import Path
from types import SimpleNamespace

import pytest

from sandbox_cli.console import Console
from sandbox_cli.errors import EngineError
from sandbox_cli.settings import Settings
from sandbox_cli.stack.engine import connection
from sandbox_cli.stack.engine.connection import Engine
from sandbox_cli.stack.engine.discovery import Attempt, Candidate
from sandbox_cli.stack.engine.plugins import COMPOSE

HERE = Candidate("Docker context default", "unix:///var/run/docker.sock")


def a_client(**version: object) -> SimpleNamespace:
    version = {
        "ApiVersion": "1.41",
        "Version": "20.10.24",
        "Os": "linux",
        "Components": [{"Name": "Engine"}],
        **version,
    }
    return SimpleNamespace(version=lambda: version)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """What there is: `found` and `tried` of the discovery, `missing` tools; `steps` counts installations."""
    world = SimpleNamespace(found=(HERE, a_client()), tried=[], missing=[], steps=0)
    monkeypatch.setattr(connection.discovery, "candidates", list)
    monkeypatch.setattr(connection.discovery, "find", lambda places: (world.found, world.tried))
    monkeypatch.setattr(connection.plugins, "missing", lambda: world.missing)
    monkeypatch.setattr(connection.install, "plan", lambda *args, **kwargs: [])

    def install(console: Console, settings: Settings, steps: list) -> None:
        world.steps += 1
        world.found, world.missing = (HERE, a_client()), []

    monkeypatch.setattr(connection.install, "carry_out", install)
    return world


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(state_home=tmp_path)


@pytest.fixture
def console() -> Console:
    return Console(plain=True)


def test_an_engine_that_answers_is_taken_as_it_is(world, console, settings) -> None:
    assert connection.ensure(console, settings).host == HERE.host
    assert world.steps == 0


@pytest.mark.parametrize("lack", [{"found": None}, {"missing": [COMPOSE]}], ids=["no engine", "no Compose"])
def test_what_is_missing_is_installed_by_ensure_and_only_reported_by_connect(world, console, settings, lack) -> None:
    vars(world).update(lack, tried=[Attempt(HERE, "no such socket")])
    with pytest.raises(EngineError) as caught:
        connection.connect(console, settings)
    assert "sandbox up" in str(caught.value.hint)
    assert world.steps == 0
    connection.ensure(console, settings)
    assert world.steps == 1


def test_an_engine_that_was_chosen_is_not_replaced_by_another(world, console, settings) -> None:
    world.found = None
    world.tried = [Attempt(Candidate("DOCKER_HOST", "tcp://there:2375", chosen=True), "timed out")]
    with pytest.raises(EngineError, match=r"tcp://there:2375 \(DOCKER_HOST\): timed out"):
        connection.ensure(console, settings)
    assert world.steps == 0


@pytest.mark.parametrize(
    ("version", "problem"),
    [
        ({"ApiVersion": "1.40", "Version": "19.03.15"}, "is Docker 19.03.15; 20.10 is the oldest"),
        ({"Os": "windows"}, "runs windows containers"),
        ({"Components": [{"Name": "Podman Engine"}]}, "Podman"),
    ],
)
def test_an_engine_that_cannot_do_it_is_refused(world, console, settings, version, problem: str) -> None:
    world.found = (HERE, a_client(**version))
    with pytest.raises(EngineError, match=problem):
        connection.connect(console, settings)


@pytest.mark.parametrize(
    ("host", "system", "platform", "path"),
    [
        ("unix:///var/run/docker.sock", "Debian", "linux", "/var/run/docker.sock"),
        ("unix:///run/user/1000/docker.sock", "Debian", "linux", "/run/user/1000/docker.sock"),
        ("unix:///home/me/.docker/desktop/docker.sock", "Docker Desktop", "linux", "/var/run/docker.sock"),
        ("unix:///Users/me/.docker/run/docker.sock", "Docker Desktop", "darwin", "/var/run/docker.sock"),
        ("unix:///home/me/.colima/default/docker.sock", "Ubuntu", "linux", "/var/run/docker.sock"),
        ("tcp://there:2375", "Debian", "linux", "/var/run/docker.sock"),
    ],
)
def test_the_socket_as_a_container_must_mount_it(
    monkeypatch: pytest.MonkeyPatch, host: str, system: str, platform: str, path: str
) -> None:
    monkeypatch.setattr(connection.sys, "platform", platform)
    docker_client = SimpleNamespace(info=lambda: {"OperatingSystem": system})
    assert Engine(docker_client, host, "x").socket_path == path


def test_a_rootless_engines_socket_belongs_to_root_in_a_container() -> None:
    docker_client = SimpleNamespace(info=lambda: {"SecurityOptions": ["name=seccomp", "name=rootless"]})
    assert Engine(docker_client, "unix:///run/user/1000/docker.sock", "x").socket_gid("any") == 0


def test_the_docker_command_line_reaches_this_engine_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_CONTEXT", "other")
    environment = Engine(SimpleNamespace(), "unix:///mine", "x").environment()
    assert environment["DOCKER_HOST"] == "unix:///mine"
    assert "DOCKER_CONTEXT" not in environment
