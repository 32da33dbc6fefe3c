"""How much a replay of imported code may bring back, and whether there is room for it."""

from __future__ import annotations

import math
import os

from spark_etl.units import format_bytes

from sandbox_cli.errors import StackError, UsageError
from sandbox_cli.stack import disk
from sandbox_cli.stack.engine import capacity
from sandbox_cli.stack.session import Session

VARIABLE = "SANDBOX_REPLAY_MAX_GB"
MAX_GB = 10.0


def most_bytes() -> int:
    """Returns what all runs together may have that come out of one place; `SANDBOX_REPLAY_MAX_GB` overrides it.

    Raises:
        UsageError: That variable is no size.
    """
    text = os.environ.get(VARIABLE)
    try:
        found = float(text) if text else MAX_GB
    except ValueError:
        found = math.nan
    if not 0 < found < math.inf:
        raise UsageError(f"{VARIABLE} is `{text}`, which is no number of GB above 0.", hint=f"{VARIABLE}={MAX_GB:g}")
    return int(found * capacity.GB)


def refuse_full(session: Session, size: int) -> None:
    """Refuses a run that would leave the engine's disk with less than `up` wants: it is there twice for a moment.

    Raises:
        StackError: There is not enough room.
    """
    free, _ = disk.space(session)
    needed = 2 * size + int(capacity.needed_gb(to_build=False) * capacity.GB)
    if free is not None and free < needed:
        raise StackError(
            f"it has {format_bytes(size)}, and needs {format_bytes(needed)} of free disk; the Docker engine's has "
            f"{format_bytes(free)}",
            hint="sandbox status --disk",
        )
