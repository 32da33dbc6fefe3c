"""The clean-up's plan over many runs in the stack's store: `python -m bench.gc`, on a stack of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from spark_etl.storage import S3Settings, join, storage_for
from spark_etl.store import DataFile, FeatureRecord, GcOptions, Manifest, RunStore, StoredRun, plan_gc

from bench.figures import Figure, report, seconds
from bench.measure import COLD_SECONDS
from bench.runs_page import store_settings
from tests.support import leftovers
from tests.support.sandbox import Sandbox

RUNS, ROUNDS, THREADS, DAYS = 10_000, 3, 32, 365
SCRATCH, PIPELINE = "s3a://scratch", "bench/cleaned"


def gc_plan(sandbox: Sandbox) -> Iterator[Figure]:
    """Measures the plan, a second one that has read some documents before, one in which most stay, and the command."""
    settings = store_settings(sandbox)
    make_runs(settings, RUNS)
    raw = min(seconds(lambda: count_objects(settings)) for _ in range(ROUNDS))
    first = seconds(lambda: plan(settings, days=14))
    again = min(seconds(lambda: plan(settings, days=14)) for _ in range(ROUNDS))
    half = seconds(lambda: plan(settings, days=DAYS // 2))
    note = "list the same objects"
    yield Figure(f"gc, plan of {RUNS:,} runs of which most go", first, "s", limit=5, raw=raw, note=note)
    yield Figure(f"gc, the same plan once more, of {RUNS:,}", again, "s", limit=5, raw=raw, note=note)
    yield Figure(f"gc, plan of {RUNS:,} of which half stay, none read before", half, "s", raw=raw, note=note)
    yield Figure("gc --dry-run --json, as it is typed", seconds(lambda: dry_run(sandbox)), "s", raw=raw, note=note)


def plan(settings: S3Settings, *, days: int) -> None:
    """Plans a clean-up.

    Raises:
        RuntimeError: It does not say that what is old goes.
    """
    found = plan_gc(RunStore(SCRATCH, settings), GcOptions(timedelta(days=days)))
    if not found.going:
        raise RuntimeError("nothing of the plan goes")


def dry_run(sandbox: Sandbox) -> None:
    """Plans by the command.

    Raises:
        RuntimeError: The plan has not all runs.
    """
    shown = json.loads(sandbox("gc", "--dry-run", "--json").out)
    if len(shown["plan"]["runs"]) < RUNS:
        raise RuntimeError(f"the plan has {len(shown['plan']['runs'])} runs")


def make_runs(settings: S3Settings, number: int) -> None:
    """Makes ended runs of the last year with a checkpoint each; every tenth reuses that of the one before."""
    now = datetime.now(UTC)
    ids = [f"{now - timedelta(days=DAYS) * each / number:%Y%m%dT%H%M%SZ}-{each:06x}" for each in range(number)]
    runs = [StoredRun(join(SCRATCH, PIPELINE, run_id), settings) for run_id in ids]
    earlier = [*runs[1:], None]
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(make_run, range(number), runs, earlier))


def make_run(number: int, run: StoredRun, earlier: StoredRun | None) -> None:
    """Makes one of them."""
    reused = earlier if earlier is not None and number % 10 == 0 else None
    feature = FeatureRecord("bench.Feature", checkpoint=True, state="succeeded", rows=1, bytes=3)
    feature.reused_from = reused.root if reused else None
    document = run.new_document(start_date="2024-02-29", end_date="2024-02-29", order=["orders"])
    document.features, document.status, document.seconds = {"orders": feature}, "succeeded", 12.5
    document.by = {"user": "bench"}
    run.write_document(document)
    if reused is None:
        file = DataFile("part-00000.parquet", 1, 3)
        storage_for(run.root, run.settings).write(join(run.checkpoint_path("orders"), file.name), b"abc")
        run.write_manifest("orders", Manifest("orders", run.run_id, {}, {}, 1, 3, [file], {}, {}, ""))
    run.mark_ended(document)


def count_objects(settings: S3Settings) -> int:
    """Lists, by the S3 client, all that lies in the pipeline's folder."""
    folder = join(SCRATCH, PIPELINE)
    return sum(1 for _ in storage_for(folder, settings).walk(folder))


def main() -> int:
    """Measures on a stack of its own, prints, and returns 1 when a figure is over its limit."""
    with leftovers.own_name() as name:
        sandbox = Sandbox(name, leftovers.home())
        try:
            sandbox("up", timeout=COLD_SECONDS)
            return report("gc", list(gc_plan(sandbox)))
        finally:
            leftovers.remove(name)


if __name__ == "__main__":
    raise SystemExit(main())
