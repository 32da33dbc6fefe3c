"""How a source shows itself: what it was made with and no secret, so that the same text is the same source."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

SECRET = re.compile(r"pass|secret|token|credential|access.?key|private|sas", re.IGNORECASE)


def identity(source: object, *arguments: Any, **named: Any) -> str:
    """Returns the constructor's call; arguments that are None or empty are left out."""
    parts = [repr(value) for value in arguments]
    parts += [f"{name}={_shown(value)}" for name, value in named.items() if value is not None and value not in ({}, [])]
    return f"{type(source).__name__}({', '.join(parts)})"


def _shown(value: Any) -> str:
    if not isinstance(value, Mapping):
        return repr(value)
    return repr({key: "…" if SECRET.search(key) else value[key] for key in sorted(value)})
