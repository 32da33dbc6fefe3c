"""What a reader knows of ended runs that have no mark, and that it has no right to mark: kept in its own cache.

A line for each in `~/.cache/spark_etl/ended-runs.txt` (`XDG_CACHE_HOME`): the store, the run's folder, and the mark's
name. A run that has ended does not change, so no line is ever wrong; a file that can't be read or written costs time.
"""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path

MOST_LINES, LONGEST_FILE = 50_000, 32 << 20
FILE = "ended-runs.txt"


class EndedRuns:
    """The marks' names of ended runs, in memory and in a file of this user's."""

    def __init__(self) -> None:
        self._names: dict[tuple[str, str], str] | None = None
        self._lock = threading.Lock()

    def find(self, store: str, root: str) -> str | None:
        """Returns the name of a run's mark; None if it is not known.

        Args:
            store: Its endpoint; empty for folders.
            root: The run's folder.
        """
        with self._lock:
            return self._loaded().get((store, root))

    def add(self, store: str, root: str, name: str) -> None:
        """Keeps the name of a run's mark, here and for the processes that come later."""
        with self._lock:
            known = self._loaded()
            if len(known) >= MOST_LINES or (store, root) in known:
                return
            known[store, root] = name
            with suppress(OSError, UnicodeEncodeError):
                file = _file()
                file.parent.mkdir(parents=True, exist_ok=True)
                with file.open("a", encoding="utf-8") as opened:
                    opened.write(f"{store}\t{root}\t{name}\n")

    def _loaded(self) -> dict[tuple[str, str], str]:
        if self._names is None:
            self._names = {}
            with suppress(OSError, UnicodeDecodeError):
                with _file().open(encoding="utf-8") as opened:
                    lines = opened.read(LONGEST_FILE).splitlines()[:MOST_LINES]
                parts = (line.split("\t") for line in lines)
                self._names = {(part[0], part[1]): part[2] for part in parts if len(part) == 3}
        return self._names


def _file() -> Path:
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "spark_etl" / FILE
