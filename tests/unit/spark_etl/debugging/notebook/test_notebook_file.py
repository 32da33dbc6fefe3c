"""The debug notebook on disk."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest
from spark_etl.debugging.notebook import notebook_file
from spark_etl.debugging.notebook.notebook_file import (
    DebugNotebook,
    default_home,
    unpacked_folder,
    write_debug_notebook,
)
from spark_etl.errors import ArgumentError
from spark_etl.reading import Run
from spark_etl.storage import normalise
from spark_etl.store import StoredRun

from tests.unit.spark_etl.debugging.notebook.conftest import CODE, RUN, MakeDebugRun

NAME = f"debug/shop/{RUN}-net"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def write(run: Run, home: Path, feature: str | None = None, *, new: bool = False) -> DebugNotebook:
    return write_debug_notebook(run, feature, home, scratch=run.stored.scratch, new=new)


def change(home: Path, made: DebugNotebook, **cell: Any) -> None:
    file = home / made.path
    notebook = json.loads(file.read_text())
    next(each for each in notebook["cells"] if each["cell_type"] == "code").update(cell)
    file.write_text(json.dumps(notebook))


def files(folder: Path) -> dict[str, str]:
    return {file.relative_to(folder).as_posix(): file.read_text() for file in folder.rglob("*") if file.is_file()}


def test_the_notebook_lies_beside_the_code_of_its_run(make_debug_run: MakeDebugRun, home: Path) -> None:
    made = write(make_debug_run(), home)
    assert made == DebugNotebook(f"{NAME}.ipynb", "new", NAME, "net", RUN, trusted=True)
    assert files(home / NAME) == CODE
    assert sorted(each.name for each in (home / "debug/shop").iterdir()) == [f"{RUN}-net", f"{RUN}-net.ipynb"]
    known = json.loads((home / made.path).read_text())["metadata"]["sandbox_debug"]
    assert (known["folder"], known["feature"], known["run"]) == (NAME, "net", RUN)


def test_one_that_is_there_stays_as_it_is(make_debug_run: MakeDebugRun, home: Path) -> None:
    run = make_debug_run()
    made = write(run, home)
    before = (home / made.path).read_bytes()
    assert write(run, home) == DebugNotebook(made.path, "unchanged", NAME, "net", RUN, trusted=True)
    assert (home / made.path).read_bytes() == before


@pytest.mark.parametrize(
    "cell", [{"source": "x = 1"}, {"execution_count": 3}, {"outputs": [{"output_type": "stream"}]}]
)
def test_one_that_was_edited_or_run_says_so(make_debug_run: MakeDebugRun, home: Path, cell: dict[str, Any]) -> None:
    run = make_debug_run()
    change(home, write(run, home), **cell)
    assert write(run, home).state == "edited"


def test_saving_alone_is_no_edit(make_debug_run: MakeDebugRun, home: Path) -> None:
    run = make_debug_run()
    made = write(run, home)
    notebook = json.loads((home / made.path).read_text())
    notebook["metadata"]["language_info"] = {"name": "python", "version": "3.11"}
    for cell in notebook["cells"]:
        cell["source"] = cell["source"].splitlines(keepends=True)
        cell["metadata"]["trusted"] = True
    (home / made.path).write_text(json.dumps(notebook))
    assert write(run, home).state == "unchanged"


def test_an_edit_of_a_file_counts_and_is_kept(make_debug_run: MakeDebugRun, home: Path) -> None:
    run = make_debug_run()
    made = write(run, home)
    (home / made.folder / "shop/helpers.py").write_text("# mine\n")
    assert write(run, home).state == "edited"
    assert files(home / made.folder)["shop/helpers.py"] == "# mine\n"


def test_another_one_has_another_folder_and_the_newest_is_opened(make_debug_run: MakeDebugRun, home: Path) -> None:
    run = make_debug_run()
    write(run, home)
    second = write(run, home, new=True)
    assert (second.path, second.folder, second.state) == (f"{NAME}-2.ipynb", f"{NAME}-2", "new")
    assert write(run, home, new=True).path == f"{NAME}-3.ipynb"
    assert files(home / f"{NAME}-3") == CODE
    assert write(run, home).path == f"{NAME}-3.ipynb"


def test_a_folder_that_is_gone_is_unpacked_again(make_debug_run: MakeDebugRun, home: Path) -> None:
    run = make_debug_run()
    made = write(run, home)
    (home / made.folder).rename(home / "elsewhere")
    assert write(run, home).state == "unchanged"
    assert files(home / made.folder) == CODE


def test_a_folder_that_was_left_behind_is_used_if_it_is_as_it_was(make_debug_run: MakeDebugRun, home: Path) -> None:
    run = make_debug_run()
    made = write(run, home)
    (home / made.path).unlink()
    assert write(run, home).folder == NAME
    (home / made.path).unlink()
    (home / NAME / "shop/helpers.py").write_text("# mine\n")
    again = write(run, home)
    assert (again.folder, again.state) == (f"{NAME}-2", "new")
    assert files(home / NAME)["shop/helpers.py"] == "# mine\n"


def test_what_is_no_notebook_any_more_is_the_users(make_debug_run: MakeDebugRun, home: Path) -> None:
    run = make_debug_run()
    made = write(run, home)
    (home / made.path).write_text("{")
    assert write(run, home).state == "edited"
    (home / made.path).unlink()
    (home / made.path).mkdir()
    with pytest.raises(ArgumentError, match="is no file"):
        write(run, home)


@pytest.mark.parametrize("name", ["notebook", "code"])
def test_a_home_that_is_full_is_said_and_leaves_nothing(
    make_debug_run: MakeDebugRun, home: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    run = make_debug_run()

    def fail(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "x")

    if name == "notebook":
        monkeypatch.setattr(Path, "write_text", fail)
    else:
        monkeypatch.setattr(type(run.code), "unpack", fail)
    with pytest.raises(ArgumentError, match=r"can't be written.*: No space left on device") as raised:
        write(run, home)
    assert "make room" in str(raised.value.hint)
    monkeypatch.undo()
    assert [each.name for each in (home / "debug/shop").iterdir() if each.name != f"{RUN}-net"] == []
    assert write(run, home).state == "new"


def test_something_in_the_way_is_named(make_debug_run: MakeDebugRun, home: Path) -> None:
    home.mkdir()
    (home / "debug").write_text("")
    with pytest.raises(ArgumentError, match=rf"can't be written: {home}/debug"):
        write(make_debug_run(), home)


def test_a_disk_without_links(make_debug_run: MakeDebugRun, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise PermissionError(errno.EPERM, "no links")

    monkeypatch.setattr(os, "link", refuse)
    run = make_debug_run()
    assert write(run, home).state == "new"
    assert write(run, home).state == "unchanged"


def test_two_that_write_at_once_have_one_notebook(
    make_debug_run: MakeDebugRun, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_debug_run()
    create = notebook_file._create

    def slow(file: Path, notebook: Any) -> None:
        monkeypatch.setattr(notebook_file, "_create", create)
        assert write(run, home).state == "new"
        create(file, notebook)

    monkeypatch.setattr(notebook_file, "_create", slow)
    assert write(run, home).state == "unchanged"
    assert len(list((home / "debug/shop").glob("*.ipynb"))) == 1


def test_the_feature_is_the_one_that_failed_or_is_named(make_debug_run: MakeDebugRun, home: Path) -> None:
    run = make_debug_run()
    assert write(run, home, "orders").feature == "orders"
    with pytest.raises(ArgumentError, match=r"has no feature `nett`. Did you mean `net`\?"):
        write(run, home, "nett")
    with pytest.raises(ArgumentError, match=r"which feature of run .*It has net, orders"):
        write(make_debug_run("20240229T101112Z-bbbbbb", status="succeeded"), home)
    with pytest.raises(ArgumentError, match="is still running"):
        write(make_debug_run("20240229T101112Z-cccccc", status="running"), home, "net")


def test_names_that_others_wrote_stay_in_their_folder(make_debug_run: MakeDebugRun, home: Path) -> None:
    made = write(make_debug_run(root="team/..x y"), home)
    assert made.path == f"debug/x_y/{RUN}-net.ipynb"


def test_code_that_others_may_have_written_is_not_unpacked_before_it_is_trusted(
    make_debug_run: MakeDebugRun, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_debug_run(kind="imported")
    made = write(run, home)
    assert (made.trusted, made.state) == (False, "new")
    assert not (home / made.folder).exists()
    assert all(cell["cell_type"] == "markdown" for cell in json.loads((home / made.path).read_text())["cells"])
    assert write(run, home) == DebugNotebook(made.path, "unchanged", NAME, "net", RUN, trusted=False)
    monkeypatch.setattr(notebook_file, "refuse_untrusted", lambda *_: None)
    since = write(run, home)
    assert (since.path, since.state, since.trusted) == (f"{NAME}-2.ipynb", "new", True), "the other only shows it"
    assert write(run, home).state == "unchanged"


def test_home_is_where_the_users_files_are(
    make_debug_run: MakeDebugRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert default_home(make_debug_run()) == tmp_path
    assert default_home(Run(StoredRun("s3a://scratch/team/shop/x"), None)) == Path.home()


def test_the_folder_of_a_notebook(tmp_path: Path) -> None:
    file = tmp_path / "copy.ipynb"
    assert unpacked_folder(file, {"folder": "debug/p/x"}, Path("/home/ada")) == Path("/home/ada/debug/p/x")
    (tmp_path / "x").mkdir()
    assert unpacked_folder(file, {"folder": "debug/p/x"}, Path("/home/ada")) == tmp_path / "x"
    for folder in ("/etc", "debug/../../etc", "..", "", "notebooks/x"):
        with pytest.raises(ArgumentError, match="names a folder that is not below debug/"):
            unpacked_folder(file, {"folder": folder}, tmp_path)


def test_it_shows_itself_as_a_link(monkeypatch: pytest.MonkeyPatch) -> None:
    made = DebugNotebook("debug/p/<x>.ipynb", "new", "debug/p/x", "net", RUN, trusted=True)
    assert repr(made) == f"debug notebook of {RUN}/net, new: debug/p/<x>.ipynb"
    monkeypatch.setenv("JUPYTERHUB_SERVICE_PREFIX", "/user/ada/")
    assert '<a href="/user/ada/lab/tree/debug/p/&lt;x&gt;.ipynb"' in made._repr_html_()


def test_run_debug_writes_it(make_debug_run: MakeDebugRun, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home.mkdir()
    monkeypatch.chdir(home)
    run = make_debug_run()
    assert run.debug().path == f"{NAME}.ipynb"
    assert run.debug("net", new=True).path == f"{NAME}-2.ipynb"
    assert normalise(str(home)) not in run.path
