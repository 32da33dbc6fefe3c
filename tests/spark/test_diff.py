"""Two runs of generated pipelines compared: the feature that was changed is named, with its cause, and never another.

`DIFF_CASES=200` tries that many random pipelines instead of a few; `DIFF_SEED` says which.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import pytest
from spark_etl.compare.runs import RunDiff
from spark_etl.compare.runs.compare import compare_runs
from spark_etl.debugging import computed
from spark_etl.reading import Run

from tests.spark.generated import (
    DAYS,
    HARMLESS,
    MUTATIONS,
    Generated,
    Mutation,
    Node,
    Variant,
    all_at_once,
    random_nodes,
)
from tests.spark.support import Pipeline

CASES, SEED = int(os.environ.get("DIFF_CASES", "2")), int(os.environ.get("DIFF_SEED", "0"))
# The first ones are tried each time.
CHANGES = sorted(
    (each for each in [*MUTATIONS, *HARMLESS] if each.kind != "random or clock"),
    key=lambda each: each.kind not in {"setting", "parameter"},
)


@dataclass(frozen=True)
class Pair:
    """A generated pipeline, run twice, and what of it differs."""

    generated: Generated
    a: Run
    b: Run

    def differing(self) -> set[str]:
        """Returns the features that have other rows, found without what is tested."""
        both = [alias for alias in self.a.checkpoints if alias in self.b.checkpoints]
        return {alias for alias in both if rows_of(self.a, alias) != rows_of(self.b, alias)}

    def first(self) -> set[str]:
        """Returns those of them that read none of them."""
        differing = self.differing()
        return {
            node.alias for node in self.generated.nodes if node.alias in differing and not {*node.reads} & differing
        }


def chance(seed: int) -> Random:
    return Random(seed)  # noqa: S311 - the same cases each time


def rows_of(run: Run, alias: str) -> Counter[str]:
    return Counter(repr(sorted(row.items())) for row in run[alias].arrow().to_pylist())


class Project:
    """Writes and runs a generated pipeline in this process."""

    def __init__(self, pipeline: Pipeline, nodes: Iterable[Node]) -> None:
        self._pipeline = pipeline
        libraries = pipeline.folder / "libraries"
        self.generated = Generated(pipeline.project, pipeline.published, libraries, nodes)

    def run(self, variant: Variant, *more: str, keep: Iterable[str] = (), day: str = DAYS[0]) -> Run:
        self.generated.write(variant)
        kept = [*keep] or [node.alias for node in self.generated.nodes]
        ended = self._pipeline.run("--checkpoint", *kept, *more, start=day, end=day)
        assert ended.run is not None, ended.shown
        assert ended.code == 0, ended.shown
        return ended.run

    def pair(self, changed: Iterable[str]) -> Pair:
        a = self.run(Variant())
        return Pair(self.generated, a, self.run(Variant(frozenset(changed))))


@pytest.fixture(autouse=True)
def in_this_process(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    """Computes missing rows in this process, whose JVM is there already."""

    def replayed(run: str, feature: str, options: Mapping[str, object]) -> tuple[str, int, str]:
        words = [str(word) for option in options.items() for word in option if word is not True]
        return pipeline.compute(f"{run.removeprefix('file://')}/{feature}", *words)

    monkeypatch.setattr(computed, "run_replay", replayed)


def assert_named(diff: RunDiff, pair: Pair, expected: Mapping[str, Mutation]) -> None:
    """Fails unless those features are the first to differ, each with its cause and no other."""
    shown = str(diff.to_dict())
    assert pair.first() == {*expected}, "the case itself"
    assert set(diff.first) == {*expected}, shown
    assert diff.answer == "different", shown
    differing = pair.differing()
    for alias, feature in diff.features.items():
        state = "differs" if alias in expected else "differs by its inputs" if alias in differing else "same"
        assert feature.state == state, f"{alias}: {shown}"
    for alias, mutation in expected.items():
        assert_cause(diff, alias, mutation)


def assert_cause(diff: RunDiff, alias: str, mutation: Mutation) -> None:
    causes = diff.features[alias].causes
    kinds = {cause.kind for cause in causes}
    assert kinds == {mutation.kind}, f"{alias}, {mutation.name}: {causes}"
    if "helper" in mutation.parts:
        assert "helpers_of_it" in str(causes[0]), causes
    if "query" in mutation.parts:
        assert f"{alias}.sql" in str(causes[0]), causes
    if mutation.kind == "code":
        assert causes[0].text_diff, causes


def test_each_kind_of_change_is_named_with_its_cause(pipeline: Pipeline) -> None:
    of_one_feature = [each for each in MUTATIONS if each.kind != "setting"]
    project = Project(pipeline, all_at_once([*of_one_feature, *HARMLESS]))
    mutated = {node.alias: node.step for node in project.generated.nodes if node.alias.startswith("m")}
    pair = project.pair(mutated)
    diff = compare_runs(pair.a, pair.b)
    assert_named(diff, pair, {alias: step for alias, step in mutated.items() if not step.is_same})


def test_equal_runs_are_the_same(pipeline: Pipeline) -> None:
    nodes, _ = random_nodes(chance(SEED), HARMLESS[2], 5)
    project = Project(pipeline, nodes)
    a = project.run(Variant())
    others = [
        project.run(Variant()),
        project.run(Variant(), "--resume", a.id),
        project.run(Variant(settings={"spark.sql.shuffle.partitions": "7"})),
    ]
    for b in others:
        diff = compare_runs(a, b)
        assert (diff.answer, diff.first) == ("same", ()), diff.to_dict()
        assert {feature.state for feature in diff.features.values()} == {"same"}


def test_other_days_are_named_at_the_source(pipeline: Pipeline) -> None:
    nodes, _ = random_nodes(chance(SEED), MUTATIONS[0], 4)
    project = Project(pipeline, nodes)
    pair = Pair(project.generated, project.run(Variant()), project.run(Variant(), day=DAYS[1]))
    diff = compare_runs(pair.a, pair.b)
    assert set(diff.first) == pair.first() != set()
    for alias in diff.first:
        assert {cause.kind for cause in diff.features[alias].causes} <= {"dates", "source data"}
        assert diff.features[alias].causes[0].kind == "dates"


@pytest.mark.parametrize("number", range(CASES))
def test_random_pipelines(pipeline: Pipeline, number: int) -> None:
    dice = chance(SEED * 1_000_003 + number)
    mutation = CHANGES[number % len(CHANGES)]
    nodes, changed = random_nodes(dice, mutation, dice.randint(4, 8))
    project = Project(pipeline, nodes)
    pair = project.pair([changed])
    diff = compare_runs(pair.a, pair.b)
    if not pair.differing():
        assert (diff.answer, diff.first) == ("same", ()), diff.to_dict()
        return
    assert_named(diff, pair, {changed: mutation})
    check_with_rows_missing(project, dice, changed, mutation, pair)


def check_with_rows_missing(project: Project, dice: Random, changed: str, mutation: Mutation, pair: Pair) -> None:
    """Keeps only some of the features: the changed one is in a bracket, and with rows computed it is named."""
    nodes = project.generated.nodes
    ends = {node.alias for node in nodes if not project.generated.downstream(node.alias)}
    keep = ends | {node.alias for node in nodes if dice.random() < 0.3} - {changed}
    a = project.run(Variant(), keep=sorted(keep))
    b = project.run(Variant(frozenset([changed])), keep=sorted(keep))
    diff = compare_runs(a, b)
    if not pair.differing() & keep:
        assert diff.answer != "different", diff.to_dict()
        return
    if changed in keep:
        assert changed in diff.first or changed in {each.different for each in diff.brackets}, diff.to_dict()
    else:
        assert any(changed in each.between for each in diff.brackets), diff.to_dict()
        assert not diff.first, diff.to_dict()
    found = compare_runs(a, b, compute=computed.compute_missing)
    if mutation.kind in {"source data", "version"} and changed not in keep:  # what A had of it is gone
        assert not found.first, found.to_dict()
        assert any(changed in each.between for each in found.brackets), found.to_dict()
        assert any(f"`{changed}`" in note and "can't be computed" in note for note in found.notes), found.notes
        return
    assert set(found.first) == {changed}, found.to_dict()
    assert_cause(found, changed, mutation)


def test_random_rows_that_are_gone_are_not_computed_anew(pipeline: Pipeline) -> None:
    random_rows = next(each for each in MUTATIONS if each.name == "random")
    ids = replace(MUTATIONS[4], body="return {a}.withColumn('amount', F.lit(1))", changed=MUTATIONS[4].changed)
    nodes = [Node("s0", (), random_rows), Node("f1", ("s0",), random_rows), Node("f2", ("f1",), ids)]
    project = Project(pipeline, nodes)
    a, b = (project.run(Variant(frozenset(changed)), keep=["s0", "f2"]) for changed in ([], ["f2"]))
    diff = compare_runs(a, b, compute=computed.compute_missing)
    assert diff.first == (), "which of the two it is, nobody knows"
    assert [(each.different, each.between) for each in diff.brackets] == [("f2", ("f1",))]
    assert any("it gives other rows each time" in note for note in diff.notes), diff.notes


def test_a_source_that_has_changed_is_named_and_the_rest_computed(pipeline: Pipeline, tmp_path: Path) -> None:
    source = next(each for each in MUTATIONS if each.kind == "source data")
    nodes = [Node("s0", (), MUTATIONS[0]), Node("f1", ("s0",), source), Node("f2", ("s0",), MUTATIONS[0])]
    project = Project(pipeline, [*nodes, Node("end", ("f1", "f2"), MUTATIONS[4])])
    run = project.run(Variant(), keep=["end"])
    project.generated.write(Variant(frozenset(["f1"])))
    found = computed.compute_missing(run, ["s0", "f1", "f2"])
    assert sorted(found) == ["f2", "s0"]
    assert "`f1` can't be computed" in found.failure
    assert "source `prices` of `f1`" in found.failure
    assert found.run is not None
    assert found.run.kind == "replay"
