"""Frames on disk, a folder each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from spark_etl.reading import Checkpoint

from tests.unit.spark_etl.reading.conftest import checkpoint

MakeFrame = Callable[..., Checkpoint]


@pytest.fixture(scope="module")
def frame(tmp_path_factory: pytest.TempPathFactory) -> MakeFrame:
    """Makes a checkpoint of a file per table."""

    def make(*tables: pa.Table) -> Checkpoint:
        folder: Path = tmp_path_factory.mktemp("frame")
        return checkpoint(folder, *tables)

    return make
