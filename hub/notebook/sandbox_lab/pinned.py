"""Whether a notebook says itself which runs it reads: without that, it reads other ones tomorrow."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

STRING = re.compile(r""""([^"\n]{6,})"|'([^'\n]{6,})'""")
# As much of an id as tells runs apart: its end, or its beginning to the second.
END, BEGINNING = 6, len("20240229T101112Z")


def runs_named(sources: Iterable[str], runs: Iterable[str]) -> set[str]:
    """Returns the runs that code names in a string, whole or by enough of their ids."""
    strings = {one or other for source in sources for one, other in STRING.findall(source)}
    return {run for run in runs if any(_names(text, run) for text in strings)}


def unnamed_runs(sources: Iterable[str], reads: Iterable[dict[str, Any]]) -> list[str]:
    """Returns the runs that code reads and does not name; to name one that reuses the checkpoint is enough."""
    texts = list(sources)
    found = {
        str(read["run"]) for read in reads if not runs_named(texts, {str(read["run"]), str(read.get("opened_by"))})
    }
    return sorted(found)


def _names(text: str, run: str) -> bool:
    return run in text or (len(text) >= BEGINNING and run.startswith(text)) or (len(text) >= END and run.endswith(text))


def not_pinned_reason(sources: Iterable[str], reads: list[dict[str, Any]], began: datetime) -> str:
    """Returns why a notebook counts as not pinned; empty if it is pinned.

    1. A run that the notebook itself has made needs no pin.
    2. Each other one must be named in the code: not the newest, nor the first of a list.
    3. With no run of that kind, nothing is pinned.

    Args:
        sources: Of its code cells.
        reads: What it read when it was run again.
        began: When that began.
    """
    if not reads:
        return "nothing is pinned: it reads no checkpoint"
    others = [read for read in reads if not _made_after(str(read["run"]), began)]
    if not others:
        return "nothing is pinned: it reads only runs that it makes itself"
    missing = unnamed_runs(sources, others)
    if not missing:
        return ""
    more = f", and {len(missing) - 1} more" if len(missing) > 1 else ""
    return f'its code does not name each run that it reads: pin runs["{missing[0]}"]{more}'


def _made_after(run: str, began: datetime) -> bool:
    try:
        made = datetime.strptime(run[: len("20240229T101112Z")], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return False
    return made >= began.replace(microsecond=0)
