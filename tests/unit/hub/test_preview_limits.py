"""What the status bar shows as the most a server may take."""

from __future__ import annotations

from pathlib import Path

import pytest
from sandbox_lab.limits import cpu_limit, memory_limit

V1_UNLIMITED = "9223372036854771712\n"


@pytest.mark.parametrize(
    ("files", "memory", "cpu"),
    [
        ({"memory.max": "2147483648\n", "cpu.max": "150000 100000\n"}, 2147483648, 150.0),
        ({"memory.max": "max\n", "cpu.max": "max 100000\n"}, 0, 0.0),
        (
            {
                "memory/memory.limit_in_bytes": "2147483648\n",
                "cpu/cpu.cfs_quota_us": "200000\n",
                "cpu/cpu.cfs_period_us": "100000\n",
            },
            2147483648,
            200.0,
        ),
        ({"memory/memory.limit_in_bytes": V1_UNLIMITED, "cpu/cpu.cfs_quota_us": "-1\n"}, 0, 0.0),
        ({}, 0, 0.0),
    ],
    ids=["v2", "v2 unlimited", "v1", "v1 unlimited", "no cgroup"],
)
def test_the_limits_are_the_containers(tmp_path: Path, files: dict[str, str], memory: int, cpu: float) -> None:
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)

    assert memory_limit(tmp_path) == memory
    assert cpu_limit(tmp_path) == cpu
