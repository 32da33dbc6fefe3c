"""How long two runs of many features take to be compared. No stack is needed, and no Spark.

python -m bench.run_diff                   two runs of 1,000 features, equal ones and others, in a local folder
python -m bench.run_diff --features 100    fewer
"""

from __future__ import annotations

import argparse
import io
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet
from spark_etl.compare import compare_runs
from spark_etl.reading import Runs
from spark_etl.store import DataFile, FeatureInputs, FeatureRecord, Manifest, RunInputs, RunStore, StoredRun

from bench.figures import Figure, report

FEATURES = 1_000
WIDTH = 50  # features of a layer, each of which reads two of the one above
LIMIT = 2.0
RUNS = {
    "a": 0,
    "equal": 0,
    "equal in other files": 0,
    "other": 1,
}  # what is added to the rows of the first feature, and of those that read it


def main() -> int:
    """Measures, prints, and returns 1 when a figure is over its limit."""
    parser = argparse.ArgumentParser(prog="python -m bench.run_diff", description=__doc__.splitlines()[0])
    parser.add_argument("--features", type=int, default=FEATURES, help="of each run (default: %(default)s)")
    parser.add_argument("--measure", nargs=3, metavar=("SCRATCH", "A", "B"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measured(*options.measure)))
        return 0
    with tempfile.TemporaryDirectory(prefix="bench-run-diff-") as folder:
        runs = {name: write_run(folder, options.features, name, added) for name, added in RUNS.items()}
        figures = [figure_of(folder, runs["a"], run, name) for name, run in runs.items() if name != "a"]
    return report("bench-run-diff", figures, features=options.features)


def figure_of(folder: str, a: StoredRun, b: StoredRun, name: str) -> Figure:
    """Returns what comparing two runs takes, in a process of its own that has imported what it needs."""
    command = [sys.executable, "-m", "bench.run_diff", "--measure", folder, a.run_id, b.run_id]
    seconds, answer = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return Figure(f"two runs, {name}", seconds, "s", limit=LIMIT if name == "equal" else None, detail=answer)


def measured(scratch: str, a: str, b: str) -> tuple[float, str]:
    """Returns how long two runs take to be found and compared, and the answer."""
    started = time.monotonic()
    runs = Runs(scratch)
    diff = compare_runs(runs[a], runs[b])
    return time.monotonic() - started, diff.answer


def write_run(scratch: str, features: int, name: str, added: int) -> StoredRun:
    """Writes a run that has kept all of its features."""
    graph = {f"f{number}": upstreams_of(number) for number in range(features)}
    writer = RunStore(scratch).start(
        "team",
        "pipeline",
        start_date="2024-02-29",
        end_date="2024-02-29",
        graph=graph,
        order=list(graph),
        features={alias: FeatureRecord("plans.Plan", checkpoint=True, deterministic=True) for alias in graph},
    )
    keys = {alias: {"hash": alias, "parts": parts_of(upstreams)} for alias, upstreams in graph.items()}
    for alias, record in writer.document.features.items():
        manifest = keep(
            writer.run,
            alias,
            table(added if "f0" in {alias, *graph[alias]} else 0, ordered=name in {"a", "equal"}),
            keys[alias],
        )
        record.state, record.rows, record.bytes = "succeeded", manifest.rows, manifest.bytes
    writer.run.write_inputs(RunInputs({alias: FeatureInputs(cache_key=key) for alias, key in keys.items()}))
    writer.end("succeeded")
    return writer.run


def upstreams_of(number: int) -> list[str]:
    """Returns what a feature reads."""
    above = number - WIDTH
    return [f"f{above}", f"f{above - above % WIDTH + (above + 1) % WIDTH}"] if above >= 0 else []


def parts_of(upstreams: list[str]) -> dict[str, Any]:
    """Returns what the rows of a feature depend on."""
    return {
        "code": {"class": "plans.Plan", "fingerprint": "sha256:0", "modules": {"plans": "0"}},
        "params": {"rate": "0"},
        "sources": {},
        "upstreams": {name: name for name in upstreams},
        "versions": {"python": "3.11", "pyspark": "4.1.4"},
        "dates": "2024-02-29",
        "settings": {},
        "sample": None,
    }


def table(added: int, *, ordered: bool) -> pa.Table:
    """Returns the rows of a feature, in one order or the other."""
    numbers = list(range(100)) if ordered else list(reversed(range(100)))
    return pa.table({"id": numbers, "amount": [number + added for number in numbers]})


def keep(run: StoredRun, alias: str, rows: pa.Table, key: dict[str, Any]) -> Manifest:
    """Writes the checkpoint of a feature."""
    content = io.BytesIO()
    parquet.write_table(rows, content)
    folder = Path(run.checkpoint_path(alias).removeprefix("file://"))
    folder.mkdir(parents=True)
    (folder / "part-0.parquet").write_bytes(content.getvalue())
    size = len(content.getvalue())
    columns = {"id": "bigint", "amount": "bigint"}
    files = [DataFile("part-0.parquet", 100, size)]
    manifest = Manifest(alias, run.run_id, columns, {}, 100, size, files, key["parts"]["code"], {}, "", key)
    run.write_manifest(alias, manifest)
    return manifest


if __name__ == "__main__":
    raise SystemExit(main())
