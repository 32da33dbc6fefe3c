"""What Python code logs and warns of, as events of the run."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spark_etl.runner.report.events import Level
    from spark_etl.runner.report.progress import Progress


@contextmanager
def log_as_events(progress: Progress) -> Iterator[None]:
    """Makes events of what Python code logs and warns of inside, so that a JSON log has no other lines."""
    handler = _EventHandler(progress)
    root = logging.getLogger()
    before, root.handlers = root.handlers, [handler]
    logging.captureWarnings(capture=True)
    try:
        yield
    finally:
        logging.captureWarnings(capture=False)
        root.handlers = before


class _EventHandler(logging.Handler):
    def __init__(self, progress: Progress) -> None:
        super().__init__(logging.WARNING)
        self._progress = progress

    def emit(self, record: logging.LogRecord) -> None:
        """Writes a record as an event."""
        level: Level = "error" if record.levelno >= logging.ERROR else "warning"
        self._progress.emit("log", record.getMessage().strip(), level=level, logger=record.name)
