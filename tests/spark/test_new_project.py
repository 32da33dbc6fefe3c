"""The project that `sandbox new` makes: it runs as it is, under the name that its template has."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from pyarrow import dataset
from spark_etl.cli import main, run_main
from spark_etl.reading import Run, Runs

from tests.spark.support import SharedSpark

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "sandbox_cli" / "template"
OTHER_REPOSITORY = ROOT / "tests" / "fixtures" / "other_repo"
NAME = "new_project"
DATES = ["--start-date", "2024-02-29", "--end-date", "2024-02-29"]
REVENUE = {("ada", 2, 7490), ("bob", 1, 1250), ("cleo", 2, 7450), ("dan", 1, 3400)}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The template, with its data as the snapshot of a day in a folder instead of S3."""
    folder, path = tmp_path / NAME, list(sys.path)
    shutil.copytree(TEMPLATE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    edit(folder, '"s3a://published/new_project/"', repr(str(tmp_path / "published")))
    snapshot = tmp_path / "published" / "orders_v1" / "_dt=2024-02-29"
    snapshot.mkdir(parents=True)
    duckdb.read_csv(str(folder / "data/orders.csv")).write_parquet(str(snapshot / "part-0.parquet"))
    monkeypatch.chdir(folder)
    yield folder
    sys.path[:] = path
    forget()


def forget() -> None:
    """Has the next run import the project anew."""
    for module in [module for module in sys.modules if module.partition(".")[0] == NAME]:
        del sys.modules[module]


def edit(folder: Path, before: str, after: str) -> None:
    file = folder / NAME / "features.py"
    text = file.read_text()
    assert text.count(before) == 1
    file.write_text(text.replace(before, after))
    shutil.rmtree(file.parent / "__pycache__", ignore_errors=True)
    forget()


def run(spark: SharedSpark) -> Run:
    spark.start()
    arguments = ["--team-name", "mine", "--feature-config", ".", "--local", *DATES]
    assert run_main([*arguments, "--checkpoint", "orders,", "revenue_by_customer"]) == 0
    return Runs(".spark-etl/scratch").latest()


def revenue(found: Run) -> set[tuple[str, int, int]]:
    rows = found["revenue_by_customer"].arrow().to_pylist()
    return {(row["customer"], row["orders"], row["revenue_cents"]) for row in rows}


def test_its_plan_says_what_is_read_kept_and_published(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "--feature-config", ".", "--local", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["pipeline"], found["order"]) == (NAME, ["orders", "revenue_by_customer"])
    assert [output["path"] for output in found["features"]["revenue_by_customer"]["publish"]] == [
        (project / ".spark-etl/published/new_project/revenue_by_customer").as_uri()
    ]


def test_it_runs_and_a_planted_bug_is_found(project: Path, shared_spark: SharedSpark) -> None:
    right = run(shared_spark)
    assert revenue(right) == REVENUE
    published = dataset.dataset(project / ".spark-etl/published/new_project/revenue_by_customer", format="parquet")
    assert published.count_rows() == len(REVENUE)

    edit(project, 'kwargs["orders"].where(sf.col("status") != "cancelled")', 'kwargs["orders"]')
    wrong = run(shared_spark)

    found = right.diff(wrong).to_dict()
    assert (found["answer"], found["first"]) == ("different", ["revenue_by_customer"])
    parted = found["features"]["revenue_by_customer"]
    assert [cause["kind"] for cause in parted["causes"]] == ["code"]
    rows = parted["rows"]
    assert (rows["keys"], rows["changed"], rows["only_a"], rows["only_b"]) == (["customer"], 3, 0, 1)
    assert [row["values"] for row in rows["samples_b"]] == [{"customer": "eve", "orders": 1, "revenue_cents": 4200}]


def test_its_own_test_is_green_and_sees_the_bug(project: Path) -> None:
    assert own_test(project) == 0
    edit(project, 'kwargs["orders"].where(sf.col("status") != "cancelled")', 'kwargs["orders"]')
    assert own_test(project) == 1


def test_the_features_of_another_repository(tmp_path: Path) -> None:
    """Whose pipeline runs on a stack of its own: tests/integration/test_other_repository.py."""
    folder = shutil.copytree(OTHER_REPOSITORY, tmp_path / "other")
    assert own_test(folder, "tests/test_features.py") == 0


def own_test(project: Path, *chosen: str) -> int:
    """Runs the tests of a project with `feature_case`, which pytest finds by itself where pip has installed it."""
    options = ["-p", "spark_etl.testing.plugin", "-p", "no:cacheprovider", "-q"]
    return subprocess.run([sys.executable, "-m", "pytest", *options, *chosen], cwd=project, check=False).returncode
