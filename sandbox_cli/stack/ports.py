"""The published ports: the preferred ones, or the next that are free; once chosen, remembered."""

from __future__ import annotations

import socket
from typing import Any

from sandbox_cli.console import Console
from sandbox_cli.errors import StackError, UsageError
from sandbox_cli.settings import Settings
from sandbox_cli.stack import state

FILE = "ports.json"
PREFERRED = {"hub": 8000, "s3": 9000}
TRIES = 200
LAST = 65535


def remembered(settings: Settings) -> dict[str, int]:
    """Returns the ports of the last `up`, by name; {} if there was none.

    Raises:
        UsageError: The file has something else in it.
    """
    return state.read(settings.state_dir / FILE, _check, anew="finds free ports")


def _check(content: dict[str, Any]) -> str:
    for name, port in content.items():
        if not isinstance(port, int) or isinstance(port, bool) or not 0 < port <= LAST:
            return state.wrong_kind(name, port, f"a port from 1 to {LAST}")
    return ""


def choose(console: Console, settings: Settings, *, published: set[int]) -> dict[str, int]:
    """Returns a free port for each name, and remembers it.

    Args:
        console: Shows each port that is replaced.
        settings: The ports requested, and where to remember them.
        published: Ports that this stack's own containers publish now: taken, and yet the right ones.

    Raises:
        UsageError: A port that was requested by option is taken.
        StackError: There is no free port.
    """
    known, requested = remembered(settings), settings.requested_ports
    first = {name: requested.get(name) or known.get(name, preferred) for name, preferred in PREFERRED.items()}
    chosen: dict[str, int] = {}
    for name, port in first.items():
        reserved = {*chosen.values(), *(other for key, other in requested.items() if key != name)}
        if port not in reserved and (port in published or is_free(port)):
            chosen[name] = port
            continue
        following = _next(port, reserved | set(first.values()))
        if name in requested:
            raise UsageError(f"Port {port} on 127.0.0.1 is taken.", hint=f"sandbox up --{name}-port {following}")
        console.warn(f"port {port} on 127.0.0.1 is taken; {name} gets {following} instead, from now on")
        chosen[name] = following
    if chosen != known:
        state.write(settings.state_dir / FILE, chosen)
    return chosen


def is_free(port: int) -> bool:
    """Returns whether nothing listens on that port of the loopback interface."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError):
            return False
    return True


def _next(port: int, reserved: set[int]) -> int:
    for candidate in range(port + 1, min(port + TRIES, LAST + 1)):
        if candidate not in reserved and is_free(candidate):
            return candidate
    raise StackError(
        f"No free port between {port} and {min(port + TRIES, LAST)} on 127.0.0.1.", hint="sandbox up --hub-port 18000"
    )
