"""What a container may take, by cgroup v2 and v1."""

from __future__ import annotations

from pathlib import Path

import pytest
from spark_etl.machine import cpu_limit, memory_left, memory_limit

GIB = 1024**3
V1_UNLIMITED = "9223372036854771712\n"


@pytest.mark.parametrize(
    ("files", "limit", "left", "cores"),
    [
        ({"memory.max": f"{2 * GIB}\n", "memory.current": f"{GIB}\n", "cpu.max": "150000 100000\n"}, 2 * GIB, GIB, 1.5),
        ({"memory.max": "max\n", "memory.current": f"{GIB}\n", "cpu.max": "max 100000\n"}, None, None, None),
        (
            {
                "memory/memory.limit_in_bytes": f"{2 * GIB}\n",
                "memory/memory.usage_in_bytes": f"{3 * GIB}\n",
                "cpu/cpu.cfs_quota_us": "200000\n",
                "cpu/cpu.cfs_period_us": "100000\n",
            },
            2 * GIB,
            0,
            2.0,
        ),
        (
            {
                "memory/memory.limit_in_bytes": V1_UNLIMITED,
                "memory/memory.usage_in_bytes": f"{GIB}\n",
                "cpu/cpu.cfs_quota_us": "-1\n",
            },
            None,
            None,
            None,
        ),
        ({}, None, None, None),
    ],
    ids=["v2", "v2 unlimited", "v1", "v1 unlimited", "no cgroup"],
)
def test_the_limits_are_the_containers(
    tmp_path: Path, files: dict[str, str], limit: int | None, left: int | None, cores: float | None
) -> None:
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)

    assert memory_limit(tmp_path) == limit
    assert memory_left(tmp_path) == left
    assert cpu_limit(tmp_path) == cores
