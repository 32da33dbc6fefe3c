"""Whose code may run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from spark_etl.debugging.trust import (
    NotTrustedError,
    command_to_trust,
    executes,
    is_trusted,
    owner_of,
    refuse_untrusted,
    server_of,
    trust,
)
from spark_etl.reading import Run
from spark_etl.store import RunDocument, StoredRun

SCRATCH = "s3a://scratch"
ID = "20240229T101112Z-7f3a2c"


def run_at(root: str, **known: Any) -> Run:
    *_, team, pipeline, run_id = root.split("/")
    return Run(StoredRun(root), RunDocument(run_id, root, team, pipeline, **known), name=root)


SPARK = {"config": {"spark": {"spark.plugins": "evil.Plugin"}}}


@pytest.mark.parametrize(
    ("root", "known", "owner"),
    [
        (f"{SCRATCH}/team/billing/{ID}", {}, None),
        (f"{SCRATCH}/users/ada/billing/{ID}", {}, "ada"),
        (f"{SCRATCH}/users/ada/team/billing/{ID}", {}, "ada"),
        (f"{SCRATCH}/connect/billing/{ID}", {}, "unknown"),
        (f"s3a://published/team/billing/{ID}", {}, "unknown"),
        (f"s3a://scratch2/team/billing/{ID}", {}, "unknown"),
        (f"{SCRATCH}/team/billing/{ID}", {"kind": "imported"}, "unknown"),
        (f"file:///home/users/ada/team/billing/{ID}", {}, None),
    ],
)
@pytest.mark.parametrize("looked_for", [SCRATCH, f"{SCRATCH}/users/ada"])
def test_the_place_says_who_may_have_written_it(
    root: str, known: dict[str, Any], owner: str | None, looked_for: str
) -> None:
    assert owner_of(run_at(root, **known), looked_for) == owner


def test_a_scratch_path_with_users_in_a_longer_name() -> None:
    assert owner_of(run_at(f"s3a://lake/scratch/users/bob/x/{ID}"), "s3a://lake/scratch") == "bob"


def test_what_would_be_executed() -> None:
    assert executes(run_at(f"{SCRATCH}/t/p/{ID}")) == {}
    known = {
        "config": {"spark": {"spark.x": "1"}, "features": {"a": {"params": {"key": "${SECRET}"}}}},
        "requirements": ["evil==1"],
    }
    assert set(executes(run_at(f"{SCRATCH}/t/p/{ID}", **known))) == {"spark", "features", "requirements", "variables"}


def test_a_server_of_somebody_elses_gets_neither_code_nor_token(tmp_path: Path) -> None:
    known = {"session": "connect", "options": {"remote": "sc://evil:15002"}}
    with pytest.raises(NotTrustedError, match="a Spark Connect server"):
        refuse_untrusted(run_at(f"file://{tmp_path}/team/p/{ID}", kind="imported", **known), f"file://{tmp_path}")
    assert server_of(RunDocument(ID, "", "t", "p", session="local", options=known["options"])) is None


@pytest.fixture
def imported(tmp_path: Path) -> Run:
    return run_at(f"file://{tmp_path}/team/billing/{ID}", kind="imported", **SPARK)


def test_what_others_wrote_is_refused_until_somebody_trusts_it(imported: Run, tmp_path: Path) -> None:
    scratch = f"file://{tmp_path}"
    with pytest.raises(NotTrustedError, match="Spark settings that the sandbox's runner did not write") as refused:
        refuse_untrusted(imported, scratch)
    assert refused.value.exit_code == 2
    assert f"spark-etl trust {imported.name} --scratch-path {tmp_path}" in str(refused.value.hint)

    trust(imported, scratch, "grace")
    assert is_trusted(imported, scratch)
    refuse_untrusted(imported, scratch)

    # The trust was of that content.
    other = run_at(imported.path, kind="imported", config={"spark": {"spark.plugins": "other.Plugin"}})
    with pytest.raises(NotTrustedError):
        refuse_untrusted(other, scratch)


def test_a_run_is_trusted_where_it_lies() -> None:
    assert command_to_trust(f"{SCRATCH}/users/ada/p/{ID}", "users/ada/p/x", SCRATCH) == "./sandbox trust users/ada/p/x"
    assert command_to_trust(f"file:///a b/t/p/{ID}", ID, "file:///a b") == f"spark-etl trust {ID} --scratch-path '/a b'"


def test_on_a_users_server_their_own_code_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTERHUB_USER", "ada")
    refuse_untrusted(run_at(f"{SCRATCH}/users/ada/billing/{ID}", **SPARK), SCRATCH)


def test_a_run_that_carries_nothing_needs_no_trust() -> None:
    refuse_untrusted(run_at(f"{SCRATCH}/users/ada/billing/{ID}", kind="adopted"), SCRATCH)


def test_a_replay_of_an_imported_run_is_trusted_no_more_than_that() -> None:
    run = run_at(f"{SCRATCH}/team/billing/{ID}", kind="replay", imported={"kind": "replay"}, **SPARK)
    assert owner_of(run, SCRATCH) == "unknown"
