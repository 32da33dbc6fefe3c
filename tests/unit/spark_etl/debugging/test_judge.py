"""What a verdict rests on, besides rows and failures."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest
from spark_etl.debugging import judge as judging
from spark_etl.debugging.judge import Judge
from spark_etl.debugging.origin import Origin
from spark_etl.debugging.replay_plan import Above
from spark_etl.debugging.verdict import Verdict
from spark_etl.reading import Checkpoint, Runs
from spark_etl.runner.resume.decide import ReuseDecision
from spark_etl.store import ErrorRecord, FeatureInputs, FeatureRecord, RunDocument, RunInputs, StoredRun

from tests.unit.spark_etl.debugging.test_origin import RUN, MakeRun
from tests.unit.spark_etl.reading.conftest import keep

ANOTHER = "20240302T101112Z-cccccc"
ERROR = {"feature": "late", "message": "late broke", "traceback": "", "type": "KeyError"}


class Replay:
    """A replay of a run's feature, computed without Spark: its rows, or its failure."""

    def __init__(self, scratch: Path) -> None:
        self.make = MakeRun(scratch)
        self.stored = StoredRun.at(f"file://{scratch}", "team", "revenue", ANOTHER)
        self.document = RunDocument(ANOTHER, self.stored.root, "team", "revenue", features={"late": FeatureRecord()})
        self.shown: list[str] = []
        self.inputs: RunInputs | None = None

    def __call__(
        self,
        feature: str,
        rows: list[int] | None,
        decisions: dict[str, ReuseDecision] | None = None,
        *,
        is_own_code: bool = True,
    ) -> Verdict:
        """Returns the verdict of rows; of a failure like the run's for None."""
        origin, error = Origin(Runs()[RUN], feature), None
        then = origin.checkpoint(feature)
        above = Above(decisions={feature: ReuseDecision("run", ""), **(decisions or {})})
        inputs: Any = SimpleNamespace(notes=["of a source"])
        judge = Judge(origin, then if isinstance(then, Checkpoint) else None, above, inputs, is_own_code=is_own_code)
        if rows is None:
            error = self.document.error = ErrorRecord("late broke", "", "KeyError", "late")
            self.document.features["late"].error = ErrorRecord("late broke")
        else:
            keep(self.stored, feature, [pa.table({"id": rows, "name": ["x"] * len(rows)})])
            work = SimpleNamespace(run=self.stored, progress=SimpleNamespace(line=self.shown.append))
            execution: Any = SimpleNamespace(work=work, transform=_fails)
            judge.compare(execution)
        run = SimpleNamespace(inputs=lambda: self.inputs)
        outcome: Any = SimpleNamespace(error=error, record=SimpleNamespace(document=self.document, run=run))
        return judge.verdict_of(outcome)


def _fails(alias: str) -> None:
    raise ValueError(f"{alias} may be computed once")


@pytest.fixture
def replay(scratch: Path) -> Replay:
    return Replay(scratch)


def test_rows_that_are_the_same(replay: Replay) -> None:
    replay.make()
    verdict = replay("orders", [1])
    assert (verdict.answer, verdict.rows, verdict.notes) == ("same rows", 1, ["of a source"])


def test_another_version_of_a_library_that_the_code_imports_is_said(replay: Replay) -> None:
    def imported(**versions: str) -> RunInputs:
        return RunInputs({"orders": FeatureInputs({}, {"parts": {"versions": versions}})})

    replay.make().write_inputs(imported(scipy="1.17.0", rates="2"))
    replay.inputs = imported(scipy="1.18.1", rates="2", more="1")
    assert replay("orders", [1]).notes[-1] == "another version: scipy 1.17.0, now 1.18.1"


def test_rows_that_differ_are_known_to_differ_though_the_second_time_fails(replay: Replay) -> None:
    replay.make()
    verdict = replay("orders", [2])
    assert (verdict.answer, verdict.deterministic) == ("other rows", None)
    assert verdict.notes[0] == "computed once more, it failed: ValueError: orders may be computed once"


def test_what_cannot_be_compared_is_no_failure_of_the_feature(replay: Replay, monkeypatch: pytest.MonkeyPatch) -> None:
    replay.make()
    monkeypatch.setattr(judging, "compare_rows", lambda *_: 1 / 0)
    verdict = replay("orders", [2])
    assert (verdict.answer, verdict.exit_code) == ("nothing to compare with", 1)
    assert verdict.notes[0] == "ZeroDivisionError: division by zero"


def test_why_there_is_nothing_to_compare_with(replay: Replay) -> None:
    paths = replay.make()
    (Path(paths.checkpoint_path("orders").removeprefix("file://")) / "part-00000.parquet").write_bytes(b"other")
    verdict = replay("orders", [1])
    assert verdict.answer == "nothing to compare with"
    assert "are gone, or other ones" in verdict.notes[0]


def test_with_the_same_code_something_else_has_changed(replay: Replay) -> None:
    output = {"feature": "late", "path": "s3a://published/late", "state": "failed"}
    config = {"features": {"late": {"class": "a.B", "params": {"x": "${REGION}"}}, "net": {"x": "${UNUSED}"}}}
    replay.make(publish=[output], error=ERROR | {"type": "Py4JJavaError"}, config=config)
    verdict = replay("late", [1])
    assert verdict.answer == "no longer fails"
    assert verdict.notes == [
        "the config takes REGION from the environment, whose values then are not recorded",
        "the code has not changed, so something else made it fail: the environment, or chance",
        "the run had failed as it wrote to s3a://published/late, which a replay does not do",
        "of a source",
    ]


@pytest.mark.parametrize(("kind", "notes"), [("StorageError", 2), ("Py4JJavaError", 1)])
def test_with_other_code_only_what_spark_etl_has_raised_was_the_outputs(replay: Replay, kind: str, notes: int) -> None:
    output = {"feature": "late", "path": "s3a://published/late", "state": "failed"}
    replay.make(publish=[output], error=ERROR | {"type": kind})
    assert len(replay("late", [1], is_own_code=False).notes) == notes


def test_where_no_line_is_known_the_same_way_may_be_another_one(replay: Replay) -> None:
    replay.make(error=ERROR)
    verdict = replay("late", None, is_own_code=False)
    assert verdict.answer == "fails in the same way"
    assert verdict.notes[0].startswith("Spark does not say which line")
    assert replay("late", None).notes == ["of a source"]


def test_what_is_missing_of_the_code_is_named_where_it_fails(replay: Replay) -> None:
    replay.make(code={"sha256": "0" * 64, "left_out": {"keys.py": "looks like a secret"}}, error=ERROR | {"type": "X"})
    verdict = replay("late", None)
    assert verdict.answer == "fails in another way"
    assert verdict.notes[0] == "not kept with the run's code: keys.py (looks like a secret)"


@pytest.mark.parametrize(("deterministic", "said"), [(False, True), (True, False), (None, False)])
@pytest.mark.parametrize("how", ["computed", "kept after the failure", "of another run", "reused", "its own"])
def test_what_is_above_and_gives_other_rows_each_time(
    replay: Replay, deterministic: bool | None, said: bool, how: str
) -> None:
    paths = replay.make()
    content = json.loads(replay.make._file(paths).read_text())
    content["features"]["orders"]["deterministic"] = deterministic
    if how == "reused":
        content["features"]["orders"]["reused_from"] = f"{paths.root}-third"
    replay.make._file(paths).write_text(json.dumps(content))
    manifest: Any = SimpleNamespace(after_failure=how == "kept after the failure")
    folder = {"of another run": "file:///other/orders", "reused": f"{paths.root}-third/orders"}.get(
        how, f"{paths.root}/orders"
    )
    decision = ReuseDecision("run", "") if how == "computed" else ReuseDecision("reuse", "", manifest, folder)
    notes = replay("late", [1], {"orders": decision}, is_own_code=False).notes
    is_said = "`orders`, which it reads, was computed again, and gives other rows each time" in notes
    assert is_said is (said and how not in {"reused", "its own"})


def test_what_differs_between_the_stack_that_it_comes_from_and_this_one_is_said(replay: Replay) -> None:
    imported = {"from": "s3a://scratch/a/b/c", "bundle": "b" * 64, "at": "", "by": "", "kind": "run"}
    then = {"python": "3.11.2", "pyspark": "4.0.1", "pandas": "2.3.3"}
    known = {"versions": then, "spark": {"version": "4.0.1"}, "session": "classic", "requirements": ["polars==1"]}
    replay.make(kind="imported", imported={**imported, "sample": {"fraction": 0.01}}, **known)
    now = {"python": "3.13.5", "pyspark": "4.0.1", "pandas": "3.0.1"}
    replay.document.versions, replay.document.spark, replay.document.session = now, {"version": "4.1.0"}, "local"

    assert [note for note in replay("orders", [1]).notes if note != "of a source"] == [
        "the run came with a part of its rows (fraction 0.01)",
        "another version: Spark 4.0.1, now 4.1.0",
        "another version: pandas 2.3.3, now 3.0.1",
        "another version: python 3.11.2, now 3.13.5",
        "packages of the run that are not here: polars==1",
        "another kind of session: classic, now local",
    ]
