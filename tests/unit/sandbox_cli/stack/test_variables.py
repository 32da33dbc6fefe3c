"""The values of compose.yaml: every one it asks for, and the ones of last time."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sandbox_cli.settings import ROOT, Settings
from sandbox_cli.stack import variables

IMAGES = ("base", "minio", "spark", "hub", "notebook", "docker-api", "mail")
PORTS = {"hub": 8001, "s3": 9001}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(stack="demo", state_home=tmp_path)


def made(settings: Settings) -> dict[str, str]:
    images: Any = {name: SimpleNamespace(ref=f"sandbox/{name}:1", id=f"sha256:{name}") for name in IMAGES}
    engine: Any = SimpleNamespace(socket_path="/run/x.sock", socket_gid=lambda ref: {"sandbox/hub:1": 998}[ref])
    return variables.of(engine, settings, PORTS, images)


def test_compose_gets_everything_that_it_insists_on(settings: Settings) -> None:
    insisted = set(re.findall(r"\$\{(\w+):\?", (ROOT / "compose.yaml").read_text()))
    assert insisted
    assert insisted <= set(made(settings))


def test_compose_gets_images_ports_and_socket(settings: Settings) -> None:
    expected = {
        "SANDBOX_IMAGE_DOCKER_API": "sandbox/docker-api:1",
        "SANDBOX_IMAGE_NOTEBOOK_ID": "sha256:notebook",
        "SANDBOX_HUB_PORT": "8001",
        "SANDBOX_S3_PORT": "9001",
        "SANDBOX_WORKERS": "2",
        "SANDBOX_DOCKER_SOCKET": "/run/x.sock",
        "SANDBOX_DOCKER_SOCKET_GID": "998",
    }
    assert expected.items() <= made(settings).items()


@pytest.mark.parametrize(
    ("without", "links"),
    [((), "spark,history,s3,mail"), (("mail",), "spark,history,s3"), (("history", "mail"), "spark,s3")],
)
def test_only_pages_that_run_are_linked(settings: Settings, without: tuple[str, ...], links: str) -> None:
    assert made(dataclasses.replace(settings, without=without))["SANDBOX_UI_LINKS"] == links


def test_as_many_workers_as_set_else_as_last_time(settings: Settings) -> None:
    three = dataclasses.replace(settings, workers=3)

    assert variables.workers(settings) == 2
    variables.remember(three, made(three))
    assert variables.workers(settings) == 3
    assert variables.workers(dataclasses.replace(settings, workers=1)) == 1


def test_what_is_remembered_is_what_was_made(settings: Settings) -> None:
    assert variables.remembered(settings) == {}
    variables.remember(settings, made(settings))
    assert variables.remembered(settings) == made(settings)
