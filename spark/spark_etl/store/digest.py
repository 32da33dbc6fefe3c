"""What tells the files of one manifest from any others."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence


def files_digest(files: Sequence[Mapping[str, object]]) -> str:
    """Returns the SHA-256 of a manifest's list of files: names, rows, sizes and ETags."""
    return hashlib.sha256(json.dumps(list(files), sort_keys=True).encode()).hexdigest()
