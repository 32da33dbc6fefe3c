"""`sandbox diff --compute`: what the driver is given, and what is made of its end."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from spark_etl.errors import ArgumentError, RunFailedError, SparkEtlError
from spark_etl.reading import Run, Runs
from spark_etl.store import RunDocument, StoredRun

from sandbox_cli.console import Console
from sandbox_cli.errors import UsageError
from sandbox_cli.stack.pipelines import computed
from tests.unit.spark_etl.reading.conftest import MakeRun, make_run

__all__ = ["make_run"]
ID, REPLAY = "20240229T101112Z-7f3a2c", "20240301T101112Z-aaaaaa"
SESSION: Any = SimpleNamespace(runs=SimpleNamespace(scratch="s3a://scratch/"))


class Driver:
    """Stands for the driver on the stack."""

    def __init__(self) -> None:
        self.exit_code = 0
        self.summary: dict[str, Any] = {}
        self.command: list[str] = []
        self.given: dict[str, Any] = {}

    def run(self, _session: object, command: list[str], **given: Any) -> SimpleNamespace:
        self.command, self.given = command, given
        return SimpleNamespace(exit_code=self.exit_code, out=f"printed\n{json.dumps(self.summary)}\n")


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> Driver:
    found = Driver()
    monkeypatch.setattr(computed.driver, "run", found.run)
    monkeypatch.setattr(computed, "driver_options", lambda *_: ["--env", "SALT"])
    monkeypatch.setattr(computed, "is_s3", lambda _: True)
    monkeypatch.setattr(computed, "refuse_uncomputable", lambda *_: None)
    return found


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def run(make_run: MakeRun, scratch: Path) -> Run:
    make_run(REPLAY)
    make_run(ID, kept=False)
    return Runs(str(scratch))[ID]


def test_the_driver_has_what_the_run_had_and_its_replay_is_found(run: Run, driver: Driver) -> None:
    driver.summary = {"path": run.path.replace(ID, REPLAY), "notes": ["another version: Spark 4.0, now 4.1"]}
    driver.exit_code = 5
    found = computed.compute_missing(Console(), SESSION)(run, ["orders", "net", "orders"])
    assert driver.command[3:8] == ["replay", f"{run.path}/orders", "--compute", "orders,net", "--exact"]
    assert driver.given == {"options": ["--env", "SALT"], "capture": True}
    assert ({alias: rows.rows for alias, rows in found.items()}, found.notes) == (
        {"orders": 5},
        ("another version: Spark 4.0, now 4.1",),
    )
    assert found.failure.startswith(f"`net` can't be computed by the code of run {ID}")


@pytest.mark.parametrize(
    ("exit_code", "error", "text"),
    [(2, ArgumentError, "gone"), (5, RunFailedError, "gone"), (130, RunFailedError, "interrupted")],
)
def test_a_driver_that_computes_nothing_says_why(
    run: Run, driver: Driver, exit_code: int, error: type[SparkEtlError], text: str
) -> None:
    driver.exit_code, driver.summary = exit_code, {"error": "part-0.parquet (gone)"}
    with pytest.raises(error, match=f"`net` can't be computed .*{text}"):
        computed.compute_missing(Console(), SESSION)(run, ["net"])


def test_nothing_to_compute_needs_no_driver(run: Run, driver: Driver) -> None:
    assert computed.compute_missing(Console(), SESSION)(run, []) == {}
    assert not driver.command


def test_a_run_in_a_folder_of_this_machine_is_none_for_the_stack() -> None:
    root = f"file:///home/ada/scratch/team/shop/{ID}"
    here = Run(StoredRun(root), RunDocument(ID, root, "team", "shop"))
    with pytest.raises(UsageError, match=f"Run {ID} lies in a folder of this machine"):
        computed.compute_missing(Console(), SESSION)(here, ["net"])
