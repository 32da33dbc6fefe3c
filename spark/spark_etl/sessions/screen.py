"""What stands below a cell, put in place of itself through IPython's displays."""

from __future__ import annotations

import contextvars
import html
import uuid
from collections import deque
from collections.abc import Sequence
from typing import Any

from spark_etl.printable import printable

# Whoever compares outputs leaves these out (hub/notebook/sandbox_lab): no two runs take the same time.
METADATA = {"spark_etl": "progress"}
MOST_LINES = 200


class CellOutput:
    """One output of a cell; to be made by the thread that runs the cell, used by any.

    Args:
        publisher: IPython's display publisher.
    """

    def __init__(self, publisher: Any) -> None:
        self._publisher = publisher
        self._cell = contextvars.copy_context()  # in it IPython keeps which cell an output belongs to
        self._id = uuid.uuid4().hex
        self._is_there = False

    def put(self, **data: str) -> None:
        """Puts this, by kind, in the place of what was there."""
        self._cell.run(
            self._publisher.publish,
            data={f"text/{kind}": text for kind, text in data.items()},
            metadata=METADATA,
            transient={"display_id": self._id},
            update=self._is_there,
        )
        self._is_there = True


class CellLines:
    """Lines below a cell, one below the other; of many, the last.

    Args:
        publisher: IPython's display publisher.
    """

    def __init__(self, publisher: Any) -> None:
        self._output = CellOutput(publisher)
        self._lines: deque[str] = deque(maxlen=MOST_LINES)

    def show(self, lines: Sequence[str]) -> None:
        """Adds lines."""
        self._lines.extend(lines)
        self._output.put(plain="\n".join(self._lines))


class CellScreen:
    """See `spark_etl.sessions.cell.Screen`.

    Args:
        publisher: IPython's display publisher.
    """

    def __init__(self, publisher: Any) -> None:
        self._output = CellOutput(publisher)
        self._shown: tuple[str, float | None] | None = None

    def show(self, text: str, fraction: float | None) -> None:
        """Puts this in the place of the line before."""
        text = printable(text, one_line=True)  # it names others' applications
        if self._shown == (text, fraction):
            return
        self._output.put(plain=text, **({} if fraction is None else {"html": _bar(text, fraction)}))
        self._shown = (text, fraction)


def _bar(text: str, fraction: float) -> str:
    return f'<progress max="1" value="{fraction:.3f}" aria-label="tasks done"></progress> {html.escape(text)}'
