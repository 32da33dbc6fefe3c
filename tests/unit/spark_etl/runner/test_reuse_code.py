"""`--resume`: what the code imports and names, besides the project's modules, is seen."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.unit.spark_etl.runner.conftest import Line
from tests.unit.spark_etl.runner.resume.test_decide import CHAIN, Bench, actions


@pytest.fixture
def chain(line: Line) -> Bench:
    bench = Bench(line)
    bench.shape(CHAIN)
    return bench


def install(folder: Path, version: str) -> None:
    """Installs a library as pip does with --target, in place of another version of it."""
    for old in folder.glob("holidays_of_tests-*"):
        shutil.rmtree(old)
    info = folder / f"holidays_of_tests-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: holidays_of_tests\nVersion: {version}\n")
    (folder / "holidays_of_tests.py").write_text("DAYS = 1\n")


def test_another_version_of_a_library_that_a_helper_uses_is_reported(
    chain: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path / "site", "0.50")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    chain.edit("helper_clean", "FACTOR = 1", "def is_free(day):\n    import holidays_of_tests\n    return True")
    run_id = chain.ran("clean", "net")
    _, decisions = chain.resume(run_id, "--checkpoint", "report")
    assert actions(decisions) == "skip skip reuse run"

    install(tmp_path / "site", "0.60")
    _, decisions = chain.resume(run_id, "--checkpoint", "report")
    assert actions(decisions) == "run run run run"
    assert decisions["clean"].reason == "other versions: `holidays_of_tests` 0.50, now 0.60"


def test_a_query_beside_the_code_is_reported(chain: Bench) -> None:
    query = chain.folder.folder / chain.folder.package / "q.sql"
    query.write_text("select 1")
    chain.edit("helper_net", "FACTOR = 1", 'QUERY = "q.sql"')
    run_id = chain.ran("clean", "net")
    query.write_text("select 2")
    _, decisions = chain.resume(run_id, "--checkpoint", "report")
    assert actions(decisions) == "skip reuse run run"
    assert decisions["net"].reason == f"a file that it names has changed: `{chain.folder.package}/q.sql`"
