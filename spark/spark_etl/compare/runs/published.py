"""A run against a published path: Parquet that lies there now, whoever wrote it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from spark_etl.adopting.adopt import manifest_of_files
from spark_etl.adopting.files import adopted_files
from spark_etl.compare.runs.compare import Compute, compare_sides, refuse_damaged
from spark_etl.compare.runs.graph import MergedGraph
from spark_etl.compare.runs.result import Bracket, RunDiff
from spark_etl.compare.runs.rows import OnProgress, Rows
from spark_etl.compare.runs.side import Side
from spark_etl.errors import ArgumentError
from spark_etl.names import alternatives, listing
from spark_etl.reading import Checkpoint, Run
from spark_etl.storage import S3Settings, normalise
from spark_etl.store import ADOPTED, FeatureRecord, RunDocument, StoredRun


class PublishedSide(Side):
    """The rows of one feature at a published path.

    Args:
        letter: `A` or `B`.
        path: The path.
        checkpoint: What lies there.
        settings: How to reach S3; from the environment if not given.
    """

    def __init__(self, letter: str, path: str, checkpoint: Checkpoint, settings: S3Settings | None = None) -> None:
        record = FeatureRecord(checkpoint=True, state="succeeded", rows=checkpoint.rows, bytes=checkpoint.bytes)
        document = RunDocument(
            path, path, "", "", kind=ADOPTED, status="succeeded", features={checkpoint.feature: record},
            order=[checkpoint.feature],
        )  # fmt: skip
        super().__init__(letter, Run(StoredRun(path, settings), document, name=path))
        self.add_computed({checkpoint.feature: checkpoint})

    @property
    def about(self) -> str:
        """That it is a published path."""
        return "a published path"

    def unknown(self) -> Iterator[str]:
        """Yields what is not known of it."""
        yield f"{self.letter} is a published path: what its rows were made by and of is not known"


def compare_with_path(
    run: Run,
    path: str,
    feature: str | None = None,
    *,
    keys: Sequence[str] = (),
    tolerance: float | None = None,
    samples: int = 5,
    compute: Compute | None = None,
    on_progress: OnProgress | None = None,
    path_side: str = "B",
) -> RunDiff:
    """Returns how the rows of one feature of a run differ from what lies at a published path; nothing is written.

    Args:
        run: The run.
        path: A folder of Parquet files.
        feature: Which of the run's features lies there; if not given, the one that the run has published there.
        keys: Columns by which two rows are the same one.
        tolerance: By how much two numbers may differ and still count as equal.
        samples: How many rows of each side to show.
        compute: Computes the rows of the feature if the run has not kept them.
        on_progress: Is called with the feature.
        path_side: `A` or `B`, which the path is.

    Raises:
        ArgumentError: The run has published nothing there; nothing lies there, or something else than Parquet.
    """
    refuse_damaged("A" if path_side == "B" else "B", run)
    folder = normalise(path)
    alias = _feature(run, folder, feature)
    published = PublishedSide(path_side, folder, _checkpoint(run, folder, alias), run.stored.settings)
    ran = Side("A" if path_side == "B" else "B", run)
    sides: tuple[Side, Side] = (ran, published) if path_side == "B" else (published, ran)
    nothing: Mapping[str, tuple[str, ...]] = {alias: ()}
    graph = MergedGraph((alias,), nothing, nothing, {})
    rows = Rows(*sides, feature=alias, keys=keys, tolerance=tolerance, samples=samples, on_progress=on_progress)
    found = compare_sides(sides, graph, rows, feature=alias, compute=compute)
    # Whether what the feature reads was the same is not known, so it is no first one.
    note = f"whether it parts here or above is not known: {published.letter} says nothing of what it reads"
    features = {
        name: replace(diff, notes=(note,) if name in found.first else diff.notes)
        for name, diff in found.features.items()
    }
    return replace(found, features=features, first=(), brackets=tuple(Bracket(each) for each in found.first))


def _feature(run: Run, folder: str, feature: str | None) -> str:
    """Returns which feature of a run lies at a path."""
    document = run.document
    if feature is not None:
        if feature not in document.features:
            raise ArgumentError(
                f"run {run.name} has no feature `{feature}`. {alternatives(feature, document.order)}",
                hint="--feature with one of them",
            )
        return feature
    for output in document.outputs:
        if normalise(output.path) == folder:
            return output.feature
    outputs = [f"`{output.feature}` to {output.path}" for output in document.outputs]
    raise ArgumentError(
        f"{folder} is no run, and run {run.name} has not published to it. It publishes: {listing(outputs)}",
        hint="name the feature that lies there: --feature NAME",
    )


def _checkpoint(run: Run, folder: str, feature: str) -> Checkpoint:
    """Returns what lies in a folder, as a checkpoint whose manifest is in memory.

    Raises:
        ArgumentError: Nothing does, or something else than Parquet files that are one frame.
    """
    settings = run.stored.settings
    try:
        files = adopted_files(feature, folder, settings)
    except ArgumentError as error:
        seen = error.hint if error.hint and error.hint.startswith("in ") else "give the folder of one output"
        raise ArgumentError(f"{folder} can't be compared: {error.message}", hint=seen) from error
    return Checkpoint(folder, manifest_of_files(folder, feature, files), settings)
