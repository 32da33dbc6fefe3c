"""What all unit tests have in common."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.folder_store import FolderStore

# jsonschema compiles 38 grammars with it when it is imported, for formats that no schema of ours names: a second.
sys.modules.setdefault("rfc3987_syntax", None)  # as if it were not installed


def pytest_collection_finish() -> None:
    """Spares the garbage collector what the tests' modules are made of, which stays to the end."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def folder_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FolderStore:
    """The buckets of a stack as folders of this disk."""
    from tests.support.folder_store import install  # noqa: PLC0415 - most tests need no store

    return install(tmp_path / "store", monkeypatch)
