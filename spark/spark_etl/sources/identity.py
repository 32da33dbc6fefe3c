"""How a source shows itself: what it was made with and no secret, so that the same text is the same source."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

# Of options, whose names are other software's: what may be a secret. Of a source's own arguments: what is called one.
SECRET = re.compile(r"pass|secret|token|credential|access.?key|private|sas", re.IGNORECASE)
HIDDEN = "…"
SECRET_ARGUMENT = re.compile(
    r"(^|_|(?<=[a-z]))(pass(word|wd|phrase)?|pwd|secret|token|credentials?|sas|(api|access|account|private|secret)_?key)$",
    re.IGNORECASE,
)


def identity(source: object, *arguments: Any, **named: Any) -> str:
    """Returns the constructor's call; arguments that are None or empty are left out, secrets are not shown.

    So another password is no other source: it opens the same door.
    """
    parts = [repr(value) for value in arguments]
    known = {name: value for name, value in named.items() if value is not None and value not in ({}, [])}
    parts += [f"{name}={HIDDEN if SECRET_ARGUMENT.search(name) else _shown(value)}" for name, value in known.items()]
    return f"{type(source).__name__}({', '.join(parts)})"


def _shown(value: Any) -> str:
    if not isinstance(value, Mapping):
        return repr(value)
    return repr({key: HIDDEN if SECRET.search(key) else value[key] for key in sorted(value)})
