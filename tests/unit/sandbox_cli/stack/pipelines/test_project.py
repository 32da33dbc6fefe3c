"""A user's project, readable for the driver, and its git state."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

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
