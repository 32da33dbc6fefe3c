"""What the hub's proxy, a Node program, is given before it starts: a bound on its connections."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

LIMITS = Path(__file__).parents[3] / "hub" / "proxy" / "limits.cjs"
NODE = shutil.which("node") or ""
SECONDS = 10
# As the proxy makes its server.
SERVER = """
import http from "node:http";
const server = http.createServer({ keepAlive: true }, (request, answer) => answer.end("ok"));
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
"""
pytestmark = pytest.mark.skipif(not NODE, reason="Node is in the hub's image; here it is not installed")


@pytest.fixture
def port() -> Iterator[int]:
    """A server with eight connections."""
    command = [NODE, "--require", str(LIMITS), "--input-type=module", "--eval", SERVER]
    environment = {**os.environ, "SANDBOX_PROXY_CONNECTIONS": "8"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout
        yield int(process.stdout.readline())
        process.kill()


def written(script: str) -> str:
    """Returns what a program has written that these limits are loaded before."""
    command = [NODE, "--require", str(LIMITS), "--eval", script]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=SECONDS).stdout


def test_a_line_that_is_written_again_and_again_is_one() -> None:
    script = "for (let n = 0; n < 50; n++) console.log(`2026-11-29T09:56:${n} error: 503 POST /hub/login`);"
    assert written(script + " console.log('another')") == "2026-11-29T09:56:0 error: 503 POST /hub/login\nanother\n"


def test_lines_that_somebody_makes_up_fill_the_log_for_a_minute_at_most() -> None:
    made_up = "for (let n = 0; n < 500; n++) console.log('x'.repeat(n % 70) + 'y'.repeat(n / 70));"
    later = "console.log('lost'); performance.now = () => 600_000; console.log('seen again');"
    lines = written(made_up + later).splitlines()
    assert len(lines) == 101
    assert lines[-1] == "seen again"


def first_line(connection: socket.socket) -> bytes:
    """Returns the first line of the answer to a request."""
    connection.sendall(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
    return connection.recv(4096).partition(b"\r\n")[0]


def test_one_address_with_many_connections_leaves_room_for_another(port: int) -> None:
    with ExitStack() as crowd:

        def connect(source: str) -> socket.socket:
            address = ("127.0.0.1", port)
            return crowd.enter_context(socket.create_connection(address, SECONDS, source_address=(source, 0)))

        mine = [connect("127.0.0.1") for _ in range(2)]
        assert first_line(mine[0]) == b"HTTP/1.1 200 OK"
        hostile = [connect("127.0.0.2") for _ in range(40)]
        assert first_line(hostile[-1]) == b"HTTP/1.1 200 OK", "all of them have arrived"

        assert [first_line(connection) for connection in [*mine, connect("127.0.0.1")]] == [b"HTTP/1.1 200 OK"] * 3
        assert hostile[0].recv(1) == b"", "the oldest of whoever has most gave way"


@pytest.mark.parametrize("path", ["/hub/%ff", "/%ed%a0%80", "/a%", "//["])
def test_an_address_that_is_none_is_refused(port: int, path: str) -> None:
    for more in ("", "Connection: Upgrade\r\nUpgrade: websocket\r\n"):
        with socket.create_connection(("127.0.0.1", port), SECONDS) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: here\r\n{more}\r\n".encode())
            answer = connection.recv(4096)
        assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
        assert answer.endswith(b"The address is no URL in UTF-8.\n")


def test_a_client_that_resets_what_is_refused_ends_nothing() -> None:
    script = """
    const client = new (require("node:stream").Duplex)({ read() {}, write(chunk, encoding, done) {
      done(Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" }));
    } });
    require("node:http").createServer().emit("upgrade", { url: "/%ff" }, client);
    setTimeout(() => console.log("goes on"), 10);
    """
    assert written(script) == "goes on\n"
