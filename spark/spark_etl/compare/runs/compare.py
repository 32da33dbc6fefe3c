"""Compares two runs: the first features that part, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace

from spark_etl.compare.runs.causes import Causes
from spark_etl.compare.runs.graph import MergedGraph, merge_graphs
from spark_etl.compare.runs.result import DIFFERENT, RunDiff
from spark_etl.compare.runs.rows import OnProgress, Rows
from spark_etl.compare.runs.side import Side
from spark_etl.compare.runs.value_changes import run_changes
from spark_etl.compare.runs.walk import Walk, Walker
from spark_etl.errors import ArgumentError, SparkEtlError
from spark_etl.names import alternatives, listing
from spark_etl.reading import Checkpoint, Run
from spark_etl.store import DAMAGED

Compute = Callable[[Run, Sequence[str]], Mapping[str, Checkpoint]]
NOTHING_TO_COMPUTE = "nothing was computed: none of the rows that are needed are missing"


def compare_runs(
    a: Run,
    b: Run,
    *,
    feature: str | None = None,
    keys: Sequence[str] = (),
    tolerance: float | None = None,
    samples: int = 5,
    compute: Compute | None = None,
    on_progress: OnProgress | None = None,
) -> RunDiff:
    """Returns how two runs differ: the first features that part, and why; see `walk` for how it is found.

    Args:
        a: The one, `A` in what is shown.
        b: The other.
        feature: Compare this one, and what it depends on; all if not given.
        keys: Columns by which a row of A and a row of B are the same one, for the features that have them all.
        tolerance: By how much two numbers may differ and still count as equal.
        samples: How many rows of each side to show.
        compute: Computes the features of a run of which rows are missing; it is asked at most once per run.
        on_progress: Is called with a feature that is compared next, and how many of how many are done.

    Raises:
        ArgumentError: They can't be compared: one run twice, a damaged one, no common feature, an unknown one.
    """
    refuse_runs(a, b)
    sides = (Side("A", a), Side("B", b))
    graph = _graph(*sides, feature)
    rows = Rows(*sides, feature=feature, keys=keys, tolerance=tolerance, samples=samples, on_progress=on_progress)
    return compare_sides(sides, graph, rows, feature=feature, compute=compute)


def compare_sides(
    sides: tuple[Side, Side],
    graph: MergedGraph,
    rows: Rows,
    *,
    feature: str | None = None,
    compute: Compute | None = None,
) -> RunDiff:
    """Returns how two sides differ; see `compare_runs`.

    Args:
        sides: A and B.
        graph: What their features read: those that are compared.
        rows: What compares their rows.
        feature: The one that was asked for.
        compute: Computes missing rows.
    """
    notes = list(_notes(*sides))
    computed: dict[str, dict[str, Checkpoint]] = {}
    with closing(Causes(*sides, graph)) as causes:
        walk = Walker(*sides, graph, rows, causes).walk()
        if compute is not None:
            computed, problems = _compute(compute, sides, graph, walk, feature)
            notes += problems
        if any(computed.values()):
            walk = Walker(*sides, graph, rows, causes).walk()
    features = {
        alias: replace(
            diff,
            computed=tuple(letter for letter, found in computed.items() if alias in found),
            notes=(*diff.notes, *filter(None, (side.note_on_rows(alias) for side in sides))),
        )
        for alias, diff in walk.features.items()
    }
    a, b = sides
    changes = tuple(run_changes(a, b)) if a.graph is not None and b.graph is not None else ()
    return RunDiff(
        a.name, b.name, a.about, b.about, features, walk.first, walk.brackets, changes, tuple(notes),
        path_a=a.run.path, path_b=b.run.path,
    )  # fmt: skip


def refuse_runs(a: Run, b: Run) -> None:
    """Refuses what is no pair of runs.

    Raises:
        ArgumentError: One run twice, or a damaged one.
    """
    refuse_damaged("A", a)
    refuse_damaged("B", b)
    if a.path == b.path:
        raise ArgumentError(f"A and B are the same run, {a.name}", hint="name another one: runs.list() shows them")


def refuse_damaged(letter: str, run: Run) -> None:
    """Refuses a run that can't be read.

    Raises:
        ArgumentError: It is damaged.
    """
    if run.document.status == DAMAGED:
        why = run.error.message if run.error else ""
        raise ArgumentError(f"{letter}, run {run.name}, is damaged: {why}", hint="runs.list()")


def _graph(a: Side, b: Side, feature: str | None) -> MergedGraph:
    graph = merge_graphs(a, b)
    if not set(a.features) & set(b.features):
        raise ArgumentError(
            f"runs {a.name} of {a.document.pipeline} and {b.name} of {b.document.pipeline} have no feature in common. "
            f"A has {listing(a.features)}; B has {listing(b.features)}",
            hint='two features of other names: runs["A"]["x"].diff(runs["B"]["y"])',
        )
    if feature is None:
        return graph
    if feature not in graph.order:
        raise ArgumentError(
            f"neither run has computed a feature `{feature}`. {alternatives(feature, graph.order)}",
            hint="--feature with one of them",
        )
    return graph.restricted_to(feature)


def _notes(a: Side, b: Side) -> Iterator[str]:
    """Yields what has to be known of the two runs."""
    for side in (a, b):
        if side.run.status in {"running", "died"}:
            what = "still runs: what it has not kept yet is not compared" if side.run.status == "running" else "died"
            yield f"{side.letter} {what}"
        yield from side.unknown()
    one, other = (f"{side.document.team}/{side.document.pipeline}" for side in (a, b))
    if one.rpartition("/")[2] != other.rpartition("/")[2] and a.document.pipeline and b.document.pipeline:
        yield f"A and B are of two pipelines, {one} and {other}: features are compared by their names"


def _compute(
    compute: Compute, sides: tuple[Side, Side], graph: MergedGraph, walk: Walk, feature: str | None
) -> tuple[dict[str, dict[str, Checkpoint]], list[str]]:
    """Has the missing rows computed; returns side → feature → its rows, and what could not be done."""
    wanted = _missing(graph, walk, feature)
    computed: dict[str, dict[str, Checkpoint]] = {}
    problems = [] if wanted else [NOTHING_TO_COMPUTE]
    for side in sides:
        missing = [alias for alias in wanted if side.checkpoint(alias) is None and side.was_computed(alias)]
        if not missing:
            continue
        try:
            found = compute(side.run, missing)
        except SparkEtlError as error:
            hint, why = f" ({error.hint})" if error.hint else "", " ".join(error.message.split())
            problems.append(f"rows of {listing(missing)} could not be computed in {side.letter}: {why}{hint}")
            continue
        computed[side.letter] = dict(found)
        problems += _said_of(side.letter, found)
        side.add_computed(computed[side.letter])
    return computed, problems


def _said_of(letter: str, found: Mapping[str, Checkpoint]) -> Iterator[str]:
    """Yields what `spark_etl.debugging.computed.Computed` says of rows: why some are missing, and what they rest on."""
    for note in getattr(found, "notes", ()):
        yield f"computed again in {letter}: {note}"
    if failure := getattr(found, "failure", ""):
        yield f"in {letter}, {failure}"


def _missing(graph: MergedGraph, walk: Walk, feature: str | None) -> list[str]:
    """Returns the features of which rows are needed: those in brackets, else those that nothing compared reads.

    Of the latter, what lies above them is taken along as far as it is not known, as they may differ.
    """
    found = {alias for bracket in walk.brackets for alias in (*bracket.between, bracket.different)}
    ends = RunDiff("", "", features=walk.features).unknown_ends if not walk.first and not walk.brackets else ()
    if feature is not None and walk.features[feature].rows is None:
        ends = (feature,)
    for alias in ends:
        found |= {alias, *_unknown_above(graph, walk, alias)}
    return [alias for alias in graph.order if alias in found]


def _unknown_above(graph: MergedGraph, walk: Walk, alias: str) -> set[str]:
    found: set[str] = set()
    waiting = [alias]
    while waiting:
        for name in graph.common[waiting.pop()]:
            diff = walk.features[name]
            if name not in found and diff.state not in {"same", *DIFFERENT} and not diff.presumed_same:
                found.add(name)
                waiting.append(name)
    return found
