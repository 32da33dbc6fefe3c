"""`--resume`: what is reused, what is not, and why."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet
from spark_etl.errors import ArgumentError
from spark_etl.runner.inputs import ResolvedInputs
from spark_etl.runner.plan import Plan
from spark_etl.runner.resume.decide import ReuseDecision, decide
from spark_etl.storage import normalise, relative_to, storage_for
from spark_etl.store import DataFile, Manifest, StoredRun, now
from spark_etl.store.layout import new_run_id

from tests.support.runs import run_writer
from tests.unit.spark_etl.conftest import ProjectFolder
from tests.unit.spark_etl.runner.conftest import Line

CHAIN = {"orders": (), "clean": ("orders",), "net": ("clean",), "report": ("net",)}
FAN = {"noise": (), "left": ("noise",), "right": ("noise",)}


class Bench:
    """A project, an earlier run of it whose checkpoints are there, and the plan of a run that resumes it."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.folder = line.project
        self.published = line.scratch.parent / "raw"

    def shape(self, graph: dict[str, tuple[str, ...]]) -> None:
        """Writes a project of that graph; features without upstream read a snapshot."""
        features = {}
        for name, upstreams in graph.items():
            source = {} if upstreams else {"raw": f"S3PublishedSource({str(self.published)!r}, {name!r})"}
            self.folder.write(f"helper_{name}", "FACTOR = 1\n")
            features[name] = self.folder.feature(name, *upstreams, **source)
            self._use_helper(name)
            if not upstreams:
                self.publish(name, [1, 2, 3])
        self.folder.configure(features)

    def _use_helper(self, name: str) -> None:
        file = self.folder.folder / self.folder.package / f"{name}.py"
        file.write_text(f"from {self.folder.package} import helper_{name}\n" + file.read_text())

    def publish(self, name: str, values: list[int]) -> None:
        """Publishes the snapshot that a feature reads."""
        folder = self.published / name / "_dt=2024-02-29"
        folder.mkdir(parents=True, exist_ok=True)
        parquet.write_table(pa.table({"x": values}), folder / "part-0.parquet")

    def edit(self, name: str, before: str, after: str) -> None:
        """Changes a module of the project."""
        file = self.folder.folder / self.folder.package / f"{name}.py"
        assert before in file.read_text()
        file.write_text(file.read_text().replace(before, after))

    def ran(self, *kept: str, random: tuple[str, ...] = ()) -> str:
        """Leaves behind what a run that kept those features leaves, and returns its id."""
        plan = self.line.plan("--checkpoint", *kept)
        inputs = ResolvedInputs(plan.graph, plan.order, plan.options.dates)
        paths = StoredRun.at(plan.options.scratch, "team", plan.pipeline, new_run_id())
        _, keys = decide(plan, inputs)
        head = {"start_date": "2024-02-29", "end_date": "2024-02-29"}
        record = run_writer(paths, head, {alias: {"checkpoint": alias in kept} for alias in plan.order})
        for alias in plan.order:
            record.feature_started(alias)
            record.feature_ended(alias, "succeeded", deterministic=alias not in random)
            if alias in kept:
                manifest = self._keep(paths, alias, keys[alias].to_dict())
                record.feature_ended(alias, "succeeded", rows=manifest.rows, bytes=manifest.bytes)
        record.end("succeeded")
        return paths.run_id

    def _keep(self, paths: StoredRun, alias: str, cache_key: dict[str, object]) -> Manifest:
        folder = Path(paths.checkpoint_path(alias).removeprefix("file://"))
        folder.mkdir(parents=True)
        parquet.write_table(pa.table({"x": [1]}), folder / "part-0.parquet")
        (item,) = storage_for(paths.root).walk(paths.checkpoint_path(alias))
        file = DataFile(relative_to(item.path, paths.checkpoint_path(alias)), 1, item.size, item.etag)
        code = {"class": "x", "fingerprint": "f", "modules": {}}
        manifest = Manifest(alias, paths.run_id, {"x": "bigint"}, {}, 1, item.size, [file], code, {}, now(), cache_key)
        paths.write_manifest(alias, manifest)
        return manifest

    def manifest(self, run_id: str, alias: str) -> Path:
        """Returns where the manifest of a checkpoint lies."""
        return next(self.line.scratch.rglob(f"{run_id}/{alias}/_manifest.json"))

    def resume(self, run_id: str, *more: str) -> tuple[Plan, dict[str, ReuseDecision]]:
        """Returns what a run that resumes the earlier one would do."""
        plan = self.line.plan("--resume", run_id, *more)
        return plan, decide(plan, ResolvedInputs(plan.graph, plan.order, plan.options.dates))[0]


@pytest.fixture
def bench(line: Line) -> Bench:
    return Bench(line)


@pytest.fixture
def chain(bench: Bench) -> Bench:
    bench.shape(CHAIN)
    return bench


def actions(decisions: dict[str, ReuseDecision]) -> str:
    return " ".join(decision.action for decision in decisions.values())


def test_what_still_holds_is_reused_and_what_it_was_made_of_is_not_needed(chain: Bench) -> None:
    run_id = chain.ran("clean", "net")
    _, decisions = chain.resume(run_id, "--checkpoint", "report")
    assert actions(decisions) == "skip skip reuse run"
    assert decisions["net"].reason == f"as in run {run_id}"
    assert decisions["net"].folder == normalise(str(chain.manifest(run_id, "net").parent))
    assert decisions["orders"].reason == "what reads it is reused"


def test_without_a_run_to_resume_everything_is_computed(chain: Bench) -> None:
    chain.ran("clean", "net")
    plan = chain.line.plan("--checkpoint", "report")
    decisions, _ = decide(plan, ResolvedInputs(plan.graph, plan.order, plan.options.dates))
    assert actions(decisions) == "run run run run"
    assert decisions["report"].reason == "kept by --checkpoint"
    assert decisions["net"].reason == "`report` reads it"


def touch_comment(chain: Bench) -> None:
    chain.edit("clean", "class Feature", "# a remark\n\nclass Feature")


def edit_helper(chain: Bench) -> None:
    chain.edit("helper_clean", "FACTOR = 1", "FACTOR = 2")


def edit_class(chain: Bench) -> None:
    chain.edit("net", "return None", "return 1")


def edit_late(chain: Bench) -> None:
    chain.edit("report", "return None", "return 1")


def other_data(chain: Bench) -> None:
    chain.publish("orders", [4, 5, 6, 7])


@pytest.mark.parametrize(
    ("change", "expected", "culprit", "reason"),
    [
        (touch_comment, "skip skip reuse run", "net", "as in run"),
        (edit_late, "skip skip reuse run", "net", "as in run"),
        (edit_class, "skip reuse run run", "net", r"its code has changed: `\w+\.net`"),
        (edit_helper, "run run run run", "clean", r"its code has changed: `\w+\.helper_clean`"),
        (edit_helper, "run run run run", "net", "it reads `clean`, which has changed"),
        (other_data, "run run run run", "clean", "it reads `orders`, which has changed"),
    ],
)
def test_only_what_changes_rows_invalidates(
    chain: Bench, change: Callable[[Bench], None], expected: str, culprit: str, reason: str
) -> None:
    run_id = chain.ran("clean", "net")
    change(chain)
    _, decisions = chain.resume(run_id, "--checkpoint", "report")
    assert actions(decisions) == expected
    assert re.search(reason, decisions[culprit].reason)


def test_other_data_is_named_by_its_source(chain: Bench) -> None:
    run_id = chain.ran("orders", "net")
    other_data(chain)
    _, decisions = chain.resume(run_id, "--checkpoint", "report")
    assert decisions["orders"].reason == "other data in source `raw`"


def test_other_dates_are_reported(chain: Bench) -> None:
    run_id = chain.ran("clean")
    day = chain.published / "orders" / "_dt=2024-03-01"
    (chain.published / "orders" / "_dt=2024-02-29").rename(day)
    argv = ["--checkpoint", "net", "--start-date", "2024-03-01", "--end-date", "2024-03-01"]
    _, decisions = chain.resume(run_id, *argv)
    assert actions(decisions) == "run run run"
    assert decisions["clean"].reason == "it was made for 2024-02-29"


@pytest.mark.parametrize("content", [None, b"other"])
def test_a_checkpoint_whose_files_are_not_those_of_its_manifest_is_not_reused(
    chain: Bench, content: bytes | None
) -> None:
    run_id = chain.ran("net")
    part = chain.manifest(run_id, "net").parent / "part-0.parquet"
    part.unlink() if content is None else part.write_bytes(content)
    _, decisions = chain.resume(run_id, "--checkpoint", "report")
    assert decisions["net"].action == "run"
    assert "are not those of its manifest" in decisions["net"].reason


def test_a_frame_without_a_manifest_is_not_reused(chain: Bench) -> None:
    run_id = chain.ran("net")
    chain.manifest(run_id, "net").unlink()
    _, decisions = chain.resume(run_id, "--checkpoint", "report")
    assert decisions["net"].reason == f"run {run_id} kept no checkpoint of it"


def test_a_checkpoint_that_was_kept_after_a_failure_is_not_reused(chain: Bench) -> None:
    run_id = chain.ran("net")
    file = chain.manifest(run_id, "net")
    file.write_text(json.dumps({**json.loads(file.read_text()), "identity": {}, "after_failure": True}))
    _, decisions = chain.resume(run_id, "--checkpoint", "report")
    assert decisions["net"].action == "run"
    assert "after a failure" in decisions["net"].reason


def test_a_checkpoint_from_before_identities_is_not_reused(chain: Bench) -> None:
    run_id = chain.ran("net")
    file = chain.manifest(run_id, "net")
    file.write_text(json.dumps({**json.loads(file.read_text()), "identity": {}}))
    _, decisions = chain.resume(run_id, "--checkpoint", "report")
    assert "could not resume" in decisions["net"].reason


@pytest.mark.parametrize(
    ("random", "expected"),
    [((), "run reuse run"), (("noise",), "run run run")],
)
def test_what_is_reused_and_what_is_computed_beside_it_have_read_the_same(
    bench: Bench, random: tuple[str, ...], expected: str
) -> None:
    bench.shape(FAN)
    run_id = bench.ran("left", random=random)
    _, decisions = bench.resume(run_id, "--checkpoint", "left", "right")
    assert actions(decisions) == expected
    if random:
        assert decisions["left"].reason.startswith(
            "it reads `noise`, which is computed again and may give other values"
        )


def test_a_kept_upstream_makes_them_read_the_same(bench: Bench) -> None:
    bench.shape(FAN)
    run_id = bench.ran("noise", "left", random=("noise",))
    _, decisions = bench.resume(run_id, "--checkpoint", "left", "right")
    assert actions(decisions) == "reuse reuse run"


def test_a_run_that_was_resumed_is_resumed_again_from_where_its_checkpoints_lie(chain: Bench) -> None:
    first = chain.ran("net")
    plan, decisions = chain.resume(first, "--checkpoint", "net")
    paths = StoredRun.at(plan.options.scratch, "team", plan.pipeline, new_run_id())
    head = {"start_date": "2024-02-29", "end_date": "2024-02-29"}
    record = run_writer(paths, head, {alias: {} for alias in plan.order})
    record.reused("net", "as before", root=decisions["net"].folder.rpartition("/")[0], rows=1, size=1)
    record.end("succeeded")
    _, again = chain.resume(paths.run_id, "--checkpoint", "report")
    assert again["net"].action == "reuse"
    assert again["net"].folder == decisions["net"].folder


def test_a_checkpoint_of_before_its_cache_key_had_that_name_is_reused(chain: Bench) -> None:
    run_id = chain.ran("net")
    file = chain.manifest(run_id, "net")
    document = json.loads(file.read_text())
    document["identity"] = document.pop("cache_key")
    file.write_text(json.dumps(document | {"format": 1}))
    _, decisions = chain.resume(run_id, "--checkpoint", "report")
    assert decisions["net"].action == "reuse"


def test_an_unknown_run_is_refused_before_anything_else(chain: Bench) -> None:
    chain.ran("net")
    with pytest.raises(ArgumentError, match=r"--resume 20200101T000000Z-000000: .*no such run"):
        chain.resume("20200101T000000Z-000000", "--checkpoint", "report")


def test_latest_is_the_latest_run_of_this_team_and_pipeline(chain: Bench) -> None:
    run_id = chain.ran("net")
    plan, _ = chain.resume("latest", "--checkpoint", "report")
    assert plan.previous is not None
    assert plan.previous.id == run_id


def test_two_runs_of_one_project_have_one_cache_key(project_folder: ProjectFolder, line: Line) -> None:
    bench = Bench(line)
    bench.shape(CHAIN)
    run_id = bench.ran("orders", "clean", "net", "report")
    _, decisions = bench.resume(run_id, "--checkpoint", "report")
    assert actions(decisions) == "skip skip skip reuse"
