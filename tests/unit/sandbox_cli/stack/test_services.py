"""What the engine says of the stack's containers, and which of them are not healthy."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from sandbox_cli.settings import Settings
from sandbox_cli.stack import services
from sandbox_cli.stack.engine.connection import Engine
from sandbox_cli.stack.services import StackContainer, unready

SETTINGS = Settings(stack="demo")


def raw(name: str, status: str = "Up 3 minutes (healthy)", state: str = "running", **labels: str) -> dict[str, Any]:
    """Returns a container as the engine lists it; its labels by the last word of their names."""
    full = {
        "service": services.SERVICE,
        "project": services.PROJECT,
        "oneoff": services.ONE_OFF,
        "stack": services.STACK,
    }
    return {
        "Id": f"id of {name}",
        "Names": [f"/{name}"],
        "State": state,
        "Status": status,
        "Labels": {full[key]: value for key, value in labels.items()},
        "Ports": [],
    }


def a_container(service: str, state: str = "running", health: str = "healthy") -> StackContainer:
    return StackContainer("id", f"demo-{service}-1", service, state, health, "Up 3 minutes")


@pytest.mark.parametrize(
    ("container", "service"),
    [
        (raw("demo-hub-1", project="demo", service="hub"), "hub"),
        (raw("demo-user-ada", stack="demo"), "user:ada"),
        (raw("demo-user-ada-b", stack="demo"), "user:ada-b"),
        (raw("demo-driver-0123", project="demo", service="runner", oneoff="True"), "driver"),
        (raw("demo-runner-1", project="demo", service="runner", oneoff="False"), "runner"),
        (raw("brave_euler", stack="demo"), "helper"),
        ({**raw("x", stack="demo"), "Labels": None}, "helper"),
    ],
)
def test_a_container_is_called_by_its_part(container: dict[str, Any], service: str) -> None:
    assert services._container(container, SETTINGS).service == service


@pytest.mark.parametrize(
    ("state", "status", "health", "ready"),
    [
        ("running", "Up 3 minutes (healthy)", "healthy", True),
        ("running", "Up 3 minutes", "", True),
        ("running", "Up 1 second (health: starting)", "starting", False),
        ("running", "Up 3 minutes (unhealthy)", "unhealthy", False),
        ("paused", "Up 3 minutes (Paused)", "", False),
        ("restarting", "Restarting (1) 2 seconds ago", "", False),
        ("exited", "Exited (0) 2 seconds ago", "", False),
        ("created", "Created", "", False),
    ],
)
def test_a_container_is_ready_when_it_runs_and_is_not_unwell(state: str, status: str, health: str, ready: bool) -> None:
    container = services._container(raw("demo-hub-1", status, state, service="hub"), SETTINGS)
    assert (container.health, container.ready, container.since) == (health, ready, status)


def test_published_ports_are_listed_once() -> None:
    container = raw("demo-hub-1", service="hub")
    container["Ports"] = [
        {"IP": "127.0.0.1", "PrivatePort": 8000, "PublicPort": 8001, "Type": "tcp"},
        {"IP": "::1", "PrivatePort": 8000, "PublicPort": 8001, "Type": "tcp"},
        {"PrivatePort": 8081, "Type": "tcp"},
    ]
    assert services._container(container, SETTINGS).ports == (8001,)


@pytest.mark.parametrize(
    ("found", "wrong"),
    [
        ([a_container("hub"), a_container("minio")], {}),
        ([a_container("hub"), a_container("minio", health="")], {}),
        ([a_container("hub")], {"minio": "has no container"}),
        ([], {"hub": "has no container", "minio": "has no container"}),
        ([a_container("hub", "exited", ""), a_container("minio")], {"hub": "exited (Up 3 minutes)"}),
        ([a_container("hub", health="starting"), a_container("minio")], {"hub": "running, starting (Up 3 minutes)"}),
        ([a_container("hub"), a_container("hub", health="unhealthy"), a_container("minio")],
         {"hub": "running, unhealthy (Up 3 minutes)"}),
        ([a_container("hub"), a_container("minio"), a_container("mail", "exited", "")], {}),
        ([a_container("user:hub"), a_container("minio")], {"hub": "has no container"}),
    ],
)  # fmt: skip
def test_services_that_are_not_ready_have_a_reason(found: list[StackContainer], wrong: dict[str, str]) -> None:
    assert unready(found, ["hub", "minio"]) == wrong


@pytest.mark.parametrize(
    ("without", "gone"),
    [
        ((), set()),
        (("mail",), {"mail"}),
        (("history", "mail"), {"spark-history", "mail"}),
        (("hub", "connect"), {"hub", "docker-api", "spark-connect"}),
    ],
)
def test_what_was_left_out_is_not_expected(without: tuple[str, ...], gone: set[str]) -> None:
    assert set(services.SERVICES) - set(services.expected(Settings(without=without))) == gone


def test_each_container_of_the_stack_is_listed_once_and_in_order() -> None:
    both = raw("demo-hub-1", project="demo", service="hub", stack="demo")
    listed = {
        "com.docker.compose.project=demo": [
            raw("demo-mail-1", service="mail"),
            both,
            raw("demo-minio-1", service="minio"),
        ],
        "sandbox.stack=demo": [raw("demo-user-bob", stack="demo"), both, raw("demo-user-ada", stack="demo")],
    }
    api = SimpleNamespace(containers=lambda all, filters: listed[filters["label"]])  # noqa: A006 - docker-py's name
    engine = cast("Engine", SimpleNamespace(client=SimpleNamespace(api=api)))

    names = [container.name for container in services.containers(engine, SETTINGS)]

    assert names == ["demo-minio-1", "demo-hub-1", "demo-mail-1", "demo-user-ada", "demo-user-bob"]


def test_what_was_made_and_never_started_is_removed_but_for_drivers_and_servers() -> None:
    listed = [
        raw("demo-hub-1", "Created", "created", project="demo", service="hub"),
        raw("0123_demo-mail-1", "Created", "created", project="demo", service="mail"),
        raw("demo-minio-1", "Exited (0) 2 seconds ago", "exited", project="demo", service="minio"),
        raw("demo-driver-0123", "Created", "created", project="demo", service="spark-master", oneoff="True"),
        raw("demo-user-ada", "Created", "created", stack="demo"),
    ]
    removed = []

    def get(name: str) -> SimpleNamespace:
        return SimpleNamespace(remove=lambda force: removed.append(name))

    api = SimpleNamespace(containers=lambda all, filters: listed)  # noqa: A006 - docker-py's name
    client = SimpleNamespace(api=api, containers=SimpleNamespace(get=get))

    services.remove_unstarted(cast("Engine", SimpleNamespace(client=client)), SETTINGS)

    assert removed == ["id of demo-hub-1", "id of 0123_demo-mail-1"]


@pytest.mark.parametrize(
    ("detail", "used"),
    [
        ({"inactive_file": 30}, 70.0),
        ({"total_inactive_file": 40, "inactive_file": 30}, 60.0),
        ({}, 100.0),
    ],
    ids=["cgroup 2", "cgroup 1", "neither says"],
)
def test_memory_is_counted_without_what_the_kernel_can_drop(detail: dict[str, int], used: float) -> None:
    assert services.memory_used({"memory_stats": {"usage": 100, "stats": detail, "limit": 200}}) == used


def test_a_container_that_has_just_ended_uses_no_memory() -> None:
    assert services.memory_used({"memory_stats": {}}) == 0
