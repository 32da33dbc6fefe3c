"""The index only saves time: whatever it says or lacks, a list tells what the runs' own folders tell."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from spark_etl import runs
from spark_etl.errors import RunNotFoundError, StorageError
from spark_etl.storage import storage_for
from spark_etl.storage.local import LocalStorage
from spark_etl.store import index
from spark_etl.store.layout import RunPaths

from tests.unit.spark_etl.reading.conftest import MakeRun

FIRST, SECOND = "20240229T101112Z-aaaaaa", "20240301T101112Z-bbbbbb"


def content_of(paths: RunPaths) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(storage_for(paths.root).read(paths.run_file) or b"")
    return content


def folder(paths: RunPaths) -> Path:
    return Path(paths.root.removeprefix("file://"))


@pytest.fixture
def marked(make_run: MakeRun) -> RunPaths:
    paths = make_run(FIRST, status="failed")
    index.mark_ended(paths, content_of(paths))
    return paths


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The run.json that were read."""
    seen: list[str] = []
    read = LocalStorage.read

    def counted(self: LocalStorage, path: str, *, most: int | None = None) -> bytes | None:
        seen.append(path)
        return read(self, path, most=most)

    monkeypatch.setattr(LocalStorage, "read", counted)
    return seen


def test_a_list_opens_no_run_that_is_marked_and_shows_the_same(marked: RunPaths, opened: list[str]) -> None:
    (shown,) = runs.list(status="failed")
    row = shown.summary()
    assert opened == []
    assert row == runs.list()[0].reload().summary()
    assert opened == [marked.run_file]
    assert shown.content["features"].keys() == {"orders", "net", "late"}


def test_a_run_without_a_mark_is_listed_by_its_run_json(make_run: MakeRun, marked: RunPaths) -> None:
    make_run(SECOND)
    assert [(run.id, run.status) for run in runs.list()] == [(SECOND, "succeeded"), (FIRST, "failed")]


def test_a_mark_whose_run_was_deleted_is_no_run(marked: RunPaths) -> None:
    shutil.rmtree(folder(marked))
    assert runs.list() == []


def test_a_run_that_goes_while_it_is_looked_at_says_so(marked: RunPaths) -> None:
    run = runs.list()[0]
    shutil.rmtree(folder(marked))
    with pytest.raises(RunNotFoundError, match="is not there any more"):
        run.content  # noqa: B018 - reads it


@pytest.mark.parametrize(
    "mark",
    [
        "succeeded~2024-02-29~2024-02-29~1.5~",
        "lost~2024-02-29~2024-02-29~1.5~",
        "succeeded",
        "succeeded~2024-02-29~2024-02-29~soon~",
    ],
    ids=["a second one", "unknown status", "too short", "no number"],
)
def test_a_doubtful_mark_is_not_believed(make_run: MakeRun, mark: str, scratch: Path) -> None:
    paths = make_run(FIRST, status="failed")
    if mark.startswith("succeeded~2024-02-29~2024-02-29~1.5"):
        index.mark_ended(paths, content_of(paths))
    (scratch / "team" / "revenue" / "_runs" / "2024-02" / f"{FIRST}~{mark}").mkdir(parents=True)
    assert runs.list()[0].status == "failed"


@pytest.mark.parametrize("alias", ["with ~ and /", "späte 🙂 %7E", "a+b&c"])
def test_what_a_mark_tells_may_have_any_signs(make_run: MakeRun, alias: str) -> None:
    paths = make_run(FIRST, status="failed")
    index.mark_ended(paths, content_of(paths) | {"error": {"feature": alias}})
    assert runs.list()[0].summary()[-1] == alias


def test_what_no_name_can_hold_stays_unmarked(make_run: MakeRun) -> None:
    paths = make_run(FIRST, status="failed")
    index.mark_ended(paths, content_of(paths) | {"error": {"feature": "x" * 300}})
    assert index.summaries(paths.root.rsplit("/", 1)[0]) == {}


def test_a_run_that_goes_on_is_not_marked(make_run: MakeRun) -> None:
    paths = make_run(FIRST, status="running")
    index.mark_ended(paths, content_of(paths))
    assert runs.list()[0].status == "running"


def test_a_store_that_refuses_the_mark_fails_no_run(make_run: MakeRun, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = make_run(FIRST)
    content = content_of(paths)

    def refuse(*_: object) -> None:
        raise StorageError("no")

    monkeypatch.setattr(LocalStorage, "write", refuse)
    index.mark_ended(paths, content)
    assert runs.list()[0].status == "succeeded"
