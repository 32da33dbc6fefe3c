"""JSON of strangers, read into no more memory than this container can spare."""

from __future__ import annotations

import json
from typing import Any

# An empty list takes three bytes of text and seventy of memory; a notebook of 32 MB has some ten thousand parts.
MOST_PARTS = 1_000_000


def parsed(text: str | bytes) -> Any:
    """Returns what some JSON says.

    Raises:
        ValueError: It is none, or has more lists and objects than anybody writes.
    """
    marks: tuple[Any, Any] = (b"[", b"{") if isinstance(text, bytes) else ("[", "{")
    if sum(text.count(mark) for mark in marks) > MOST_PARTS:
        raise ValueError(f"it has more than {MOST_PARTS:,} lists and objects")
    return json.loads(text)
