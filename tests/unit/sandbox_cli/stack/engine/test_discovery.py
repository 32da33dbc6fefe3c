import socket
from pathlib import Path
from types import SimpleNamespace

import pytest

from sandbox_cli.stack.engine import discovery
from sandbox_cli.stack.engine.discovery import Attempt, Candidate, candidates, find, no_engine


@pytest.fixture
def docker_cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Puts a `docker` on the PATH whose context is the one given; without a call there is no `docker`."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))

    def become(context: str) -> None:
        path = tmp_path / "bin/docker"
        path.parent.mkdir()
        path.write_text(f"#!/bin/sh\necho '{context}'\n")
        path.chmod(0o755)

    return become


def listening(path: Path) -> socket.socket:
    server = socket.socket(socket.AF_UNIX)
    path.parent.mkdir(parents=True, exist_ok=True)
    server.bind(str(path))
    server.listen()
    return server


def test_docker_host_is_the_only_place_when_it_is_set(docker_cli) -> None:
    docker_cli("default|unix:///var/run/docker.sock")
    assert candidates({"DOCKER_HOST": "tcp://there:2375"}) == [
        Candidate("DOCKER_HOST", "tcp://there:2375", chosen=True)
    ]


def test_the_current_context_comes_before_the_sockets(docker_cli, tmp_path: Path) -> None:
    docker_cli("colima|unix:///colima.sock")
    runtime = tmp_path / "run"
    with listening(runtime / "docker.sock"):
        found = candidates({"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(runtime)})
    assert found[0] == Candidate("Docker context colima", "unix:///colima.sock", chosen=True)
    assert f"unix://{runtime}/docker.sock" in [candidate.host for candidate in found]


def test_the_default_context_is_no_choice_of_the_user(docker_cli) -> None:
    docker_cli("default|unix:///var/run/docker.sock")
    assert candidates({"HOME": "/nowhere"})[0].chosen is False


def test_each_address_is_tried_once(docker_cli, tmp_path: Path) -> None:
    with listening(tmp_path / "docker.sock"):
        docker_cli(f"mine|unix://{tmp_path}/docker.sock")
        found = candidates({"HOME": "/nowhere", "XDG_RUNTIME_DIR": str(tmp_path)})
    assert [candidate.host for candidate in found].count(f"unix://{tmp_path}/docker.sock") == 1


def test_without_a_docker_cli_there_is_still_a_place_to_name(docker_cli) -> None:
    assert candidates({"HOME": "/nowhere", "XDG_RUNTIME_DIR": "/nowhere"})[0].host == "unix:///var/run/docker.sock"


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("unix://{tmp}/gone.sock", "no such socket"),
        ("unix://{tmp}/dead.sock", "nothing listens there"),
        ("nonsense://x", "nonsense"),
    ],
)
def test_a_place_that_does_not_answer_says_why(tmp_path: Path, address: str, reason: str) -> None:
    listening(tmp_path / "dead.sock").close()
    found, failed = find([Candidate("here", address.format(tmp=tmp_path))])
    assert found is None
    assert reason in str(failed[0])


def test_a_forbidden_socket_is_distinguished_from_a_dead_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbid(host: str) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(discovery, "open_client", forbid)
    _, failed = find([Candidate("here", "unix:///var/run/docker.sock")])
    assert failed[0].denied
    assert "usermod -aG docker" in str(no_engine(failed).hint)


def test_the_first_that_answers_is_taken_and_the_others_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    client = SimpleNamespace()

    def answer(host: str) -> SimpleNamespace:
        if host == "unix:///a":
            raise FileNotFoundError
        return client

    monkeypatch.setattr(discovery, "open_client", answer)
    found, failed = find([Candidate("x", f"unix:///{name}") for name in "abc"])
    assert found == (Candidate("x", "unix:///b"), client)
    assert [attempt.candidate.host for attempt in failed] == ["unix:///a"]


def test_no_engine_names_every_place() -> None:
    tried = [
        Attempt(Candidate("one", "unix:///a"), "no such socket"),
        Attempt(Candidate("two", "tcp://b"), "timed out"),
    ]
    message = no_engine(tried).message
    assert "unix:///a (one): no such socket; tcp://b (two): timed out" in message
