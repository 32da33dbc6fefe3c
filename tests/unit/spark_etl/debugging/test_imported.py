"""What a replay has imported that is not of its code."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest
from spark_etl.debugging.imported import working_copy_notes
from spark_etl.debugging.origin import Origin
from spark_etl.reading import Run
from spark_etl.store import RunDocument, StoredRun


def test_modules_of_a_working_copy_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, shop = tmp_path / "code", tmp_path / "shop"
    for name, place in {
        "left_out": shop / "left_out.py",
        "beside": tmp_path / "beside.py",
        "its_own": code / "its_own.py",
        "elsewhere": tmp_path / "other" / "elsewhere.py",
        "before": shop / "before.py",
        "its_own.inside": shop / "inside.py",
    }.items():
        module = ModuleType(name)
        module.__file__ = str(place)
        monkeypatch.setitem(sys.modules, name, module)
    both = ModuleType("both")  # a package without __init__.py may lie in several folders
    both.__path__ = [str(code / "both"), str(shop / "both")]
    monkeypatch.setitem(sys.modules, "both", both)
    known = {*sys.modules} - {"left_out", "beside", "its_own", "elsewhere", "both", "its_own.inside"}
    monkeypatch.chdir(tmp_path)
    stored = StoredRun("file:///scratch/team/shop/20240229T101112Z-aaaaaa")
    document = RunDocument(stored.run_id, stored.root, "team", "shop", project_path=str(shop))

    (note,) = working_copy_notes(Origin(Run(stored, document), "orders"), code, known)

    places = f"beside ({tmp_path}/beside.py), both ({shop}/both), left_out ({shop}/left_out.py)"
    assert note == f"not of that code, but as they are now: {places}"
    assert [*working_copy_notes(Origin(Run(stored, document), "orders"), code, {*sys.modules})] == []
