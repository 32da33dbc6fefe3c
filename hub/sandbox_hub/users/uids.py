"""Users' numbers: each name has one for good, so that nobody ever owns what another has left on the shelf or in a home.

The hub's own numbers would not do: its database gives that of a removed user to the next one.
"""

from __future__ import annotations

import itertools
import json
from pathlib import Path

FIRST_UID, LAST_UID = 20000, 21999


class Uids:
    """The numbers that were assigned, in a file.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def assign(self, name: str, preferred: int) -> int:
        """Returns the number of a user, the same each time.

        Args:
            name: The user's.
            preferred: What a new user gets, unless somebody has it or had it.

        Raises:
            RuntimeError: All are assigned.
        """
        assigned: dict[str, int] = json.loads(self._path.read_text()) if self._path.exists() else {}
        if name not in assigned:
            assigned[name] = _free_uid(set(assigned.values()), preferred)
            part = self._path.with_suffix(".part")
            part.write_text(json.dumps(assigned, indent=1))
            part.replace(self._path)
        return assigned[name]


def _free_uid(taken: set[int], preferred: int) -> int:
    later = range(max(taken, default=FIRST_UID) + 1, LAST_UID + 1)
    for number in itertools.chain([preferred], later, range(FIRST_UID, LAST_UID + 1)):
        if FIRST_UID <= number <= LAST_UID and number not in taken:
            return number
    raise RuntimeError(f"all users' numbers from {FIRST_UID} to {LAST_UID} are assigned")
