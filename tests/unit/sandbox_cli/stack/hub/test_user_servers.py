"""Servers that `up` finds running."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from sandbox_cli.settings import Settings
from sandbox_cli.stack import services
from sandbox_cli.stack.hub import user_servers


def a_server(name: str, token: str, status: str = "running") -> Any:
    environment = {"Env": ["A=1", f"SANDBOX_CONNECT_TOKEN={token}"]}
    return SimpleNamespace(name=name, status=status, attrs={"Config": environment})


def test_servers_with_former_secrets_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [
        a_server("demo-user-ada", "now"),
        a_server("demo-user-bob", "before"),
        a_server("demo-user-eve", "before", status="exited"),
        a_server("brave_euler", "before"),
    ]
    monkeypatch.setattr(services, "servers", lambda engine, settings: found)
    secrets = {"spark_connect_token": "now"}
    session: Any = SimpleNamespace(engine=None, settings=Settings(stack="demo"), secrets=secrets)
    assert user_servers.with_former_secrets(session) == ["bob"]
