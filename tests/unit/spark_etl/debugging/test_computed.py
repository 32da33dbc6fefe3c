"""Features of which a run has no rows: what is refused, and what is made of the process that computes them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from spark_etl.debugging import computed
from spark_etl.debugging.computed import compute_missing
from spark_etl.errors import ArgumentError, RunFailedError, SparkEtlError
from spark_etl.reading import Run, Runs
from spark_etl.store import CodeRecord

from tests.unit.spark_etl.debugging.test_refusals import edit
from tests.unit.spark_etl.reading.conftest import MakeRun, make_run

__all__ = ["make_run"]
ID, REPLAY = "20240229T101112Z-7f3a2c", "20240301T101112Z-aaaaaa"
CODE = vars(CodeRecord("a" * 64, 1, 10)) | {"more": {}}


class Process:
    """Stands for the process that computes."""

    def __init__(self) -> None:
        self.given: list[object] = []
        self.out, self.exit_code, self.error = "", 0, ""

    def run(self, *given: object) -> tuple[str, int, str]:
        self.given = [*given]
        return self.out, self.exit_code, self.error


@pytest.fixture
def process(monkeypatch: pytest.MonkeyPatch) -> Process:
    found = Process()
    monkeypatch.setattr(computed, "run_replay", found.run)
    monkeypatch.delenv("SANDBOX_SCRATCH", raising=False)
    return found


@pytest.fixture
def run(make_run: MakeRun, scratch: Path) -> Run:
    make_run(REPLAY)
    edit(make_run(ID, kept=False).document_path, code=CODE)
    return Runs(str(scratch))[ID]


def test_all_of_them_are_one_replay(run: Run, process: Process) -> None:
    summary = {"path": run.path.replace(ID, REPLAY), "notes": ["a\nb"]}
    process.out = f"printed\n{json.dumps(summary)}\n"
    found = compute_missing(run, ["orders", "orders"])
    assert process.given == [run.path, "orders", {"--compute": "orders", "--exact": True}]
    assert (found["orders"].rows, found.run and found.run.id, found.failure) == (5, REPLAY, "")
    assert found.notes == ("a\\nb",)
    assert compute_missing(run, []) == {}


def test_what_was_computed_before_another_one_failed_is_there(run: Run, process: Process) -> None:
    process.out = json.dumps({"path": run.path.replace(ID, REPLAY), "error": "feature `late` failed: no\nline"})
    process.exit_code = 5
    found = compute_missing(run, ["orders", "late"])
    assert list(found) == ["orders"]
    assert found.failure == f"`late` can't be computed by the code of run {ID}: feature `late` failed: no line"


@pytest.mark.parametrize(
    ("out", "exit_code", "error", "kind", "why"),
    [
        ('{"error": "raw.parquet (gone)"}', 2, "", ArgumentError, "raw.parquet"),
        ("no JSON", 5, "no memory", RunFailedError, "no memory"),
        ("[]", -9, "", RunFailedError, "exit code -9"),
        ("", 130, "", RunFailedError, "interrupted"),
    ],
)
def test_where_none_could_be_computed_it_says_why(
    run: Run, process: Process, out: str, exit_code: int, error: str, kind: type[SparkEtlError], why: str
) -> None:
    process.out, process.exit_code, process.error = out, exit_code, error
    with pytest.raises(kind, match=f"`net` can't be computed by the code of run {ID}: .*{why}") as raised:
        compute_missing(run, ["net"])
    assert raised.value.hint == "run the pipeline again with --checkpoint net"


@pytest.mark.parametrize(
    ("known", "feature", "why", "hint"),
    [
        ({}, "nett", "Did you mean `net`", None),
        ({"code": None}, "net", "of an earlier version", "--checkpoint net"),
        ({"kind": "adopted"}, "net", "another program", "runs adopt"),
        ({"status": "running"}, "net", "still running", "runs attach"),
        ({"kind": "imported"}, "net", "did not write", "trust"),
    ],
)
def test_what_can_not_be_computed_is_refused_before_anything_is_started(
    run: Run, process: Process, known: Mapping[str, Any], feature: str, why: str, hint: str | None
) -> None:
    edit(run.stored.document_path, **known)
    with pytest.raises(SparkEtlError, match=why) as refused:
        compute_missing(run.reload(), [feature])
    assert refused.value.exit_code == 2
    assert hint is None or hint in str(refused.value.hint)
    assert not process.given
