"""The notebook of a debugger: where it is found, where its code lies, and its cells as they are now."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from spark_etl.debugging.notebook.notebook_file import write_debug_notebook
from spark_etl.debugging.notebook.own_notebook import OwnNotebook
from spark_etl.debugging.origin import Origin
from spark_etl.errors import ArgumentError, ReadError
from spark_etl.reading import Run

from tests.unit.spark_etl.debugging.notebook.conftest import MakeDebugRun

PLACE = "debug/shop/20240229T101112Z-aaaaaa-net"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def run(make_debug_run: MakeDebugRun, home: Path) -> Run:
    made = make_debug_run()
    write_debug_notebook(made, "net", home, scratch=made.stored.scratch)
    return made


def own(run: Run, home: Path) -> OwnNotebook:
    return OwnNotebook(Origin(run, "net"), home)


def cells_of(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(path.read_text())["cells"]
    return found


def part(path: Path, name: str) -> dict[str, Any]:
    return next(each for each in cells_of(path) if each["metadata"].get("sandbox_debug", {}).get("part") == name)


def test_it_is_where_it_was_written(run: Run, home: Path) -> None:
    found = own(run, home)
    assert (found.path, found.folder) == (home / f"{PLACE}.ipynb", home / PLACE)
    assert found.name == f"{PLACE}.ipynb"
    assert found.patch_path == home / f"{PLACE}.patch"


def test_it_is_the_one_of_this_kernel(run: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    second = write_debug_notebook(run, "net", home, scratch=run.stored.scratch, new=True)
    for name in (str(home / second.path), second.path):
        monkeypatch.setenv("JPY_SESSION_NAME", name)
        assert own(run, home).folder == home / f"{PLACE}-2"
    monkeypatch.setenv("JPY_SESSION_NAME", str(home / "another.ipynb"))
    assert own(run, home).folder == home / PLACE


def test_it_is_found_under_another_name_after_its_kernel_was_started(run: Run, home: Path) -> None:
    (home / f"{PLACE}.ipynb").rename(home / "debug" / "shop" / "mine.ipynb")
    assert own(run, home).name == "debug/shop/mine.ipynb"
    assert own(run, home).folder == home / PLACE


def test_a_colleagues_copy_has_its_code_in_the_home_that_it_is_in(
    run: Run, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    (other / "shared").mkdir(parents=True)
    copy = other / "shared" / "ada.ipynb"
    copy.write_bytes((home / f"{PLACE}.ipynb").read_bytes())
    monkeypatch.setenv("JPY_SESSION_NAME", str(copy))
    found = own(run, other)
    assert (found.path, found.folder, found.name) == (copy, other / PLACE, "shared/ada.ipynb")


def test_a_copy_can_not_name_any_folder(run: Run, home: Path) -> None:
    path = home / f"{PLACE}.ipynb"
    content = json.loads(path.read_text())
    content["metadata"]["sandbox_debug"]["folder"] = "debug/../../elsewhere"
    path.write_text(json.dumps(content))
    with pytest.raises(ArgumentError, match="not below debug/"):
        own(run, home)


def test_without_a_notebook_there_are_no_cells(make_debug_run: MakeDebugRun, home: Path) -> None:
    found = own(make_debug_run(), home)
    assert (found.path, found.folder) == (None, home / PLACE)
    assert found.content()["cells"] == []


def test_what_was_executed_after_it_was_saved_counts(run: Run, home: Path) -> None:
    found = own(run, home)
    path = home / f"{PLACE}.ipynb"
    cell = part(path, "transform:1")
    found.note_executed(cell["id"], "rates = 1")
    os.utime(path, (time.time() - 60,) * 2)
    texts = [each["source"] for each in found.content()["cells"]]
    assert "rates = 1" in texts
    assert cell["source"] not in texts
    assert not found.is_saved
    os.utime(path, (time.time() + 60,) * 2)
    assert [each["source"] for each in found.content()["cells"]] == [each["source"] for each in cells_of(path)]
    assert found.is_saved


def test_cells_that_were_split_have_to_be_saved(run: Run, home: Path) -> None:
    found = own(run, home)
    path = home / f"{PLACE}.ipynb"
    os.utime(path, (time.time() - 60,) * 2)
    found.note_executed("new", "orders.show()")
    found.content()  # one that was added, and that nothing else depends on
    found.note_executed(part(path, "transform:0")["id"], "half of it")
    with pytest.raises(ReadError, match="split or added") as raised:
        found.content()
    assert "Ctrl+S" in str(raised.value.hint)
    assert found.content(running="new"), "the cell that asks is none of them"
