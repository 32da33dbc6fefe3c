"""Users' numbers: each name has one for good, so that nobody ever owns what another has left on the shelf or in a home.

The hub's own numbers would not do: its database gives that of a removed user to the next one.
"""

from __future__ import annotations

import itertools
import json
from pathlib import Path

FIRST, LAST = 20000, 21999


class Uids:
    """The numbers that were given, in a file.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def of(self, name: str, wanted: int) -> int:
        """Returns the number of a user, the same each time.

        Args:
            wanted: What a new user gets, unless somebody has it or had it.

        Raises:
            RuntimeError: All are given.
        """
        given: dict[str, int] = json.loads(self._path.read_text()) if self._path.exists() else {}
        if name not in given:
            given[name] = _free(set(given.values()), wanted)
            part = self._path.with_suffix(".part")
            part.write_text(json.dumps(given, indent=1))
            part.replace(self._path)
        return given[name]


def _free(taken: set[int], wanted: int) -> int:
    later = range(max(taken, default=FIRST) + 1, LAST + 1)
    for number in itertools.chain([wanted], later, range(FIRST, LAST + 1)):
        if FIRST <= number <= LAST and number not in taken:
            return number
    raise RuntimeError(f"all users' numbers from {FIRST} to {LAST} are given")
