"""The secrets of the hub's container."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path("/run/secrets")


def read_secret(name: str) -> str:
    """Returns a secret that `sandbox up` put into the container.

    Raises:
        FileNotFoundError: It isn't there.
    """
    return (FOLDER / name).read_text(encoding="utf-8").strip()
