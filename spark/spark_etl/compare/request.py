"""What a command line asks to be compared, and the answer: the same for `spark-etl diff` and `sandbox diff`."""

from __future__ import annotations

import math
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spark_etl.compare.runs.compare import Compute
from spark_etl.compare.runs.named import compare_named
from spark_etl.compare.runs.rows import OnProgress
from spark_etl.errors import ArgumentError, ReadError
from spark_etl.storage import normalise
from spark_etl.storage.paths import local_path, scheme_of
from spark_etl.store import StoredRun, looks_like_a_path

if TYPE_CHECKING:
    from spark_etl.compare.runs.result import RunDiff
    from spark_etl.reading import Runs

LAST_SUCCESS, LATEST = "last-success", "latest"
DEPTH = 3  # of a run's folder below the scratch path
LIBRARIES = ("duckdb", "_duckdb", "pyarrow")  # that read the rows


@dataclass(frozen=True)
class DiffRequest:
    """What is compared, and how.

    Attributes:
        a: A run by its name, `latest` or `last-success`, or a published path.
        b: Another one.
        feature: Only this one and what it reads; None for all.
        keys: Columns by which a row of A and one of B are the same.
        tolerance: By how much numbers may differ.
    """

    a: str = LAST_SUCCESS
    b: str = LATEST
    feature: str | None = None
    keys: tuple[str, ...] = ()
    tolerance: float | None = None

    @property
    def options(self) -> tuple[str, ...]:
        """The options of a command line that ask for it, but for the feature."""
        keys = ("--keys", ",".join(self.keys)) if self.keys else ()
        tolerance = ("--tolerance", f"{self.tolerance:g}") if self.tolerance is not None else ()
        return (*keys, *tolerance)

    def __post_init__(self) -> None:
        if self.tolerance is not None and not (math.isfinite(self.tolerance) and self.tolerance >= 0):
            raise ArgumentError(f"--tolerance {self.tolerance}: a number of 0 or more", hint="--tolerance 0.01")


def compare(
    runs: Runs, request: DiffRequest, *, compute: Compute | None = None, on_progress: OnProgress | None = None
) -> RunDiff:
    """Returns how two runs differ, or a run and a published path.

    Args:
        runs: Where runs are found by their names.
        request: What is compared.
        compute: Computes the rows that are missing; None: they stay missing.
        on_progress: Is called with a feature, and how many of how many were compared.

    Raises:
        ArgumentError: They can't be compared: exit code 2, as 1 means that they differ.
    """
    with refused_as_usage():
        return compare_named(
            runs,
            request.a,
            request.b,
            feature=request.feature,
            keys=request.keys,
            tolerance=request.tolerance,
            compute=compute,
            on_progress=on_progress,
        )


@contextmanager
def refused_as_usage() -> Iterator[None]:
    """Turns what can't be read into an error of exit code 2, and a fault of the comparison itself: 1 says "different".

    Raises:
        ArgumentError: Something could not be read, or it is a fault; its traceback is shown then.
    """
    try:
        yield
    except ReadError as error:
        raise ArgumentError(error.message, hint=error.hint) from error
    except Exception as error:
        if hasattr(error, "exit_code"):  # of this package, or of the command that computes
            raise
        if isinstance(error, OSError) or type(error).__module__.partition(".")[0] in LIBRARIES:
            raise ArgumentError(f"can't be compared: {error}") from error
        traceback.print_exception(error)
        what = f"{type(error).__name__}: {error}"
        raise ArgumentError(
            f"can't be compared: a fault of this command, {what}", hint="report it with the lines above"
        ) from error


def local_scratch(a: str, b: str) -> str | None:
    """Returns below which folder two runs lie that are named by their folders; None where they are not.

    Args:
        a: A run.
        b: A run, or a folder with Parquet.
    """
    if not (is_local_run(a) and _is_folder(b)):
        return None
    return str(local_path(a).resolve().parents[DEPTH - 1])


def is_local_run(name: str) -> bool:
    """Returns whether a name is that of a folder with a run."""
    return _is_folder(name) and StoredRun(normalise(name)).exists()


def absolute(name: str) -> str:
    """Returns the whole path of a run's folder, or of one that is named by a path; any other name as it is."""
    is_path = is_local_run(name) or (looks_like_a_path(name) and _is_folder(name))
    return str(local_path(name).resolve()) if is_path else name


def _is_folder(name: str) -> bool:
    return scheme_of(name) in {"", "file"} and local_path(name).is_dir()
