"""What this stack's servers may be."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

GIB = 1024**3


@dataclass(frozen=True)
class FilterSettings:
    """The stack whose containers may be touched, and the one kind of container that may be made.

    Attributes:
        stack: Name of the stack.
        image: Id of the notebook image, `sha256:…`.
        network: The network that users' servers join.
        memory: Bytes a server may use, if the request says nothing.
        cpus: Cores it may use, likewise.
        most_memory: Bytes that a request may ask for.
        most_cpus: Cores that a request may ask for.
        pids: Processes it may have.
        file_bytes: How large a file may be.
        rerun_user: The user in whose servers shared notebooks are run again; such a server has no home to keep.
        smoke_test_user: The user in whose server the stack is tested; nobody's, so without a folder on the shelf.
    """

    stack: str
    image: str
    network: str
    memory: int = 2 * GIB
    cpus: float = 2.0
    most_memory: int = 4 * GIB
    most_cpus: float = 4.0
    pids: int = 512
    file_bytes: int = 8 * GIB
    rerun_user: str = "shelf"
    smoke_test_user: str = "proof"
    socket: str = "/var/run/docker.sock"
    port: int = 2375

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> FilterSettings:
        """Returns the settings that compose.yaml gives."""
        return cls(
            stack=env["SANDBOX_STACK"],
            image=env["SANDBOX_NOTEBOOK_IMAGE"],
            network=env["SANDBOX_USER_NETWORK"],
            memory=int(env.get("SANDBOX_USER_MEMORY_BYTES") or 2 * GIB),
            cpus=float(env.get("SANDBOX_USER_CPUS") or 2),
            most_memory=int(env.get("SANDBOX_USER_MOST_MEMORY_BYTES") or 4 * GIB),
            most_cpus=float(env.get("SANDBOX_USER_MOST_CPUS") or 4),
            pids=int(env.get("SANDBOX_USER_PIDS") or 512),
            file_bytes=int(env.get("SANDBOX_USER_FILE_BYTES") or 8 * GIB),
        )

    @property
    def own_users(self) -> tuple[str, str]:
        """The stack's own users, who have no folder on the shelf."""
        return self.rerun_user, self.smoke_test_user

    @property
    def name_pattern(self) -> re.Pattern[str]:
        """What a server's container is called; the group is the user's name."""
        return re.compile(rf"{re.escape(self.stack)}-user-([a-z][a-z0-9-]{{1,30}})")

    @property
    def team_volume(self) -> str:
        """The volume of the team's shelf, which every server mounts."""
        return f"{self.stack}_team"

    @property
    def packages_volume(self) -> str:
        """The volume of the packages that runs were given by `--requirements`, which every server may read."""
        return f"{self.stack}_packages"
