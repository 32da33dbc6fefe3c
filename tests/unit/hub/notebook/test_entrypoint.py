"""What a user's home gets of the shipped notebooks, and what it keeps."""

from __future__ import annotations

import importlib.util
import os
import socket
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[4] / "hub" / "notebook" / "entrypoint.py"
NAME = "01_first.ipynb"


@pytest.fixture
def entrypoint() -> ModuleType:
    spec = importlib.util.spec_from_file_location("notebook_entrypoint", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    """What the image holds."""
    folder = tmp_path / "shipped"
    folder.mkdir()
    (folder / NAME).write_text("version 1")
    (folder / "README.md").write_text("no notebook")
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A new user's."""
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


def notebooks(home: Path) -> dict[str, str]:
    return {file.name: file.read_text() for file in (home / "notebooks").iterdir()}


def left_alone(home: Path) -> None:
    pass


def deleted(home: Path) -> None:
    (home / "notebooks" / NAME).unlink()


def edited(home: Path) -> None:
    file = home / "notebooks" / NAME
    file.write_text("mine")
    os.utime(file, (1, 1))


def touched(home: Path) -> None:
    os.utime(home / "notebooks" / NAME, (1, 1))


def recordless(home: Path) -> None:
    (home / ".sandbox" / "notebooks.json").unlink()


def test_a_new_home_gets_every_notebook(entrypoint: ModuleType, shipped: Path, home: Path) -> None:
    assert entrypoint.copy_notebooks(shipped, home) == [NAME]
    assert notebooks(home) == {NAME: "version 1"}


def test_a_second_start_changes_nothing(entrypoint: ModuleType, shipped: Path, home: Path) -> None:
    entrypoint.copy_notebooks(shipped, home)
    before = (home / "notebooks" / NAME).stat().st_mtime_ns

    assert entrypoint.copy_notebooks(shipped, home) == []
    assert (home / "notebooks" / NAME).stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("what_the_user_did", "left"),
    [
        (left_alone, {NAME: "version 2"}),
        (deleted, {}),
        (edited, {NAME: "mine"}),
        (touched, {NAME: "version 1"}),
        (recordless, {NAME: "version 1"}),
    ],
)
def test_a_new_version_replaces_only_what_nobody_touched(
    entrypoint: ModuleType, shipped: Path, home: Path, what_the_user_did: Callable[[Path], None], left: dict[str, str]
) -> None:
    entrypoint.copy_notebooks(shipped, home)
    what_the_user_did(home)
    (shipped / NAME).write_text("version 2")

    copied = entrypoint.copy_notebooks(shipped, home)

    assert notebooks(home) == left
    assert copied == ([NAME] if left == {NAME: "version 2"} else [])


def test_versions_go_on_replacing_each_other(entrypoint: ModuleType, shipped: Path, home: Path) -> None:
    for version in ("version 1", "version 2", "version 3"):
        (shipped / NAME).write_text(version)
        entrypoint.copy_notebooks(shipped, home)
    assert notebooks(home) == {NAME: "version 3"}


def test_a_notebook_that_comes_later_is_added_to_an_old_home(entrypoint: ModuleType, shipped: Path, home: Path) -> None:
    entrypoint.copy_notebooks(shipped, home)
    edited(home)
    (shipped / "02_second.ipynb").write_text("version 1")

    assert entrypoint.copy_notebooks(shipped, home) == ["02_second.ipynb"]
    assert notebooks(home) == {NAME: "mine", "02_second.ipynb": "version 1"}


@pytest.mark.parametrize("record", ["", "{", "[]", '{"01_first.ipynb": "x"}', "null"])
def test_a_broken_record_keeps_nobody_from_their_server(
    entrypoint: ModuleType, shipped: Path, home: Path, record: str
) -> None:
    entrypoint.copy_notebooks(shipped, home)
    edited(home)
    (home / ".sandbox" / "notebooks.json").write_text(record)

    entrypoint.copy_notebooks(shipped, home)

    assert notebooks(home) == {NAME: "mine"}


@pytest.fixture
def became(entrypoint: ModuleType, shipped: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[list[str]]:
    """What the entrypoint became, instead of becoming it."""
    commands: list[list[str]] = []
    monkeypatch.setattr(entrypoint, "SHIPPED", shipped)
    monkeypatch.setattr(entrypoint.sys, "argv", ["entrypoint", "--debug"])
    monkeypatch.setattr(entrypoint.os, "execvp", lambda file, command: commands.append(command))
    monkeypatch.setattr(socket, "gethostbyname", lambda name: "10.1.2.3")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SPARK_LOCAL_IP", "")
    monkeypatch.delenv("SPARK_LOCAL_IP")
    return commands


def test_it_becomes_the_server_in_the_users_home(
    entrypoint: ModuleType, became: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "ada"))

    entrypoint.main()

    assert became == [["jupyterhub-singleuser", "--debug"]]
    assert Path.cwd() == tmp_path / "ada"
    assert Path.cwd().stat().st_mode & 0o777 == 0o700
    assert os.environ["SPARK_LOCAL_IP"] == "10.1.2.3"


def test_a_home_without_room_for_notebooks_is_served(
    entrypoint: ModuleType,
    became: list[list[str]],
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("HOME", str(home))
    (home / "notebooks").write_text("a file")

    entrypoint.main()

    assert len(became) == 1
    assert "the home could not be prepared" in capsys.readouterr().err


def test_a_home_that_cannot_be_made_is_reported(
    entrypoint: ModuleType,
    became: list[list[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "nosuch" / "ada"))

    with pytest.raises(SystemExit) as caught:
        entrypoint.main()

    assert caught.value.code == 2
    assert became == []
    assert f"no home for uid {os.getuid()}" in capsys.readouterr().err


def test_the_shelf_is_in_the_home_unless_something_else_is(entrypoint: ModuleType, home: Path, tmp_path: Path) -> None:
    shelf = tmp_path / "team"
    shelf.mkdir()

    for _ in range(2):
        entrypoint.link_shelf(home, shelf)
    assert (home / "team").resolve() == shelf

    (home / "team").unlink()
    (home / "team").write_text("a file of my own")
    entrypoint.link_shelf(home, shelf)
    assert (home / "team").read_text() == "a file of my own"


def test_what_earlier_kernels_have_read_is_forgotten(entrypoint: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "17.jsonl").write_text("{}")

    entrypoint.delete_reads(tmp_path)
    entrypoint.delete_reads(tmp_path / "nowhere")

    assert not list(tmp_path.glob("*.jsonl"))
