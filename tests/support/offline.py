"""Runs a command in a network namespace of its own, where nothing answers but the stack's two published ports.

    python -m tests.support.offline RELAY_FOLDER PORT[,PORT…] COMMAND…      (inside `unshare --net`)

The engine's socket is a file and works there. A TCP port on the host's 127.0.0.1 does not: it is relayed through a
Unix socket, which is a file as well, and free inside as long as it is free outside.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

SIOCSIFFLAGS, IFF_UP_RUNNING = 0x8914, 0x41


def command(relays: Path, ports: list[int], argv: list[str]) -> list[str]:
    """Returns the command that runs `argv` with the network cut."""
    inside = [sys.executable, "-m", "tests.support.offline", str(relays), ",".join(map(str, ports))]
    return [*unshare(), *inside, *argv]


def unshare() -> list[str]:
    """Returns what to put before a command that is to have a network namespace of its own."""
    return ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--user", "--map-current-user", "--net"]


def possible() -> bool:
    """Returns whether this machine lets us make a network namespace."""
    if not shutil.which("unshare"):
        return False
    return subprocess.run([*unshare(), "true"], capture_output=True, check=False).returncode == 0


@contextlib.contextmanager
def host_side(relays: Path, ports: list[int]) -> Iterator[None]:
    """Passes what arrives at RELAYS/PORT on to the host's 127.0.0.1:PORT."""
    listeners = []
    for port in ports:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(relays / str(port)))
        serve(listener, lambda port=port: socket.create_connection(("127.0.0.1", port)))  # type: ignore[misc]
        listeners.append(listener)
    yield
    for listener in listeners:
        listener.close()


def serve(listener: socket.socket, target: Callable[[], socket.socket]) -> None:
    """Accepts connections in the background and joins each with one to the target."""
    listener.listen(64)

    def accept() -> None:
        while True:
            try:
                client, _ = listener.accept()
                other = target()
            except OSError:
                if listener.fileno() < 0:
                    return
                with contextlib.suppress(UnboundLocalError):
                    client.close()
                continue
            for source, sink in ((client, other), (other, client)):
                threading.Thread(target=pump, args=(source, sink), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()


def pump(source: socket.socket, sink: socket.socket) -> None:
    """Copies bytes until the source ends."""
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


def loopback_up() -> None:
    """Brings the namespace's own loopback device up."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP_RUNNING))


def connect_unix(path: Path) -> socket.socket:
    """Returns a connection to a Unix socket."""
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(str(path))
    return connection


def answered(path: Path) -> bool:
    """Returns whether the host's port answers: otherwise the other side hangs up at once."""
    with connect_unix(path) as connection:
        connection.settimeout(0.2)
        try:
            return connection.recv(1) != b""
        except TimeoutError:
            return True
        except OSError:
            return False


def relay(path: Path, port: int) -> None:
    """Listens on the port once the host's does: until then it is free, as it is for a command on the host."""
    while not answered(path):
        time.sleep(0.1)
    serve(socket.create_server(("127.0.0.1", port)), lambda: connect_unix(path))


def main() -> int:
    """Runs the command inside the namespace; returns its exit code."""
    relays, ports, argv = Path(sys.argv[1]), [int(port) for port in sys.argv[2].split(",")], sys.argv[3:]
    loopback_up()
    for port in ports:
        threading.Thread(target=relay, args=(relays / str(port), port), daemon=True).start()
    return subprocess.run(argv, check=False).returncode


if __name__ == "__main__":
    raise SystemExit(main())
