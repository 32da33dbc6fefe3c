"""What a stack of format 1 has left, below a folder of this machine."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from spark_etl.storage import normalise
from spark_etl.store import RunStore

SAMPLE = Path(__file__).parents[3] / "samples" / "format1"
FIRST, RESUMED, FAILED = "20261129T154142Z-6fa6ef", "20261129T154202Z-5f638b", "20261129T154219Z-43b585"


@pytest.fixture
def earlier(scratch: Path) -> RunStore:
    """Three runs of `shop`: one that succeeded, one that reused it, one that failed; and the pins of two versions."""
    shutil.copytree(SAMPLE / "scratch", scratch)
    root = normalise(str(scratch))
    for path in scratch.rglob("*.json"):
        path.write_text(path.read_text().replace("s3a://scratch", root))
    return RunStore(str(scratch))
