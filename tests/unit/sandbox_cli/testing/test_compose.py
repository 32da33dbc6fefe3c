"""testcontainers' class over a stack; its other methods are called in tests/integration/test_other_repository.py."""

from __future__ import annotations

import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from testcontainers.compose import DockerCompose

from sandbox_cli.settings import ROOT, Settings
from sandbox_cli.testing.compose import SandboxCompose


class Calls:
    """A command that does nothing."""

    def __init__(self) -> None:
        self.made: list[tuple[str, ...]] = []

    def __call__(self, *argv: str) -> str:
        self.made.append(argv)
        return f"{argv[0]} has ended"


@pytest.fixture
def calls() -> Calls:
    return Calls()


@pytest.fixture
def compose(calls: Calls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SandboxCompose:
    made = SandboxCompose(calls, Settings(stack="demo", state_home=tmp_path), ["--workers", "1"])
    environment = {"PATH": str(tmp_path), "SANDBOX_STACK": "demo"}
    made._session = SimpleNamespace(compose=SimpleNamespace(environment=lambda: environment))  # type: ignore[assignment]
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return made


def docker(folder: Path, script: str) -> None:
    """Puts a `docker` on the path."""
    file = folder / "docker"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


def test_it_starts_and_stops_by_the_command_alone(compose: SandboxCompose, calls: Calls) -> None:
    with compose as started:
        assert isinstance(started, DockerCompose)
        assert started.started == "up has ended"
    compose.stop(down=False)
    assert calls.made == [("up", "--workers", "1"), ("reset", "--yes"), ("down",)]


def test_wait_strategies_are_waited_for(compose: SandboxCompose, calls: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[Any] = []
    strategy: Any = SimpleNamespace(wait_until_ready=lambda container: waited.append((container, calls.made[:])))
    monkeypatch.setattr(compose, "get_container", lambda service_name: service_name)
    compose.waiting_for({"minio": strategy}).start()
    assert waited == [("minio", [("up", "--workers", "1")])]


def test_compose_is_asked_with_the_stacks_file_and_variables(compose: SandboxCompose, tmp_path: Path) -> None:
    docker(tmp_path, 'echo "$SANDBOX_STACK $@"; echo "$PWD" >&2')
    assert compose.get_logs("minio") == (f"demo compose -f {ROOT / 'compose.yaml'} logs minio\n", f"{ROOT}\n")


def test_a_command_that_fails_shows_what_it_said(compose: SandboxCompose, tmp_path: Path) -> None:
    docker(tmp_path, "echo no such service >&2; exit 1")
    with pytest.raises(subprocess.CalledProcessError) as raised:
        compose.get_logs("nothing")
    assert raised.value.__notes__ == ["no such service\n"]
