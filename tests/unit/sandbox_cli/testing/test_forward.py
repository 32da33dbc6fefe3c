"""A port that leads into a container, where what carries a connection is a process on this machine."""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox_cli.testing.forward import forwarded

MUCH = os.urandom(3_000_000)


@pytest.fixture
def echo() -> Iterator[int]:
    """A service that answers with what it gets, until it gets no more."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_serve, args=(server,), daemon=True).start()
        yield int(server.getsockname()[1])


def _serve(server: socket.socket) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        with connection:
            while data := connection.recv(65536):
                connection.sendall(data)


@pytest.fixture
def compose(tmp_path: Path) -> list[str]:
    """What stands for `docker compose`: `exec -T SERVICE python -c RELAY PORT` runs the relay here."""
    script = tmp_path / "compose"
    script.write_text(f'#!/bin/sh\n[ "$1 $2 $3" = "exec -T connect" ] || exit 1\nshift 4\nexec {sys.executable} "$@"\n')
    script.chmod(0o755)
    return [str(script)]


def test_all_bytes_arrive_both_ways_over_several_connections(compose: list[str], echo: int) -> None:
    with forwarded(compose, os.environ, "connect", echo) as port:
        for _ in range(2):
            with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
                threading.Thread(target=_send, args=(client,), daemon=True).start()
                assert b"".join(iter(lambda: client.recv(65536), b"")) == MUCH
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), timeout=5)


def _send(client: socket.socket) -> None:
    client.sendall(MUCH)
    client.shutdown(socket.SHUT_WR)


def test_a_service_that_is_not_there_ends_the_connection(compose: list[str], echo: int) -> None:
    with (
        forwarded(compose, os.environ, "other", echo) as port,
        socket.create_connection(("127.0.0.1", port), timeout=30) as client,
    ):
        assert client.recv(1) == b""
