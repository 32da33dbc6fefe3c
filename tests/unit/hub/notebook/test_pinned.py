"""Whether a notebook says which runs it reads."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sandbox_lab.pinned import not_pinned_reason

RUN, OTHER, OWN = "20240229T101112Z-7f3a2c", "20240229T111213Z-0123ab", "20260301T235940Z-ffffff"
BEGAN = datetime(2026, 3, 1, 23, 59, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("code", "read", "reason"),
    [
        (f'run = runs["{RUN}"]', [RUN], ""),
        ("RUN = '7f3a2c'", [RUN], ""),
        ('RUN = "20240229T101112Z"', [RUN], ""),
        (f'spark.read.parquet("s3a://scratch/team/x/{RUN}/orders")', [RUN], ""),
        (f'runs["{RUN}"]', [RUN, OWN], ""),
        ('runs.latest("revenue")', [RUN], f'pin runs["{RUN}"]'),
        (f"# {RUN}", [RUN], f'pin runs["{RUN}"]'),
        ('DAY = "20240229"', [RUN], f'pin runs["{RUN}"]'),
        (f'runs["{RUN}"]', [RUN, OTHER], f'does not name each run that it reads: pin runs["{OTHER}"]'),
        ("print(1)", [], "nothing is pinned: it reads no checkpoint"),
        ("print(1)", [OWN], "nothing is pinned: it reads only runs that it makes itself"),
    ],
)
def test_a_run_is_pinned_by_its_id_in_the_code(code: str, read: list[str], reason: str) -> None:
    found = not_pinned_reason([code], [{"run": run} for run in read], BEGAN)

    assert reason in found
    assert bool(found) == bool(reason)


def test_the_run_that_reuses_a_checkpoint_may_be_named_in_place_of_its_origin() -> None:
    origin, resumed = "20240228T101112Z-aaaaaa", "20240229T101112Z-bbbbbb"
    reads = [{"run": origin, "opened_by": resumed}]
    assert not_pinned_reason([f'runs["{resumed}"]["orders"]'], reads, BEGAN) == ""
    assert origin in not_pinned_reason(['runs.latest()["orders"]'], reads, BEGAN)
