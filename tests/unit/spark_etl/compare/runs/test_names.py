"""How two runs are named: `latest` and `last-success`, paths, and what is refused."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet
from spark_etl.compare import RunDiff, compare_named, compare_with_path, find_runs
from spark_etl.compare.runs import published as of_paths
from spark_etl.compare.runs.outputs import OUTPUT_FILE
from spark_etl.compare.runs.side import Side
from spark_etl.errors import ArgumentError
from spark_etl.reading import Run, Runs
from spark_etl.runner.publish import ownership
from spark_etl.storage import S3Settings
from spark_etl.store import OutputRecord

from tests.unit.spark_etl.compare.runs.conftest import CHAIN, Pipeline, RunSpec

GOOD, BAD = RunSpec({"orders": []}), RunSpec({"orders": []}, failed={"orders": "broke"})
RUNS = {
    # hour of the day: what ended so, of which team and pipeline
    "10": (GOOD, "team", "revenue"),
    "11": (GOOD, "team", "revenue"),
    "12": (BAD, "team", "revenue"),
    "13": (GOOD, "team", "billing"),
    "14": (GOOD, "other", "revenue"),
    "15": (BAD, "team", "revenue"),
    "16": (RunSpec({"orders": []}, document={"kind": "adopted"}), "team", "revenue"),
}


def called(hour: str) -> str:
    return f"20240229T{hour}0000Z-0000{hour}"


@pytest.fixture(scope="module")
def some(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    pipeline = Pipeline(tmp_path_factory.mktemp("runs"))
    for hour, (spec, team, name) in RUNS.items():
        pipeline.run(spec, called(hour), team=team, pipeline=name)
    return Runs(pipeline.scratch)


@pytest.mark.parametrize(
    ("a", "b", "found"),
    [
        (called("10"), called("11"), ("10", "11")),
        ("000010", called("11"), ("10", "11")),
        (called("10"), "latest", ("10", "15")),
        (called("15"), "latest", ("15", "12")),
        ("latest", called("10"), ("15", "10")),
        ("last-success", called("15"), ("11", "15")),
        ("last-success", called("11"), ("10", "11")),
        (called("16"), "last-success", ("16", "11")),
        ("last-success", "latest", ("11", "15")),
        ("latest", "last-success", ("15", "11")),
    ],
)
def test_two_names_are_two_runs(some: Runs, a: str, b: str, found: tuple[str, str]) -> None:
    assert [run.id for run in find_runs(some, a, b)] == [called(hour) for hour in found]


def test_a_path_names_a_run_and_latest_is_of_its_place(some: Runs) -> None:
    path = some[called("10")].path.removeprefix("file://")
    assert [run.id for run in find_runs(Runs(some.scratch), path, "latest")] == [called("10"), called("15")]


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        (called("10"), "20200101", "'20200101': no such run below .*The newest: "),
        ("latest", "latest", "A and B are the same run, `latest`"),
        (called("10"), called("10"), "A and B are the same run, 20240229T100000Z-000010"),
        (called("13"), "latest", "`latest`: beside run .*, no run of team/billing is there"),
        (
            called("14"),
            "last-success",
            "`last-success`: beside run .*, no run of other/revenue has succeeded",
        ),
        (called("10"), 7, "a int is no run"),
    ],
)
def test_other_names_are_refused(some: Runs, a: Any, b: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=message) as caught:
        find_runs(some, a, b)
    assert caught.value.hint
    assert caught.value.exit_code == 2


def test_a_damaged_run_and_runs_without_a_common_feature_are_refused(pipeline: Pipeline) -> None:
    a, b = pipeline.run(RunSpec(CHAIN)), pipeline.run(RunSpec({"users": []}), pipeline="other")
    runs = Runs(pipeline.scratch)
    with pytest.raises(ArgumentError, match=r"have no feature in common. A has net, orders, report; B has users"):
        compare_named(runs, a, b)
    Path(f"{b.path.removeprefix('file://')}/run.json").write_text("{")
    with pytest.raises(ArgumentError, match=f"B, run {b.id}, is damaged"):
        compare_named(runs, a.id, b.id)


def test_two_pipelines_and_a_run_that_goes_on_are_said(pipeline: Pipeline) -> None:
    a = pipeline.run(RunSpec(CHAIN))
    b = pipeline.run(RunSpec(CHAIN, document={"status": "running"}), pipeline="other")
    diff = compare_named(Runs(pipeline.scratch), a, b)
    assert diff.notes == (
        "B still runs: what it has not kept yet is not compared",
        "A and B are of two pipelines, team/revenue and team/other: features are compared by their names",
    )
    assert (diff.about_a, diff.about_b) == (
        "team/revenue for 2024-02-29: succeeded",
        "team/other for 2024-02-29: running",
    )


@pytest.fixture
def published(pipeline: Pipeline) -> Path:
    folder = pipeline.folder / "published" / "report"
    folder.mkdir(parents=True)
    parquet.write_table(pa.table({"id_0": [1, 2, 3]}), folder / "part-0.parquet")
    (folder / "_output-1.json").write_text("{}")
    return folder


def test_a_published_path_is_compared_with_the_feature_that_was_published_to_it(
    pipeline: Pipeline, published: Path
) -> None:
    run = pipeline.run(RunSpec(CHAIN))
    diff = compare_named(Runs(pipeline.scratch), run.id, str(published))
    assert (diff.answer, list(diff.features), diff.b) == ("same", ["report"], f"file://{published}")
    before = sorted(pipeline.folder.rglob("*"))
    parquet.write_table(pa.table({"id_0": [1, 2, 4]}), published / "part-0.parquet")
    diff = compare_named(Runs(pipeline.scratch), str(published), run)
    assert (diff.answer, diff.a, diff.first) == ("different", f"file://{published}", ())
    assert [bracket.different for bracket in diff.brackets] == ["report"]
    assert sorted(pipeline.folder.rglob("*")) == before


def test_a_published_path_is_reached_as_the_run_is(
    pipeline: Pipeline, published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stack's store is known by the run's settings alone: the environment of the command has no credentials."""
    compared: list[Side] = []
    monkeypatch.setattr(of_paths, "compare_sides", lambda sides, *_, **__: compared.extend(sides) or RunDiff("", ""))
    run, settings = pipeline.run(RunSpec(CHAIN)), S3Settings(access_key="runner")
    compare_with_path(Run(replace(run.stored, settings=settings), run.document), str(published))
    assert [side.run.stored.settings for side in compared] == [settings, settings]


def test_rows_that_were_published_and_not_kept_are_read_where_they_lie(pipeline: Pipeline, published: Path) -> None:
    outputs = [OutputRecord("report", str(published), state="succeeded")]
    a = pipeline.run(RunSpec(CHAIN, lost=["report"], document={"outputs": outputs}))
    b = pipeline.run(RunSpec(CHAIN))
    size = (published / "part-0.parquet").stat().st_size
    (published / f"{OUTPUT_FILE}-{a.id}.json").write_text(
        json.dumps({"files": {"part-0.parquet": size, "_SUCCESS": 0}})
    )
    found = a.diff(b).features["report"]
    assert (found.state, found.notes) == (
        "same",
        (f"rows of A were read where they are published, file://{published}",),
    )
    parquet.write_table(pa.table({"id_0": [1, 2, 3, 4]}), published / "part-1.parquet")  # of another run
    found = a.diff(b).features["report"]
    assert (found.state, found.reason) == ("can't be compared", "not kept in A")
    assert OUTPUT_FILE == ownership.OUTPUT_FILE


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (lambda folder: (folder / "part-0.parquet").unlink(), "can't be compared: no Parquet file in"),
        (
            lambda folder: (folder / "x.csv").write_text("a"),
            "has other files than Parquet: x.csv",
        ),
        (lambda folder: folder.rename(folder.parent / "moved"), "can't be compared: no Parquet file in"),
    ],
)
def test_a_path_without_one_frame_is_refused(pipeline: Pipeline, published: Path, prepare: Any, message: str) -> None:
    prepare(published)
    with pytest.raises(ArgumentError, match=message):
        compare_with_path(pipeline.run(RunSpec(CHAIN)), str(published))


def test_a_path_that_the_run_has_not_published_to_needs_a_feature(pipeline: Pipeline, published: Path) -> None:
    run = pipeline.run(RunSpec(CHAIN))
    elsewhere = published.rename(published.parent / "elsewhere")
    with pytest.raises(ArgumentError, match=r"has not published to it. It publishes: `report` to "):
        compare_with_path(run, str(elsewhere))
    assert compare_with_path(run, str(elsewhere), "net").answer == "same"
    with pytest.raises(ArgumentError, match=r"has no feature `nett`. Did you mean `net`"):
        compare_with_path(run, str(elsewhere), "nett")


def test_what_people_try(pipeline: Pipeline) -> None:
    a, b = pipeline.run(RunSpec(CHAIN)), pipeline.run(RunSpec(CHAIN, other=["net"]))
    runs = Runs(pipeline.scratch)
    for diff in (
        runs.diff(a, b),
        runs.compare(a.id, b.id),
        a.diff(b),
        a.compare(b.id),
        a.compare(b.path),
        runs[a.id].diff(b),
    ):
        assert (diff.first, diff.a, diff.b) == (("net",), a.id, b.id)
    assert runs.diff(a, b, feature="orders").same
    assert a["net"].diff(b["net"]).same is a["net"].compare(b["net"]).same is False
    assert a["orders"].diff(b["report"]).same


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda a, b: a.diff(b["net"]), "a run can't be compared with a checkpoint, `net`"),
        (lambda a, b: a["net"].diff(b), "a checkpoint can't be compared with a whole run"),
        (lambda a, b: a["net"].diff("net"), "a checkpoint can't be compared with a str"),
        (lambda a, b: a.diff(None), "a NoneType is no run"),
        (lambda a, b: a.diff("nothing/like/it"), "'nothing/like/it': no such run"),
        (lambda a, b: a.diff(a), "A and B are the same run"),
        (lambda a, b: a.diff(b, keys="idd"), "no feature has the columns `idd` in both runs"),
    ],
)
def test_what_can_not_be_compared_is_refused_with_what_can(pipeline: Pipeline, call: Any, message: str) -> None:
    a, b = pipeline.run(RunSpec(CHAIN)), pipeline.run(RunSpec(CHAIN))
    with pytest.raises(ArgumentError, match=message) as caught:
        call(a, b)
    assert caught.value.hint


def test_rows_are_computed_by_what_replays(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    known: dict[str, Any] = {"lost": ["net"], "deterministic": {"net": False}}
    a, b = (pipeline.run(RunSpec(CHAIN, **known, other=other)) for other in ([], ["report"]))
    whole = pipeline.run(RunSpec(CHAIN))

    def compute_missing(run: Run, features: list[str]) -> dict[str, Any]:
        return {alias: whole[alias] for alias in features}

    monkeypatch.setitem(sys.modules, "spark_etl.debugging.computed", SimpleNamespace(compute_missing=compute_missing))
    assert [each.different for each in a.diff(b).brackets] == ["report"]
    diff = a.diff(b, compute=True)
    assert (diff.first, diff.features["net"].computed) == (("report",), ("A", "B"))
