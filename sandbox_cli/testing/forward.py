"""A port of a service that the stack does not publish, on this machine, for as long as a block runs.

Each connection is carried by a `docker compose exec`, as `kubectl port-forward` does it: nothing is published, and no
other user of this machine gets a port that asks for no password.
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import IO

CHUNK = 64 << 10
RELAY = """
import os, socket, sys, threading
there = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
def send():
    while data := os.read(0, 65536):
        there.sendall(data)
    there.shutdown(socket.SHUT_WR)
threading.Thread(target=send, daemon=True).start()
while data := there.recv(65536):
    while data:
        data = data[os.write(1, data):]
"""


@contextmanager
def forwarded(compose: Sequence[str], environment: Mapping[str, str], service: str, port: int) -> Iterator[int]:
    """Gives a port of 127.0.0.1 that leads to a port of a service, which has Python.

    Args:
        compose: The beginning of a `docker compose` command line.
        environment: What it needs.
        service: The service.
        port: Its port, as it has it on its own loopback interface.
    """
    argv = [*compose, "exec", "-T", service, "python", "-c", RELAY, str(port)]
    with socket.create_server(("127.0.0.1", 0)) as server:
        relays: list[subprocess.Popen[bytes]] = []
        threading.Thread(target=_accept, args=(server, argv, environment, relays), daemon=True).start()
        try:
            yield int(server.getsockname()[1])
        finally:
            with contextlib.suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)  # which wakes the thread that waits for a connection
            for relay in relays:
                relay.kill()
                relay.wait()


def _accept(
    server: socket.socket, argv: Sequence[str], environment: Mapping[str, str], relays: list[subprocess.Popen[bytes]]
) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        relay = subprocess.Popen(
            argv,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        relays.append(relay)
        assert relay.stdin is not None  # noqa: S101 - for the type checker
        assert relay.stdout is not None  # noqa: S101
        threading.Thread(target=_send, args=(connection, relay.stdin), daemon=True).start()
        threading.Thread(target=_receive, args=(connection, relay.stdout), daemon=True).start()


def _send(connection: socket.socket, relay: IO[bytes]) -> None:
    with contextlib.suppress(OSError):
        while data := connection.recv(CHUNK):
            relay.write(data)
            relay.flush()
    with contextlib.suppress(OSError):
        relay.close()


def _receive(connection: socket.socket, relay: IO[bytes]) -> None:
    with contextlib.suppress(OSError), connection:
        while data := relay.read1(CHUNK):  # type: ignore[attr-defined]
            connection.sendall(data)
        connection.shutdown(socket.SHUT_RDWR)
