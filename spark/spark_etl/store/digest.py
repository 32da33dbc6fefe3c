"""The digest of a checkpoint's files, by which a notebook that has read them, and the hub's shelf, know them again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any


def files_digest(files: Sequence[Mapping[str, Any]]) -> str:
    """Returns the SHA-256 of a manifest's list of files: names, rows, sizes and ETags.

    Args:
        files: As in `_manifest.json`. The digest is kept in records for good, so its input never changes.
    """
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()
