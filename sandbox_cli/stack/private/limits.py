"""What every container of a place may do: nothing but what its image's program needs."""

from __future__ import annotations

from typing import Any

from docker.types import LogConfig

GROUP = 100
LIMITS: dict[str, Any] = {
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges:true"],
    "log_config": LogConfig(type="json-file", config={"max-size": "10m", "max-file": "3"}),
}


def limits(user: int, *, memory: str, pids: int) -> dict[str, Any]:
    """Returns the options of a container, as the engine takes them.

    Args:
        user: The uid of its processes.
        memory: What it has at most, with no swap besides.
        pids: How many processes and threads it has at most.
    """
    return {
        **LIMITS,
        "user": f"{user}:{GROUP}",
        "mem_limit": memory,
        "memswap_limit": memory,
        "pids_limit": pids,
    }
