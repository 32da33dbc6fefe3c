"""The names of users: which a person may have, and which are the stack's own.

They become parts of containers', volumes' and folders' names, and prefixes in the S3 store. The hub and the command
check them here.
"""

from __future__ import annotations

import re

USER_NAME = r"[a-z][a-z0-9-]{1,30}"
PATTERN = f"^{USER_NAME}$"
# In whose server the smoke test runs, and in whose server shared notebooks are run again.
SMOKE_TEST_USER = "proof"
RERUN_USER = "shelf"
# `published` is a folder on the shelf.
RESERVED = (SMOKE_TEST_USER, RERUN_USER, "published")


def invalid_reason(name: str) -> str | None:
    """Returns why a name can't be a user's, None if it can."""
    if name in RESERVED:
        return f"`{name}` is reserved for the stack itself"
    if not re.fullmatch(PATTERN, name):
        return f"`{name}` can't be a user's name here: 2 to 31 lower-case letters, digits and `-`, a letter first"
    return None
