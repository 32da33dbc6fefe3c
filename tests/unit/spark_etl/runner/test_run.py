"""A run takes what its features read, and which of them are computed, from its caller: a replay gives others."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from spark_etl.code.archive import read_archive
from spark_etl.errors import StorageError
from spark_etl.runner import run
from spark_etl.runner.inputs import ResolvedInputs
from spark_etl.runner.plan import Plan
from spark_etl.runner.report.progress import Progress
from spark_etl.runner.resume.cache_key import CacheKey
from spark_etl.runner.resume.decide import ReuseDecision
from spark_etl.store import StoredRun

from tests.unit.spark_etl.runner.conftest import Line


@pytest.fixture
def no_spark(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "_started", lambda *_: pytest.fail("Spark was started"))
    line.project.configure(line.features)  # publishes nothing


@pytest.fixture
def plan(line: Line, no_spark: None) -> Plan:
    del no_spark
    return line.plan("--checkpoint", "orders")


def skip_all(plan: Plan, inputs: ResolvedInputs) -> tuple[dict[str, ReuseDecision], dict[str, CacheKey]]:
    del inputs
    keys = {alias: CacheKey(f"key of {alias}", {"seen": "before"}) for alias in plan.order}
    return {alias: ReuseDecision("skip", "nothing to do") for alias in plan.order}, keys


def test_what_is_computed_is_the_callers_to_decide(plan: Plan) -> None:
    outcome = run.run_plan(plan, Progress(plan.order, io.StringIO()), reuse=skip_all)
    assert outcome.status == "succeeded"
    assert {feature.reason for feature in outcome.record.document.features.values()} == {"nothing to do"}
    inputs = outcome.run.inputs()
    assert inputs
    assert {known.cache_key["hash"] for known in inputs.features.values()} == {f"key of {one}" for one in plan.order}


def test_what_features_read_is_the_callers_to_find(plan: Plan) -> None:
    def refuse(plan: Plan) -> ResolvedInputs:
        raise LookupError(f"no inputs of {plan.pipeline}")

    outcome = run.run_plan(plan, Progress(plan.order, io.StringIO()), resolve=refuse)
    assert outcome.status == "failed"
    assert outcome.record.document.error
    assert f"no inputs of {plan.pipeline}" in str(outcome.record.document.error.message)


def test_what_a_run_was_asked_for_is_recorded(plan: Plan) -> None:
    outcome = run.run_plan(plan, Progress(plan.order, io.StringIO()), reuse=skip_all)
    document = outcome.run.document()
    assert document
    assert (document.kind, document.session, document.format) == ("run", "classic", 2)
    assert document.options
    assert (document.options["checkpoints"], document.options["start_date"]) == (["orders"], "2024-02-29")
    assert document.user
    outcome.record.store_log()
    assert f"run {outcome.run.run_id} of team/" in outcome.run.log()


def run_it(plan: Plan) -> tuple[run.Outcome, str]:
    """Returns how the run ended, and what it said."""
    said = io.StringIO()
    outcome = run.run_plan(plan, Progress(plan.order, said), reuse=skip_all)
    return outcome, said.getvalue()


@pytest.mark.usefixtures("no_spark")
def test_a_run_keeps_the_code_that_its_driver_sees(line: Line) -> None:
    (line.project.folder / "login.py").write_text('password = "hunter2"')
    (line.project.folder / "login.yaml").write_text("password: hunter2")
    outcome, said = run_it(line.plan("--checkpoint", "orders"))
    document = outcome.run.document()
    assert document
    assert document.code
    assert document.code.sha256
    files = read_archive(outcome.run.code_archive(document.code.sha256), "it")
    names = {path.relative_to(line.project.folder).as_posix() for path in line.project.folder.rglob("*.py")}
    assert set(files) == {*names, "feature_config.yaml"} - {"login.py"}
    assert (document.code.files, document.code.bytes) == (len(files), sum(map(len, files.values())))
    assert "not kept with the run's code: login.py (looks like a secret: a text for a password in line 1)" in said
    assert "login.yaml" in document.code.left_out
    assert "login.yaml" not in said, "no run of the code would import it"
    assert "hunter2" not in said + str(document.to_json())


def test_a_run_that_fails_before_it_does_anything_has_its_code(plan: Plan) -> None:
    def refuse(_: Plan) -> ResolvedInputs:
        raise LookupError("no inputs")

    outcome = run.run_plan(plan, Progress(plan.order, io.StringIO()), resolve=refuse)
    document = outcome.run.document()
    assert outcome.status == "failed"
    assert document
    assert document.code
    assert outcome.run.code_archive(document.code.sha256 or "")


def test_the_same_code_is_stored_once(line: Line, plan: Plan) -> None:
    first, _ = run_it(plan)
    archive = next(line.scratch.rglob("_code/*.zip"))
    before = archive.stat()
    second, _ = run_it(line.plan("--checkpoint", "orders"))
    assert archive.stat().st_mtime_ns == before.st_mtime_ns
    assert (first.record.document.code, first.run) != (None, second.run)
    assert first.record.document.code == second.record.document.code
    archive.write_bytes(archive.read_bytes()[:100])
    run_it(line.plan("--checkpoint", "orders"))
    assert archive.stat().st_size == before.st_size, "half an archive is none"


@pytest.mark.usefixtures("no_spark")
@pytest.mark.parametrize("more", [["--no-keep-code"], []])
def test_a_run_that_keeps_no_code_says_why(line: Line, more: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise StorageError("s3a://scratch refused ada")

    monkeypatch.setattr(StoredRun, "write_code", refuse)
    outcome, said = run_it(line.plan("--checkpoint", "orders", *more))
    document = outcome.run.document()
    assert outcome.status == "succeeded"
    assert document
    assert document.code
    assert document.code.sha256 is None
    assert document.code.reason == ("--no-keep-code was given" if more else "s3a://scratch refused ada")
    assert ("the run's code is not kept: s3a://scratch refused ada" in said) is not more
    assert not list(Path(line.scratch).rglob("_code"))


def test_executors_get_the_files_that_were_kept(line: Line, plan: Plan) -> None:
    module = line.project.folder / line.project.package / "orders.py"
    before = module.read_bytes()
    assert before in plan.project.code_archive().content
    module.write_text("x = 1\n")
    with zipfile.ZipFile(io.BytesIO(plan.project.archive())) as sent:
        assert sent.read(f"{line.project.package}/orders.py") == before
