from __future__ import annotations

from pathlib import Path

import pytest
from spark_etl.sessions.memory import heap


@pytest.mark.parametrize(
    ("limit", "size"),
    [(str(2 * 1024**3), "682m"), (str(1024**3), "512m"), (str(64 * 1024**3), "4096m"), ("max", "4096m")],
)
def test_a_driver_takes_a_third_of_its_container(tmp_path: Path, limit: str, size: str) -> None:
    (tmp_path / "limit").write_text(limit + "\n")
    assert heap((tmp_path / "none", tmp_path / "limit")) == size
