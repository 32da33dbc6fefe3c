"""The way, in the order in which it is walked, whatever is broken on it."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sandbox_cli.console import Console
from sandbox_cli.errors import EngineError, StackError
from sandbox_cli.settings import Settings
from sandbox_cli.stack import services
from sandbox_cli.stack.doctor.hop import Hop, NotWell
from sandbox_cli.stack.services import Part

# The package has a function of the same name.
examine = importlib.import_module("sandbox_cli.stack.doctor.examine")
BELOW = ("disk", "memory", "current_images", "published_ports", "clock")
STEPS = ("spawn", "start_kernel", "spark_session", "executor", "s3_write", "s3_read")


class World:
    """A stack that is well, but for what a test breaks: `broken` names of checks, `parts` of the engine."""

    def __init__(self) -> None:
        self.broken: dict[str, Exception] = {}
        self.parts = [Part(name, f"demo-{name}-1", name, "running", "healthy", "Up") for name in services.SERVICES]
        self.looked: list[str] = []
        self.closed = 0

    def check(self, name: str) -> Callable[..., str]:
        def look(*arguments: Any) -> str:
            self.looked.append(name)
            if name in self.broken:
                raise self.broken[name]
            return "well"

        return look

    def close(self) -> None:
        self.closed += 1
        if "close" in self.broken:
            raise self.broken["close"]

    def stop(self, service: str) -> None:
        self.parts = [part for part in self.parts if part.service != service]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World()
    monkeypatch.setattr(examine.engines, "connect", lambda console, settings: SimpleNamespace(description="an engine"))
    monkeypatch.setattr(examine.services, "parts", lambda engine, settings: world.parts)
    for name in BELOW:
        monkeypatch.setattr(examine.below, name, world.check(name))
    walk = SimpleNamespace(close=world.close, **{name: world.check(name) for name in STEPS})
    monkeypatch.setattr(examine, "Walk", lambda session, settings: walk)
    return world


@pytest.fixture
def walk(tmp_path: Path) -> Callable[[], dict[str, Hop]]:
    """Walks the way; returns what was found, by name."""
    return lambda: {
        hop.name: hop for hop in examine.examine(Console(plain=True), Settings(stack="demo", state_home=tmp_path))
    }


def states(hops: dict[str, Hop]) -> dict[str, str]:
    """Returns the state of each hop that is not well."""
    return {name: hop.state for name, hop in hops.items() if not hop.ok}


def test_the_way_is_walked_from_the_engine_to_s3(world: World, walk: Callable[[], dict[str, Hop]]) -> None:
    hops = walk()

    assert list(hops) == [
        "engine", "disk", "memory", "images", "ports", *services.SERVICES, "clock",
        "spawn", "kernel", "Spark session", "executor", "S3 write", "S3 read",
    ]  # fmt: skip
    assert states(hops) == {}
    assert len({hop.code for hop in hops.values()}) == len(hops)
    assert world.looked == [*BELOW, *STEPS]
    assert world.closed == 1


BEHIND_SPAWN = ["spawn", "kernel", "Spark session", "executor", "S3 write", "S3 read"]


@pytest.mark.parametrize(
    ("service", "skipped"),
    [
        ("hub", BEHIND_SPAWN),
        ("docker-api", BEHIND_SPAWN),
        ("minio", ["clock", "S3 write", "S3 read"]),
        ("spark-master", ["Spark session", "executor"]),
        ("spark-worker", ["Spark session", "executor"]),
        ("spark-connect", ["Spark session", "executor"]),
    ],
)
def test_only_what_lies_behind_a_stopped_service_is_skipped(
    world: World, walk: Callable[[], dict[str, Hop]], service: str, skipped: list[str]
) -> None:
    world.stop(service)

    hops = walk()

    assert states(hops) == {service: "stopped", **dict.fromkeys(skipped, "skipped")}
    assert {hops[name].cause for name in skipped} == {f"{hops[service].code} {service} is stopped"}
    assert {hops[name].fix for name in skipped} == {"sandbox up"}


@pytest.mark.parametrize("service", ["spark-history", "mail"])
def test_an_optional_service_that_was_left_out_is_no_hop(
    world: World, walk: Callable[[], dict[str, Hop]], service: str
) -> None:
    world.stop(service)
    hops = walk()
    assert service not in hops
    assert states(hops) == {}


@pytest.mark.parametrize(
    ("check", "bad"),
    [
        ("disk", {"disk": "broken"}),
        ("memory", {"memory": "broken"}),
        ("current_images", {"images": "broken"}),
        ("published_ports", {"ports": "broken", "clock": "skipped"}),
        ("clock", {"clock": "broken"}),
        ("spawn", {"spawn": "broken", **dict.fromkeys(BEHIND_SPAWN[1:], "skipped")}),
        ("spark_session", {"Spark session": "broken", "executor": "skipped"}),
        ("s3_write", {"S3 write": "broken", "S3 read": "skipped"}),
        ("s3_read", {"S3 read": "broken"}),
    ],
)
def test_a_broken_hop_does_not_end_the_walk(
    world: World, walk: Callable[[], dict[str, Hop]], check: str, bad: dict[str, str]
) -> None:
    world.broken[check] = NotWell("it is sick", "mend it")
    assert states(walk()) == bad
    assert world.closed == 1


def test_codes_stay_the_same_when_a_service_is_left_out(world: World, walk: Callable[[], dict[str, Hop]]) -> None:
    all_of_them = {name: hop.code for name, hop in walk().items()}
    world.stop("spark-history")
    fewer = {name: hop.code for name, hop in walk().items()}
    assert fewer.items() <= all_of_them.items()


def test_what_was_started_is_stopped_whatever_happens(world: World, walk: Callable[[], dict[str, Hop]]) -> None:
    world.broken["executor"] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        walk()
    assert world.closed == 1


def test_without_an_engine_there_is_no_way(
    world: World, walk: Callable[[], dict[str, Hop]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*arguments: Any) -> None:
        raise EngineError("no engine")

    monkeypatch.setattr(examine.engines, "connect", none)
    with pytest.raises(EngineError):
        walk()


def test_a_server_that_cannot_be_stopped_hides_nothing(world: World, walk: Callable[[], dict[str, Hop]]) -> None:
    world.broken["close"] = StackError("the hub does not answer")
    world.broken["executor"] = NotWell("it is sick", "mend it")
    assert states(walk()) == {"executor": "broken"}
