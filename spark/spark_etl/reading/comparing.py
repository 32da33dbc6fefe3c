"""Comparing, for those who read runs: what compares lies above this package, and is looked up when it is asked for."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from spark_etl.errors import ArgumentError
from spark_etl.store import top_scratch

if TYPE_CHECKING:
    from spark_etl.compare import RowDiff, RunDiff
    from spark_etl.reading.catalog import Runs
    from spark_etl.reading.checkpoint import Checkpoint
    from spark_etl.reading.run import Run

    Compute = Callable[[Run, Sequence[str]], Mapping[str, Checkpoint]]

READING = "spark_etl.reading"
COMPARE = "spark_etl.compare"
COMPUTE = "spark_etl.debugging.computed"
OF_RUNS = 'runs.diff("latest", "last-success"), or run.diff(other)'
OF_CHECKPOINTS = 'run["orders"].diff(other["orders"])'


class ComparedRun:
    """The comparison of a run, as its methods."""

    def diff(
        self,
        other: Run | str,
        *,
        feature: str | None = None,
        keys: Sequence[str] | str = (),
        tolerance: float | None = None,
        samples: int = 5,
        compute: bool = False,
    ) -> RunDiff:
        """Returns how this run differs from another: the first features that part, and why. It shows itself.

        Args:
            other: A run, its name, `latest`, `last-success`, or a published path.
            feature: Compare this one, and what it depends on; all if not given.
            keys: Columns by which a row of both is the same one, for the features that have them all.
            tolerance: By how much two numbers may differ and still count as equal.
            samples: How many rows of each kind to show of each feature.
            compute: Compute rows that are missing where the runs part, each side with its own code.

        Raises:
            ArgumentError: They can't be compared: no such run, one run twice, a damaged one, an unknown feature.
        """
        options: dict[str, Any] = {"feature": feature, "keys": keys, "tolerance": tolerance, "samples": samples}
        return _diff_runs(None, cast("Run", self), other, **options, compute=compute)

    compare = diff


class ComparedRuns:
    """The comparison of two of all runs, as methods."""

    def diff(
        self,
        a: Run | str,
        b: Run | str,
        *,
        feature: str | None = None,
        keys: Sequence[str] | str = (),
        tolerance: float | None = None,
        samples: int = 5,
        compute: bool = False,
    ) -> RunDiff:
        """Returns how one run differs from another: the first features that part, and why. It shows itself.

        Args:
            a: A run, its name, `latest`, `last-success`, or a published path.
            b: The other one. Beside a certain run, `latest` and `last-success` are others of its team and pipeline.
            feature: Compare this one, and what it depends on; all if not given.
            keys: Columns by which a row of both is the same one, for the features that have them all.
            tolerance: By how much two numbers may differ and still count as equal.
            samples: How many rows of each kind to show of each feature.
            compute: Compute rows that are missing where the runs part, each side with its own code.

        Raises:
            ArgumentError: They can't be compared: no such run, one run twice, a damaged one, an unknown feature.
        """
        options: dict[str, Any] = {"feature": feature, "keys": keys, "tolerance": tolerance, "samples": samples}
        return _diff_runs(cast("Runs", self), a, b, **options, compute=compute)

    compare = diff


def _diff_runs(
    runs: Runs | None,
    a: Run | str,
    b: Run | str,
    *,
    feature: str | None,
    keys: Sequence[str] | str,
    tolerance: float | None,
    samples: int,
    compute: bool,
) -> RunDiff:
    """Returns how two runs differ; see `spark_etl.compare.compare_named`.

    Args:
        runs: Where names are looked for; if not given, where A lies, which is a run then.
        a: A run, or its name.
        b: The other one.
        feature: The only feature to compare.
        keys: Columns of a key.
        tolerance: By how much numbers may differ.
        samples: How many rows of each kind to show.
        compute: Whether rows that are missing are computed.
    """
    _refuse_no_run(a, b)
    if runs is None:
        runs = _runs_beside(a)
    options: dict[str, Any] = {"feature": feature, "keys": as_keys(keys), "tolerance": tolerance, "samples": samples}
    if compute:
        options["compute"] = _compute()
    found: RunDiff = importlib.import_module(COMPARE).compare_named(runs, a, b, **options)
    return found


def _runs_beside(run: Any) -> Runs:
    """Returns the runs below the scratch path that a run lies below."""
    found: Runs = importlib.import_module(READING).Runs(top_scratch(run.stored.scratch), run.stored.settings)
    return found


def diff_rows(
    a: Checkpoint, b: Checkpoint, *, keys: Sequence[str] | str, tolerance: float | None, samples: int
) -> RowDiff:
    """Returns how the rows of two checkpoints differ; see `spark_etl.compare.compare_rows`."""
    if not hasattr(b, "manifest"):
        what = "a whole run" if hasattr(b, "document") else f"a {type(b).__name__}"
        feature = a.feature
        raise ArgumentError(
            f"a checkpoint can't be compared with {what}",
            hint=f'.diff(other["{feature}"]), or compare the runs: {OF_RUNS}',
        )
    options: dict[str, Any] = {"keys": as_keys(keys), "tolerance": tolerance, "samples": samples}
    found: RowDiff = importlib.import_module(COMPARE).compare_rows(a, b, **options)
    return found


def as_keys(keys: Sequence[str] | str) -> tuple[str, ...]:
    """Returns the columns of a key, which may be given as `"a, b"`."""
    words = keys.split(",") if isinstance(keys, str) else keys
    return tuple(word.strip() for word in words if word.strip())


def _refuse_no_run(*sides: object) -> None:
    for side in sides:
        if feature := getattr(side, "feature", None):
            raise ArgumentError(f"a run can't be compared with a checkpoint, `{feature}`", hint=OF_CHECKPOINTS)
        if not isinstance(side, str) and not hasattr(side, "document"):
            raise ArgumentError(f"a {type(side).__name__} is no run", hint=OF_RUNS)


def _compute() -> Compute:
    """Returns what computes the rows that a run has not kept.

    Raises:
        ArgumentError: It is not there.
    """
    try:
        found: Compute = importlib.import_module(COMPUTE).compute_missing
    except ImportError as error:
        raise ArgumentError(
            f"compute=True needs what runs pipelines, and that is not here: {error}", hint="./sandbox diff … --compute"
        ) from error
    return found
