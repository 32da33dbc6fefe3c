"""How far something is that takes long, as a line of its stage."""

from __future__ import annotations

import time
from collections.abc import Callable

from spark_etl.printable import printable
from spark_etl.units import format_bytes

from sandbox_cli.console import Stage

PLAIN_SECONDS, LIVE_SECONDS = 10.0, 0.2


class StageProgress:
    """Shows how much of a feature is done; without a terminal, a line every ten seconds.

    Args:
        stage: Where.
        text: Returns what is shown, given how much of how much is done.
    """

    def __init__(self, stage: Stage, text: Callable[[int, int], str]) -> None:
        self._stage = stage
        self._text = text
        self._seconds = LIVE_SECONDS if stage.live else PLAIN_SECONDS
        self._shown = time.monotonic()

    def __call__(self, feature: str, done: int, total: int) -> None:
        """Shows it, if the last time was long enough ago."""
        if time.monotonic() - self._shown >= self._seconds:
            self._shown = time.monotonic()
            self._stage.update(printable(f"{feature}: {self._text(done, total)}", one_line=True))


def of_bytes(done: int, total: int) -> str:
    """Returns how many bytes of how many are done."""
    return f"{format_bytes(done)} of {format_bytes(total)}"
