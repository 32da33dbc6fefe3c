from __future__ import annotations

import pytest
from spark_etl.sessions.memory import heap

GIB = 1024**3


@pytest.mark.parametrize(("limit", "size"), [(2 * GIB, "682m"), (GIB, "512m"), (64 * GIB, "4096m"), (None, "4096m")])
def test_a_driver_takes_a_third_of_its_container(limit: int | None, size: str) -> None:
    assert heap(limit) == size
