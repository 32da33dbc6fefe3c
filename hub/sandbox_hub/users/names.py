"""Users' names: they become parts of containers', volumes' and folders' names, and prefixes in the S3 store."""

from __future__ import annotations

import re

PATTERN = r"^[a-z][a-z0-9-]{1,30}$"
# The stack's own: users whose servers it uses itself, and a folder on the shelf. `sandbox users` has the same list.
RESERVED = ("proof", "shelf", "published")


def invalid_reason(name: str) -> str | None:
    """Returns why a name can't be a user's, None if it can."""
    if name in RESERVED:
        return f"`{name}` is reserved for the stack itself"
    if not re.fullmatch(PATTERN, name):
        return f"`{name}` can't be a user's name here: 2 to 31 lower-case letters, digits and `-`, a letter first"
    return None
