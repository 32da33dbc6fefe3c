"""What all unit tests have in common."""

from __future__ import annotations

import gc
import sys

# jsonschema compiles 38 grammars with it when it is imported, for formats that no schema of ours names: a second.
sys.modules.setdefault("rfc3987_syntax", None)  # as if it were not installed


def pytest_collection_finish() -> None:
    """Spares the garbage collector what the tests' modules are made of, which stays to the end."""
    gc.collect()
    gc.freeze()
