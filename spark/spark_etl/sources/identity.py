"""How a source shows itself: what it was made with and no secret, so that the same text is the same source."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

# Of options, whose names are other software's: what may be a secret. Of a source's own arguments: what is called one.
SECRET = re.compile(r"pass|secret|token|credential|(access|api).?key|private|sas|authorization$", re.IGNORECASE)
HIDDEN = "…"
# Short words only as words: `bypass=True` is another source than `bypass=False`.
SECRET_ARGUMENT = re.compile(
    r"((^|_)(?i:pass|pwd|sas)|(?<=[a-z0-9])(Pass|Pwd|Sas|SAS)"
    r"|(?i:password|passwd|passphrase|secret|token|credentials?|(api|access|account|private|secret)_?key))$"
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
    return repr(_without_secrets(value))


def _without_secrets(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {
            key: HIDDEN if SECRET.search(str(key)) else _without_secrets(value[key]) for key in sorted(value, key=str)
        }
    return [_without_secrets(item) for item in value] if type(value) is list else value
