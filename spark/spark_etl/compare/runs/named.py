"""Two sides by their names: runs, or a run and a published path."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from spark_etl.compare.runs.compare import Compute, compare_runs
from spark_etl.compare.runs.names import find_run, find_runs
from spark_etl.compare.runs.published import compare_with_path
from spark_etl.compare.runs.result import RunDiff
from spark_etl.compare.runs.rows import OnProgress
from spark_etl.errors import ArgumentError, RunNotFoundError
from spark_etl.reading import Run, Runs
from spark_etl.store import looks_like_a_path

RUN_ID = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{6}")


def compare_named(
    runs: Runs,
    a: str | Run,
    b: str | Run,
    *,
    feature: str | None = None,
    keys: Sequence[str] = (),
    tolerance: float | None = None,
    samples: int = 5,
    compute: Compute | None = None,
    on_progress: OnProgress | None = None,
) -> RunDiff:
    """Returns how two runs, or a run and a published path, differ; see `compare_runs` and `compare_with_path`.

    Args:
        runs: Where runs are looked for.
        a: A run or its name, `latest` or `last-success`, or a published path.
        b: The same.
        feature: Compare this one, and what it depends on; of a path, which feature lies there.
        keys: Columns by which a row of A and a row of B are the same one.
        tolerance: By how much two numbers may differ and still count as equal.
        samples: How many rows of each side to show.
        compute: Computes the features of which rows are missing.
        on_progress: Is called with a feature that is compared next, and how many of how many are done.

    Raises:
        ArgumentError: There is no such run or path, or they can't be compared.
    """
    options: dict[str, Any] = {
        "keys": keys,
        "tolerance": tolerance,
        "samples": samples,
        "compute": compute,
        "on_progress": on_progress,
    }
    paths = [is_published_path(runs, name) for name in (a, b)]
    if all(paths):
        raise ArgumentError(f"{a} and {b} are both no runs", hint="give a run as one of them: runs.list()")
    if any(paths):
        path, run = (a, b) if paths[0] else (b, a)
        side = "A" if paths[0] else "B"
        return compare_with_path(find_run(runs, run), str(path), feature, path_side=side, **options)
    return compare_runs(*find_runs(runs, a, b), feature=feature, **options)


def is_published_path(runs: Runs, name: str | Run) -> bool:
    """Returns whether a name is a path at which no run lies: `s3a://bucket/folder`, `/folder`, `./folder`."""
    is_path = isinstance(name, str) and ("://" in name or name.startswith(("/", "./", "../")))
    if not isinstance(name, str) or not is_path or not looks_like_a_path(name):
        return False
    try:
        return not runs[name]
    except RunNotFoundError:
        return not RUN_ID.fullmatch(name.rstrip("/").rpartition("/")[2])
