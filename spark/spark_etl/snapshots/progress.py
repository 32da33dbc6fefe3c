"""How far DuckDB is with a query, asked from a thread beside it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

EVERY_SECONDS = 0.25
WHOLE = 100
OnStep = Callable[[str, int, int], None]


class QueryProgress:
    """Tells how far the queries of a connection are.

    Args:
        database: The connection.
        on_step: Is called with the name of a step, and how many percent of it are done, 100 in all; None: nobody asks.
    """

    def __init__(self, database: Any, on_step: OnStep | None) -> None:
        self._database, self._on_step = database, on_step
        if on_step:
            database.execute("set enable_progress_bar = true")
            database.execute("set enable_progress_bar_print = false")

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Tells how far the queries of the block are."""
        if self._on_step is None:
            yield
            return
        ended = threading.Event()
        thread = threading.Thread(target=self._watch, args=(name, self._on_step, ended), daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def _watch(self, name: str, on_step: OnStep, ended: threading.Event) -> None:
        while not ended.wait(EVERY_SECONDS):
            percent = self._database.query_progress()  # -1 while it is not known
            on_step(name, max(0, min(WHOLE, int(percent))), WHOLE)
