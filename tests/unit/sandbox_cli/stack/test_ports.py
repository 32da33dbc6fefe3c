"""Ports: the preferred ones, the ones of last time, the requested ones, or the next that are free."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox_cli.console import Console
from sandbox_cli.errors import StackError, UsageError
from sandbox_cli.settings import Settings
from sandbox_cli.stack import ports, state


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(state_home=tmp_path)


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> set[int]:
    """The ports that somebody listens on."""
    taken: set[int] = set()
    monkeypatch.setattr(ports, "is_free", lambda port: port not in taken)
    return taken


def requested(settings: Settings, **wanted: int) -> Settings:
    return Settings(state_home=settings.state_home, requested_ports=wanted)


@pytest.mark.parametrize(
    ("others", "known", "published", "wanted", "chosen"),
    [
        (set(), {}, set(), {}, {"hub": 8000, "s3": 9000}),
        ({8000}, {}, set(), {}, {"hub": 8001, "s3": 9000}),
        ({8000, 8001, 8002, 9000}, {}, set(), {}, {"hub": 8003, "s3": 9001}),
        (set(), {"hub": 8123, "s3": 9123}, set(), {}, {"hub": 8123, "s3": 9123}),
        ({8123}, {"hub": 8123, "s3": 9123}, set(), {}, {"hub": 8124, "s3": 9123}),
        ({8123, 9123}, {"hub": 8123, "s3": 9123}, {8123, 9123}, {}, {"hub": 8123, "s3": 9123}),
        (set(), {"hub": 8123, "s3": 9123}, set(), {"hub": 8200}, {"hub": 8200, "s3": 9123}),
        ({8200}, {}, {8200}, {"hub": 8200}, {"hub": 8200, "s3": 9000}),
        ({8999}, {"hub": 8999}, set(), {}, {"hub": 9001, "s3": 9000}),
        (set(), {}, set(), {"hub": 9000}, {"hub": 9000, "s3": 9001}),
        (set(), {}, set(), {"s3": 8000}, {"hub": 8001, "s3": 8000}),
        ({8000}, {}, set(), {"s3": 8001}, {"hub": 8002, "s3": 8001}),
    ],
)
def test_the_ports_that_are_chosen(
    settings: Settings, taken: set[int], others: set[int], known: dict[str, int], published: set[int],
    wanted: dict[str, int], chosen: dict[str, int],
) -> None:  # fmt: skip
    taken |= others
    if known:
        state.write(settings.state_dir / "ports.json", known)
    settings = requested(settings, **wanted)

    assert ports.choose(Console(plain=True), settings, published=published) == chosen
    assert ports.remembered(settings) == chosen


def test_a_port_that_is_replaced_is_shown(
    settings: Settings, taken: set[int], capsys: pytest.CaptureFixture[str]
) -> None:
    taken |= {8000}
    ports.choose(Console(plain=True), settings, published=set())
    assert "port 8000 on 127.0.0.1 is taken; hub gets 8001 instead" in capsys.readouterr().err


def test_a_port_that_was_requested_and_is_taken_is_refused(settings: Settings, taken: set[int]) -> None:
    taken |= {8200, 8201}
    with pytest.raises(UsageError, match=r"Port 8200 on 127\.0\.0\.1 is taken") as caught:
        ports.choose(Console(plain=True), requested(settings, hub=8200), published=set())
    assert caught.value.hint == "sandbox up --hub-port 8202"
    assert ports.remembered(settings) == {}


def test_one_port_for_two_is_refused(settings: Settings, taken: set[int]) -> None:
    with pytest.raises(UsageError, match="8200"):
        ports.choose(Console(plain=True), requested(settings, hub=8200, s3=8200), published=set())


@pytest.mark.parametrize("wanted", [65535, 65500])
def test_there_is_no_port_after_the_last(settings: Settings, taken: set[int], wanted: int) -> None:
    taken |= set(range(wanted, 65536))
    state.write(settings.state_dir / "ports.json", {"hub": wanted, "s3": 9000})
    with pytest.raises(StackError, match="No free port"):
        ports.choose(Console(plain=True), settings, published=set())


@pytest.fixture
def listener() -> Iterator[Any]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def test_a_port_is_free_when_nothing_listens(listener: socket.socket) -> None:
    port = listener.getsockname()[1]

    assert not ports.is_free(port)
    listener.close()
    assert ports.is_free(port)


@pytest.mark.parametrize("port", [65536, 70000])
def test_what_is_no_port_is_not_free(port: int) -> None:
    assert not ports.is_free(port)
