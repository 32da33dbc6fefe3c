from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from sandbox_cli.errors import StackError
from sandbox_cli.settings import Settings
from sandbox_cli.stack.compose import Compose

ROOT = Path(__file__).parents[4]


class Engine:
    """An engine that is never asked."""

    def __init__(self, path: str) -> None:
        self._path = path

    def environment(self) -> dict[str, str]:
        return {"PATH": self._path}


@pytest.fixture
def compose(tmp_path: Path) -> Compose:
    """A docker command that ends as its last argument says."""
    command = tmp_path / "docker"
    command.write_text('#!/bin/sh\nfor last; do :; done\necho "said this" >&2\nexit "$last"\n')
    command.chmod(0o755)
    return Compose(cast(Any, Engine(f"{tmp_path}:/usr/bin:/bin")), Settings(stack="test"))


def test_an_error_has_the_command_its_exit_code_and_its_stderr(compose: Compose) -> None:
    with pytest.raises(StackError, match=r"(?s)docker compose .* 17` ended with exit code 17:.*said this"):
        compose.call("17")


def test_ctrl_c_that_compose_saw_first_is_an_interruption(compose: Compose) -> None:
    with pytest.raises(KeyboardInterrupt):
        compose.call("130")


@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy"])
def test_no_service_reaches_another_through_a_proxy(name: str) -> None:
    """Docker's client configuration may name one for all containers."""
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    for service, content in services.items():
        passed_by = set(content["environment"][name].split("${")[0].split(","))
        assert passed_by >= ({*services, "localhost", "127.0.0.1"} - {"runner"}), service
