"""The unpacked code: never over files, and no module of another folder in its place."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest
from spark_etl.code.project import Project
from spark_etl.debugging.notebook.folder import import_from, is_edited, unpack_once
from spark_etl.errors import ArgumentError

from tests.unit.spark_etl.debugging.notebook.conftest import CODE, MakeDebugRun


def test_it_is_unpacked_once_and_never_over_files(make_debug_run: MakeDebugRun, tmp_path: Path) -> None:
    code, folder = make_debug_run().code, tmp_path / "home" / "debug" / "net"
    assert unpack_once(code, folder)
    assert {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()} == CODE.keys()
    assert not is_edited(folder, code)
    (folder / "shop" / "net.py").write_text("edited")
    (folder / "feature_config.yaml").unlink()
    assert not unpack_once(code, folder)
    assert (folder / "shop" / "net.py").read_text() == "edited"
    assert not (folder / "feature_config.yaml").exists()
    assert is_edited(folder, code)
    assert [each.name for each in folder.parent.iterdir()] == ["net"], "nothing half-written is left beside it"


def test_an_empty_folder_is_filled(make_debug_run: MakeDebugRun, tmp_path: Path) -> None:
    (tmp_path / "net").mkdir()
    assert unpack_once(make_debug_run().code, tmp_path / "net")


def test_what_is_in_the_way_is_named(make_debug_run: MakeDebugRun, tmp_path: Path) -> None:
    (tmp_path / "debug").write_text("a file")
    with pytest.raises(ArgumentError, match=f"can't be written to {tmp_path}/debug/net: .*"):
        unpack_once(make_debug_run().code, tmp_path / "debug" / "net")


def test_a_module_of_the_same_name_from_elsewhere_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "shop_of_it").mkdir()
    (tmp_path / "shop_of_it" / "net.py").write_text("")
    other = ModuleType("shop_of_it.net")
    monkeypatch.setitem(sys.modules, "shop_of_it.net", other)
    other.__file__ = str(tmp_path / "shop_of_it" / "net.py")
    import_from(Project(tmp_path))
    assert sys.path[0] == str(tmp_path)
    other.__file__ = "/elsewhere/shop_of_it/net.py"
    with pytest.raises(ArgumentError, match=r"imported the module shop_of_it\.net from /elsewhere/") as raised:
        import_from(Project(tmp_path))
    assert str(raised.value.hint).startswith("restart the kernel")
