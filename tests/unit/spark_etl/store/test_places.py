"""What belongs to runs is nobody's to write to; the rest of the store is."""

from __future__ import annotations

import pytest
from spark_etl.errors import ArgumentError
from spark_etl.store import refuse_place_of_runs, run_in, user_place

SCRATCH, RUN = "s3a://scratch/", "20240229T101112Z-7f3a2c"


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("s3a://scratch", "where all runs lie"),
        ("s3a://scratch/sandbox", "the runs of the team `sandbox`"),
        (f"s3a://scratch/sandbox/revenue/{RUN}/x.csv", f"belongs to run {RUN}"),
        (f"s3a://scratch/users/ada/sales/{RUN}", f"belongs to run {RUN}"),
        ("s3a://scratch/users", "it is nobody's own"),
        ("s3a://scratch/users/_pins/ada/x.json", "`_pins` can't be a user's name"),
        ("s3a://scratch/users/proof/x", "reserved for the stack itself"),
        ("s3a://scratch/users/ada/sales/_code/x.zip", "`_code` is what runs keep"),
        ("s3a://scratch/connect/x", "the runs of the team `connect`"),
        ("s3a://published/revenue/_publishing.json", "which run publishes there"),
    ],
)
def test_what_belongs_to_runs_is_refused(path: str, reason: str) -> None:
    with pytest.raises(ArgumentError, match=reason) as refused:
        refuse_place_of_runs(path, SCRATCH)
    assert refused.value.hint


@pytest.mark.parametrize(
    "path",
    ["s3a://published/sales", "s3a://scratch/users/ada", "s3a://scratch/users/ada/raw/x.csv", "s3a://scratchy/x"],
)
def test_what_is_of_people_is_not(path: str) -> None:
    refuse_place_of_runs(path, SCRATCH)


def test_a_users_place_and_the_run_of_a_path() -> None:
    assert user_place("s3a://scratch/", "ada") == "s3a://scratch/users/ada"
    assert run_in(f"s3a://scratch/team/p/{RUN}/f/part-0.parquet") == RUN
    assert run_in("s3a://published/orders/_dt=2024-02-29/part-0.parquet") is None
