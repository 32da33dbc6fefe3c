"""What another run kept, as a source: which run `latest:` takes."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from spark_etl.dates import DateRange
from spark_etl.errors import MissingDataError
from spark_etl.reading import Run, Runs
from spark_etl.sources import CheckpointSource
from spark_etl.store import StoredRun

from tests.support.runs import run_writer

DAY, EARLIER = date(2024, 2, 29), date(2020, 1, 1)
ONE_DAY = DateRange(DAY, DAY)


class Scratch:
    """A folder with runs of `revenue`."""

    def __init__(self, folder: Path) -> None:
        self.path = str(folder)
        self._second = 0

    def run(self, day: date = DAY, *, team: str = "data", sample: dict[str, Any] | None = None) -> str:
        """Leaves what a run that succeeded leaves, and returns its id."""
        self._second += 1
        paths = StoredRun.at(f"file://{self.path}", team, "revenue", f"20240301T0000{self._second:02}Z-abc123")
        days = {"start_date": str(day), "end_date": str(day)}
        what = {"sample": sample, **days}
        record = run_writer(paths, what, {})
        record.store()
        record.end("succeeded")
        return paths.run_id

    def taken(self, dates: DateRange = ONE_DAY, **options: Any) -> Run:
        source = CheckpointSource("latest:revenue", "orders", self.path, **options)
        return source._latest(Runs(self.path), dates)


@pytest.fixture
def scratch(tmp_path: Path) -> Scratch:
    return Scratch(tmp_path)


def test_the_newest_run_for_the_same_days_is_taken(scratch: Scratch) -> None:
    scratch.run()
    newest = scratch.run()
    scratch.run(EARLIER)
    assert scratch.taken().id == newest


def test_a_run_of_a_sample_is_passed_over(scratch: Scratch) -> None:
    whole = scratch.run()
    scratch.run(sample={"fraction": 0.01})
    assert scratch.taken().id == whole


def test_one_for_other_days_and_of_one_team_is_taken_when_asked_for(scratch: Scratch) -> None:
    scratch.run(EARLIER, team="data")
    other = scratch.run(EARLIER, team="finance")
    scratch.run(EARLIER, team="data")
    assert scratch.taken(any_dates=True, team="finance").id == other


@pytest.mark.parametrize("what", [{"day": EARLIER}, {"sample": {"fraction": 0.01}}])
def test_without_one_the_newest_is_reported_with_a_way_on(scratch: Scratch, what: dict[str, Any]) -> None:
    newest = scratch.run(**what)
    with pytest.raises(MissingDataError, match=rf"; newest: {newest}, for ") as caught:
        scratch.taken()
    assert ("of a sample" in caught.value.message) == ("sample" in what)
    assert "any_dates=True" in str(caught.value.hint)
