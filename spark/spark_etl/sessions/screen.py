"""The line below a cell, put in place of itself through IPython's displays."""

from __future__ import annotations

import contextvars
import html
import uuid
from typing import Any

from spark_etl.printable import printable

# Whoever compares outputs leaves these out (hub/notebook/sandbox_lab): no two runs take the same time.
METADATA = {"spark_etl": "progress"}


class CellScreen:
    """See `spark_etl.sessions.cell.Screen`; to be made by the thread that runs the cell, used by any.

    Args:
        publisher: IPython's display publisher.
    """

    def __init__(self, publisher: Any) -> None:
        self._publisher = publisher
        self._cell = contextvars.copy_context()  # in it IPython keeps which cell an output belongs to
        self._id = uuid.uuid4().hex
        self._shown: tuple[str, float | None] | None = None

    def show(self, text: str, fraction: float | None) -> None:
        """Puts this in the place of the line before."""
        text = printable(text, one_line=True)  # it names others' applications
        if self._shown == (text, fraction):
            return
        data = {"text/plain": text}
        if fraction is not None:
            data["text/html"] = _bar(text, fraction)
        self._cell.run(
            self._publisher.publish,
            data=data,
            metadata=METADATA,
            transient={"display_id": self._id},
            update=self._shown is not None,
        )
        self._shown = (text, fraction)


def _bar(text: str, fraction: float) -> str:
    return f'<progress max="1" value="{fraction:.3f}" aria-label="tasks done"></progress> {html.escape(text)}'
