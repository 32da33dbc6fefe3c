"""Modules whose files were saved are loaded again, with those that import them; a broken one stays as it was."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from spark_etl.code.project import Project
from spark_etl.debugging.notebook.reloading import ProjectModules

FILES = {
    "rates_of_it.py": "RATE = 2\n\n\ndef rate():\n    return RATE\n\n\ndef gone():\n    return 0\n",
    "shop_of_it/__init__.py": "",
    "shop_of_it/net.py": "from rates_of_it import RATE, rate\n\n\ndef net():\n    return rate() + RATE\n",
    "shop_of_it/gross.py": "from . import net as used\nfrom .net import net\n\n\ndef gross():\n    return net() * 10\n",
    "shop_of_it/plain.py": "LOADED = []\n",
}


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    before, path = set(sys.modules), list(sys.path)
    sys.path.insert(0, str(tmp_path))
    yield Project(tmp_path)
    sys.path[:] = path
    for name in set(sys.modules) - before:
        del sys.modules[name]


@pytest.fixture
def modules(project: Project) -> ProjectModules:
    for name in ("shop_of_it.gross", "shop_of_it.plain"):
        import_module(name)
    return ProjectModules(project)


def save(project: Project, name: str, before: str, after: str) -> None:
    """Saves a file as within the second in which it was imported: Python tells versions by second and size."""
    file = project.path / name
    assert before in file.read_text()
    known = file.stat()
    file.write_text(file.read_text().replace(before, after))
    os.utime(file, ns=(known.st_atime_ns, known.st_mtime_ns))


def test_a_saved_module_and_those_that_import_it_are_loaded_again(project: Project, modules: ProjectModules) -> None:
    plain = import_module("shop_of_it.plain").LOADED
    net_module = import_module("shop_of_it.net")
    assert not modules.reload_changed()
    save(project, "rates_of_it.py", "RATE = 2", "RATE = 3")

    found = modules.reload_changed()

    assert (found.changed, found.others) == (("rates_of_it",), ("shop_of_it.net", "shop_of_it.gross"))
    first, second = str(found).splitlines()
    assert first == "loaded again, as saved: rates_of_it, and with it shop_of_it.net, shop_of_it.gross"
    assert "run the cells that make them again" in second
    assert import_module("shop_of_it.gross").gross() == 60
    assert net_module.net() == 6, "also for those who have the module itself"
    assert import_module("shop_of_it.plain").LOADED is plain
    assert sys.modules["shop_of_it"].gross is sys.modules["shop_of_it.gross"]
    assert not modules.reload_changed(), "once"


def test_a_function_is_of_its_real_file_where_a_breakpoint_stops(project: Project, modules: ProjectModules) -> None:
    save(project, "shop_of_it/net.py", "rate() + RATE", "rate() - RATE")
    modules.reload_changed()
    assert import_module("shop_of_it.net").net.__code__.co_filename == str(project.path / "shop_of_it" / "net.py")
    assert import_module("shop_of_it.gross").gross() == 0


def test_what_a_file_does_not_define_any_more_is_gone(project: Project, modules: ProjectModules) -> None:
    save(project, "rates_of_it.py", "def gone():\n    return 0\n", "")
    modules.reload_changed()
    assert not hasattr(import_module("rates_of_it"), "gone")


@pytest.mark.parametrize(
    ("after", "reason"),
    [
        ("RATE = = 3", "SyntaxError: invalid syntax (rates_of_it.py, line 1) (rates_of_it.py:1)"),
        ("RATE = 3\n1 / 0", "ZeroDivisionError: division by zero (rates_of_it.py:2)"),
        ("raise SystemExit(3)", "NotReturnedError: it ends the program: sys.exit(3)"),
    ],
)
def test_a_module_that_fails_stays_as_it_was_until_it_is_mended(
    project: Project, modules: ProjectModules, after: str, reason: str
) -> None:
    save(project, "rates_of_it.py", "RATE = 2", after)
    for _ in range(2):  # each time that somebody asks
        found = modules.reload_changed()
        assert not found
        assert str(found) == f"rates_of_it can't be loaded again, and stays as it was: {reason}"
    assert import_module("rates_of_it").rate() == 2
    save(project, "rates_of_it.py", after, "RATE = 5")
    assert modules.reload_changed().modules == ("rates_of_it", "shop_of_it.net", "shop_of_it.gross")
    assert import_module("shop_of_it.gross").gross() == 100


def test_modules_that_are_imported_later_are_watched_too(project: Project, modules: ProjectModules) -> None:
    (project.path / "late_of_it.py").write_text("VALUE = 1\n")
    late = import_module("late_of_it")
    assert not modules.reload_changed()
    save(project, "late_of_it.py", "VALUE = 1", "VALUE = 2")
    assert modules.reload_changed().changed == ("late_of_it",)
    assert late.VALUE == 2


def test_modules_that_import_each_other_are_each_loaded_once(project: Project) -> None:
    (project.path / "one_of_it.py").write_text("import two_of_it\nONE = 1\n")
    (project.path / "two_of_it.py").write_text("import one_of_it\nTWO = 2\n")
    import_module("one_of_it")
    modules = ProjectModules(project)
    save(project, "two_of_it.py", "TWO = 2", "TWO = 3")
    assert sorted(modules.reload_changed().modules) == ["one_of_it", "two_of_it"]
    assert sys.modules["one_of_it"].two_of_it.TWO == 3
