"""Where the code of an imported run may run once it is trusted."""

from __future__ import annotations

from typing import Any

import pytest
from spark_etl.debugging.computed import refuse_uncomputable
from spark_etl.debugging.foreign_code import refuse_shared_place
from spark_etl.debugging.origin import Origin
from spark_etl.debugging.request import ReplayRequest, remote_of
from spark_etl.debugging.trust import NotTrustedError
from spark_etl.errors import ArgumentError
from spark_etl.reading import Run, Runs
from spark_etl.store import FeatureRecord, RunDocument, StoredRun

ID = "20240229T101112Z-7f3a2c"
ROOT = f"s3a://scratch/elsewhere/shop/{ID}"
IMPORTED = {"kind": "imported"}
REPLAY_OF_ONE = {"kind": "replay", "imported": {"kind": "replay"}}


def run_at(root: str = ROOT, **known: Any) -> Run:
    return Run(StoredRun(root), RunDocument(ID, root, "elsewhere", "shop", **known))


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JUPYTERHUB_USER", raising=False)
    monkeypatch.delenv("SPARK_ETL_ISOLATED", raising=False)


@pytest.mark.parametrize("known", [IMPORTED, REPLAY_OF_ONE])
def test_not_in_a_driver_of_the_stack(known: dict[str, Any]) -> None:
    with pytest.raises(NotTrustedError, match="in a container of its own only") as refused:
        refuse_shared_place(run_at(**known))
    assert refused.value.exit_code == 2
    assert "sandbox replay" in str(refused.value.hint)


@pytest.mark.parametrize(("name", "value"), [("SPARK_ETL_ISOLATED", "1"), ("JUPYTERHUB_USER", "ada")])
def test_in_its_container_and_in_a_users_own_server(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    refuse_shared_place(run_at(**IMPORTED))


def test_on_ones_own_machine_and_of_any_other_run() -> None:
    refuse_shared_place(run_at(f"file:///home/ada/elsewhere/shop/{ID}", **IMPORTED))
    refuse_shared_place(run_at(kind="run"))


def test_a_diff_computes_none_of_its_rows_on_the_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    run = run_at(**IMPORTED, status="failed", order=["net"], features={"net": FeatureRecord()})
    monkeypatch.setattr(Run, "code", property(lambda _: "some"))
    with pytest.raises(NotTrustedError, match="in a container of its own only"):
        refuse_uncomputable(run, ["net"], "s3a://scratch")


def request_of(run: Run, **known: Any) -> ReplayRequest:
    return ReplayRequest(Origin(run, "net"), Runs("s3a://scratch"), "s3a://scratch", **known)


def test_its_code_reaches_no_server_that_it_names_or_that_is_asked_for() -> None:
    run = run_at(**IMPORTED, session="connect", options={"remote": "sc://evil:15002"})
    assert remote_of(request_of(run)) is None
    with pytest.raises(ArgumentError, match="Spark runs in this process"):
        remote_of(request_of(run, remote="sc://spark-connect:15002"))
