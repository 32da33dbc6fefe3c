"""All checks, in their order, whatever is broken."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sandbox_cli.console import Console
from sandbox_cli.errors import EngineError, StackError, UsageError
from sandbox_cli.settings import Settings
from sandbox_cli.stack import services, variables
from sandbox_cli.stack.doctor.check import CheckFailed, CheckResult
from sandbox_cli.stack.services import StackContainer

# The package has a function of the same name.
module = importlib.import_module("sandbox_cli.stack.doctor.run_checks")
BELOW = ("disk", "memory", "current_images", "published_ports", "clock")
STEPS = ("spawn", "start_kernel", "spark_session", "executor", "s3_write", "s3_read")

Run = Callable[[], dict[str, CheckResult]]


class World:
    """A stack that is well, but for what a test breaks: `broken` names of checks, `parts` of the engine."""

    def __init__(self) -> None:
        self.broken: dict[str, Exception] = {}
        self.containers = [
            StackContainer(name, f"demo-{name}-1", name, "running", "healthy", "Up") for name in services.SERVICES
        ]
        self.checked: list[str] = []
        self.closed = 0

    def check(self, name: str) -> Callable[..., str]:
        def look(*arguments: Any) -> str:
            self.checked.append(name)
            if name in self.broken:
                raise self.broken[name]
            return "well"

        return look

    def close(self) -> None:
        self.closed += 1
        if "close" in self.broken:
            raise self.broken["close"]

    def stop(self, service: str) -> None:
        self.containers = [container for container in self.containers if container.service != service]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World()
    monkeypatch.setattr(
        module.connection, "connect", lambda console, settings: SimpleNamespace(description="an engine")
    )
    monkeypatch.setattr(module.services, "containers", lambda engine, settings: world.containers)
    for name in BELOW:
        monkeypatch.setattr(module.machine_checks, name, world.check(name))
    context = SimpleNamespace(close=world.close, **{name: world.check(name) for name in STEPS})
    monkeypatch.setattr(module, "CheckContext", lambda session, settings: context)
    return world


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs all checks; returns the results by name."""
    settings = Settings(stack="demo", state_home=tmp_path)
    return lambda: {result.name: result for result in module.run_checks(Console(plain=True), settings)}


def states(results: dict[str, CheckResult]) -> dict[str, str]:
    """Returns the state of each check that has not passed."""
    return {name: result.state for name, result in results.items() if not result.ok}


def test_checks_go_from_the_engine_to_s3(world: World, run: Run) -> None:
    results = run()

    assert list(results) == [
        "engine", "disk", "memory", "images", "ports", *services.SERVICES, "clock",
        "spawn", "kernel", "Spark session", "executor", "S3 write", "S3 read",
    ]  # fmt: skip
    assert states(results) == {}
    assert len({result.code for result in results.values()}) == len(results)
    assert world.checked == [*BELOW, *STEPS]
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
    world: World, run: Run, service: str, skipped: list[str]
) -> None:
    world.stop(service)

    results = run()

    assert states(results) == {service: "stopped", **dict.fromkeys(skipped, "skipped")}
    assert {results[name].cause for name in skipped} == {f"{results[service].code} {service} is stopped"}
    assert {results[name].fix for name in skipped} == {"sandbox up"}


@pytest.mark.parametrize("service", ["spark-history", "mail"])
def test_an_optional_service_that_was_left_out_is_not_checked(world: World, run: Run, service: str) -> None:
    world.stop(service)
    results = run()
    assert service not in results
    assert states(results) == {}


def test_a_stack_without_hub_and_connect_is_checked_as_far_as_it_goes(world: World, run: Run, tmp_path: Path) -> None:
    settings = Settings(stack="demo", state_home=tmp_path, without=("hub", "connect"))
    variables.remember(settings, {})
    for service in ("hub", "docker-api", "spark-connect"):
        world.stop(service)
    assert states(run()) == {}
    assert list(run())[-1] == "clock"
    named = {each.name: each for each in module.run_checks(Console(plain=True), settings, ["spawn"])}
    assert states(named) == {"hub": "stopped", "docker-api": "stopped", "spawn": "skipped"}


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
def test_a_failed_check_does_not_end_the_others(world: World, run: Run, check: str, bad: dict[str, str]) -> None:
    world.broken[check] = CheckFailed("it is sick", "mend it")
    assert states(run()) == bad
    assert world.closed == 1


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["disk"], ["engine", "disk"]),
        (["D02", "memory"], ["engine", "disk", "memory"]),
        (["S3 read"], ["engine", "minio", "docker-api", "hub", "spawn", "kernel", "S3 write", "S3 read"]),
        (["s3-write", "SPAWN"], ["engine", "minio", "docker-api", "hub", "spawn", "kernel", "S3 write"]),
        (["engine"], ["engine"]),
    ],
)
def test_checks_run_by_name_with_what_they_need(
    world: World, tmp_path: Path, names: list[str], expected: list[str]
) -> None:
    settings = Settings(stack="demo", state_home=tmp_path)
    assert [result.name for result in module.run_checks(Console(plain=True), settings, names)] == expected


@pytest.mark.parametrize("name", ["D14", "spark-history"])
def test_a_service_that_was_left_out_is_stopped_for_whom_names_it(world: World, tmp_path: Path, name: str) -> None:
    world.stop("spark-history")
    results = module.run_checks(Console(plain=True), Settings(stack="demo", state_home=tmp_path), [name])
    assert states({result.name: result for result in results}) == {"spark-history": "stopped"}


def test_a_check_that_there_is_not_is_refused_with_those_there_are(world: World, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"There is no check `memry`.*memory"):
        module.run_checks(Console(plain=True), Settings(stack="demo", state_home=tmp_path), ["memry"])
    with pytest.raises(UsageError, match=r"There is no check `D77`. Known: D01, .*D26"):
        module.run_checks(Console(plain=True), Settings(stack="demo", state_home=tmp_path), ["D01", "D77"])
    assert world.checked == []


def test_every_check_has_a_name_that_the_command_takes(world: World, run: Run) -> None:
    results = run()
    assert tuple(module._as_name(name) for name in results) == module.CHECK_NAMES
    assert {result.code for result in results.values()} == set(module.CODES)


def test_codes_stay_the_same_when_a_service_is_left_out(world: World, run: Run) -> None:
    all_of_them = {name: result.code for name, result in run().items()}
    world.stop("spark-history")
    fewer = {name: result.code for name, result in run().items()}
    assert fewer.items() <= all_of_them.items()


def test_what_was_started_is_stopped_whatever_happens(world: World, run: Run) -> None:
    world.broken["executor"] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        run()
    assert world.closed == 1


def test_without_an_engine_nothing_is_checked(world: World, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*arguments: Any) -> None:
        raise EngineError("no engine")

    monkeypatch.setattr(module.connection, "connect", none)
    with pytest.raises(EngineError):
        run()


def test_a_server_that_cannot_be_stopped_hides_nothing(world: World, run: Run) -> None:
    world.broken["close"] = StackError("the hub does not answer")
    world.broken["executor"] = CheckFailed("it is sick", "mend it")
    assert states(run()) == {"executor": "broken"}
