"""Ten thousand runs: `many_runs.py make|list FOLDER`; list prints how many there are and in how many seconds."""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from spark_etl.reading import Runs
from spark_etl.store import StoredRun

RUNS = 10_000
TEAMS, PIPELINES = 4, 5
NEWEST = datetime(2024, 2, 29, 12, tzinfo=UTC)


def make(folder: str) -> None:
    """Leaves what ended runs leave, one every quarter of an hour, of several pipelines."""

    def one(number: int) -> None:
        moment = NEWEST - timedelta(minutes=15 * number)
        team, pipeline = f"team{number % TEAMS}", f"pipeline{number % PIPELINES}"
        run = StoredRun.at(folder, team, pipeline, f"{moment:%Y%m%dT%H%M%SZ}-{number:06x}")
        status = "failed" if number % 9 == 0 else "succeeded"
        days = {"start_date": "2024-02-29", "end_date": "2024-02-29"}
        document = run.new_document(status=status, seconds=12.5, **days)
        run.write_document(document)
        run.mark_ended(document)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(one, range(RUNS)))


def show(folder: str) -> None:
    """Lists them all, and says how long that took."""
    began = time.monotonic()
    found = Runs(folder).list(limit=None)
    summaries = [run.summary() for run in found]
    print(json.dumps({"runs": len(summaries), "seconds": time.monotonic() - began}))


if __name__ == "__main__":
    {"make": make, "list": show}[sys.argv[1]](sys.argv[2])
