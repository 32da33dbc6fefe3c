"""A user's project, readable for the driver, and its git state."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest
from spark_etl.code.files import survey
from spark_etl.errors import ConfigError

from sandbox_cli.settings import Settings
from sandbox_cli.stack.pipelines import project

FILES = ("feature_config.yaml", "features/__init__.py", "features/one.py")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project that everybody may read."""
    folder = tmp_path / "project"
    for name in FILES:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)
        file.chmod(0o644)
    for path in (folder, folder / "features"):
        path.chmod(0o755)
    return folder


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(state_home=tmp_path / "state")


def test_what_everybody_may_read_is_mounted_as_it_is(settings: Settings, folder: Path) -> None:
    with project.readable(settings, folder) as mounted:
        assert mounted == folder


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the engine reads as the user")
@pytest.mark.parametrize(
    ("name", "mode"),
    [
        (".", 0o700),
        ("features", 0o750),
        ("features", 0o754),
        ("features/one.py", 0o600),
        ("feature_config.yaml", 0o640),
    ],
)
def test_what_only_its_owner_may_read_is_mounted_as_a_copy(
    settings: Settings, folder: Path, name: str, mode: int
) -> None:
    (folder / ".git").mkdir()
    (folder / name).chmod(mode)

    with project.readable(settings, folder) as mounted:
        assert mounted != folder
        assert {str(path.relative_to(mounted)) for path in mounted.rglob("*") if path.is_file()} == set(FILES)
        for path in [mounted, *mounted.rglob("*")]:
            wanted = 0o555 if path.is_dir() else 0o444
            assert stat.S_IMODE(path.stat().st_mode) & wanted == wanted, path

    assert not mounted.exists()
    assert stat.S_IMODE((folder / name).stat().st_mode) == mode


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the engine reads as the user")
def test_a_copy_is_gone_after_an_interruption(settings: Settings, folder: Path) -> None:
    folder.chmod(0o700)
    with pytest.raises(KeyboardInterrupt), project.readable(settings, folder):
        raise KeyboardInterrupt
    assert list((settings.state_dir / "projects").iterdir()) == []


@pytest.mark.parametrize("name", [".venv", "__pycache__", ".git", "node_modules"])
def test_what_no_driver_needs_makes_no_copy(settings: Settings, folder: Path, name: str) -> None:
    (folder / name).mkdir(mode=0o700)
    with project.readable(settings, folder) as mounted:
        assert mounted == folder


def test_a_dangling_link_is_no_reason_for_a_copy(settings: Settings, folder: Path) -> None:
    (folder / "link").symlink_to("nosuch")
    with project.readable(settings, folder) as mounted:
        assert mounted == folder


def test_what_a_run_does_not_need_makes_no_copy_and_is_named(settings: Settings, folder: Path) -> None:
    (folder / "data").mkdir(mode=0o700)
    (folder / "data" / "orders.csv").write_text("x")
    (folder / ".env").write_text("TOKEN=x")
    (folder / ".env").chmod(0o600)
    said: list[str] = []
    with project.readable(settings, folder, said.append) as mounted:
        assert mounted == folder
    assert said == ["the driver can't read .env: only its owner may"]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the engine reads as the user")
def test_a_copy_has_what_a_run_needs_and_says_so(settings: Settings, folder: Path) -> None:
    (folder / "features" / "one.py").chmod(0o600)
    (folder / "alias.py").symlink_to("features/one.py")
    (folder / "features" / "up").symlink_to("..")
    (folder / "self").symlink_to("self")
    os.mkfifo(folder / "queue")
    (folder / "data").mkdir()
    (folder / "data" / "orders.csv").write_text("x" * 1000)
    said: list[str] = []
    with project.readable(settings, folder, said.append) as mounted:
        assert (mounted / "alias.py").readlink() == Path("features/one.py")
        assert {str(path.relative_to(mounted)) for path in mounted.rglob("*") if path.is_file()} == {*FILES, "alias.py"}
    assert said == [
        "the driver gets a copy of 3 files, 54 B: only its owner may read features/one.py",
        "not copied: features/up (a link that leads to a folder above it)",
        "not copied: queue (no regular file)",
        "not copied: self (a link that leads to itself)",
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the engine reads as the user")
def test_in_a_copy_the_same_belongs_to_the_project(settings: Settings, folder: Path) -> None:
    (folder / "features" / "one.py").chmod(0o600)
    (folder / "data").mkdir()
    (folder / "data" / "rates.csv").write_text("x")
    (folder / ".sparketlignore").write_text("!data/rates.csv\n")
    with project.readable(settings, folder) as mounted:
        assert {file.relative_to(mounted).as_posix() for file in survey(mounted).files} == {*FILES, "data/rates.csv"}


def test_a_link_that_leads_out_brings_what_it_leads_to(settings: Settings, folder: Path, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "common.py").write_text("X = 1")
    (folder / "common").symlink_to(shared)
    said: list[str] = []
    with project.readable(settings, folder, said.append) as mounted:
        assert not (mounted / "common").is_symlink()
        assert (mounted / "common" / "common.py").read_text() == "X = 1"
    assert said == [f"the driver gets a copy of 4 files, 59 B: the link common → {shared} leads out of it"]


def test_a_project_that_is_too_large_to_copy_is_refused(
    settings: Settings, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(project, "MOST_COPIED", 20)
    (folder / "link.py").symlink_to(folder / "features" / "one.py")
    expected = r"54 B in 3 files to copy, as the link link.py → .* has an absolute path"
    with pytest.raises(ConfigError, match=expected), project.readable(settings, folder):
        pass


def test_a_folder_with_a_colon_is_mounted_by_another_path(settings: Settings, folder: Path) -> None:
    colon = folder.rename(folder.parent / "shop: v2")
    with project.readable(settings, colon) as mounted:
        assert ":" not in str(mounted)
        assert mounted.resolve() == colon
    assert not mounted.exists()
