"""What is read is written down, if a folder for it is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from spark_etl.reading import Runs
from spark_etl.store.layout import MANIFEST_FILE
from spark_etl.store.verify import files_digest

from tests.unit.spark_etl.reading.conftest import MakeRun


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where reads are written down."""
    monkeypatch.setenv("SPARK_ETL_READS", str(tmp_path / "reads"))
    monkeypatch.setenv("JPY_SESSION_NAME", "/home/ada/look.ipynb")
    return tmp_path / "reads"


def noted(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for file in folder.glob("*.jsonl") for line in file.read_text().splitlines()]


@pytest.mark.parametrize("how", ["head", "arrow", "pandas", "sql", "batches", "profile"])
def test_each_way_of_reading_is_written_down_once(make_run: MakeRun, scratch: Path, folder: Path, how: str) -> None:
    paths = make_run("20240229T101112Z-000001")
    orders = Runs(str(scratch))[paths.run_id]["orders"]
    assert noted(folder) == [], "to look a checkpoint up is not to read it"

    for _ in range(2):
        list(getattr(orders, how)(*(["select * from this"] if how == "sql" else [])))

    (line,) = noted(folder)
    manifest = json.loads(Path(orders.path.removeprefix("file://"), MANIFEST_FILE).read_text())
    assert line["run"] == paths.run_id
    assert line["notebook"] == "/home/ada/look.ipynb"
    assert (line["feature"], line["path"], line["rows"]) == ("orders", orders.path, 5)
    assert line["files"] == files_digest(manifest["files"])


def test_nothing_is_written_down_unasked(make_run: MakeRun, scratch: Path, tmp_path: Path) -> None:
    before = set(tmp_path.rglob("*.jsonl"))
    Runs(str(scratch))[make_run("20240229T101112Z-000001").run_id]["orders"].head()
    assert set(tmp_path.rglob("*.jsonl")) == before


def test_a_folder_that_can_not_be_written_fails_no_read(
    make_run: MakeRun, scratch: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SPARK_ETL_READS", str(tmp_path / "file" / "reads"))
    assert len(Runs(str(scratch))[make_run("20240229T101112Z-000001").run_id]["orders"].head()) == 5
