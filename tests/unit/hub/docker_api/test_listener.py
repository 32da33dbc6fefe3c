"""Requests that are large, slow, or many: refused in time, and the next one is answered."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from docker_api.listener import Bounds
from docker_api.settings import FilterSettings

from tests.unit.hub.docker_api.service import SECONDS, Service, running

BOUNDS = Bounds(connections=4, idle_seconds=0.3, body_seconds=0.1, drain_seconds=0.1)
CREATE = b"POST /v1.41/containers/create?name=demo-user-bob HTTP/1.1\r\nHost: docker-api\r\n"
PING = ("GET", "/v1.41/_ping")


@pytest.fixture
def hasty(settings: FilterSettings, tmp_path: Path) -> Iterator[Service]:
    """docker-api with little time."""
    with running(settings, tmp_path, BOUNDS) as service:
        yield service


def read(connection: socket.socket) -> bytes:
    """Returns what comes until the end."""
    connection.settimeout(SECONDS)
    with connection, connection.makefile("rb") as stream:
        try:
            return stream.read()
        except ConnectionResetError:
            return b""


def ping(service: Service) -> bytes:
    """Returns the answer to a ping, nothing if the connection is not taken."""
    with socket.create_connection(("127.0.0.1", service.port), timeout=SECONDS) as connection:
        connection.sendall(b"GET /v1.41/_ping HTTP/1.1\r\nHost: docker-api\r\nConnection: close\r\n\r\n")
        return read(connection)


def until(true: Callable[[], bool]) -> None:
    """Waits for something to be true."""
    end = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (CREATE + b"Content-Length: 100\r\n\r\n{", 408),
        (CREATE + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n", 408),
        (CREATE + b"Content-Length: 99000000\r\n\r\n" + bytes(70_000), 413),
        (CREATE + b"Transfer-Encoding: chunked\r\n\r\n20000\r\n" + bytes(0x20000) + b"\r\n", 413),
        (CREATE + b"X: " + b"x" * 2000 + b"\r\n\r\n", 400),
        (CREATE + b"X: x\r\n" * 40 + b"\r\n", 400),
    ],
)
def test_what_is_too_slow_or_too_large_is_refused(hasty: Service, sent: bytes, status: int) -> None:
    assert hasty.raw(sent)[0] == status
    assert hasty.ask(*PING)[0] == 200
    assert hasty.engine.changes() == []


@pytest.mark.parametrize("sent", [b"", CREATE, CREATE + b"X-Slow: "])
def test_headers_that_do_not_end_end_the_connection(hasty: Service, sent: bytes) -> None:
    with socket.create_connection(("127.0.0.1", hasty.port), timeout=SECONDS) as connection:
        connection.sendall(sent)
        assert read(connection) == b""


def test_a_connection_too_many_is_refused_and_the_next_one_is_taken(settings: FilterSettings, tmp_path: Path) -> None:
    with running(settings, tmp_path, Bounds(connections=4)) as service:
        with ExitStack() as crowd:
            for _ in range(4):
                connection = socket.create_connection(("127.0.0.1", service.port), timeout=SECONDS)
                crowd.enter_context(connection).sendall(b"GET /v1.41/_ping HTTP/1.1\r\nHost: docker-api\r\n\r\n")
                assert connection.recv(4096).startswith(b"HTTP/1.1 200")
            refused = read(socket.create_connection(("127.0.0.1", service.port), timeout=SECONDS))
            assert refused.startswith(b"HTTP/1.1 503")
            assert b"the limit of 4 open connections is reached" in refused
        until(lambda: b"200 OK" in ping(service))
