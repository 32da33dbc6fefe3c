import io
import os
import tarfile
from pathlib import Path

import pytest

from sandbox_cli.stack.images.context import Recipe, content_hash, write_tar

HUB = Recipe("hub", "base", "hub", exclude=("notebook",))


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name in ["hub/Dockerfile", "hub/config/settings.py", "hub/notebook/Dockerfile", "notebooks/01.ipynb"]:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path


def hash_of(checkout: Path, recipe: Recipe = HUB) -> str:
    return content_hash(["hub"], recipe.files(checkout))


def test_a_context_is_its_folder_without_what_is_excluded(checkout: Path) -> None:
    assert [name for name, _ in HUB.files(checkout)] == ["Dockerfile", "config/settings.py"]


def test_a_context_of_several_folders_keeps_their_paths(checkout: Path) -> None:
    wide = Recipe("notebook", "spark", ".", include=("hub/notebook", "notebooks"))
    assert [name for name, _ in wide.files(checkout)] == ["hub/notebook/Dockerfile", "notebooks/01.ipynb"]


@pytest.mark.parametrize(
    "leftover", ["__pycache__/a.pyc", "config/.ruff_cache/x", ".ipynb_checkpoints/n", "a.py~", "b.pyc"]
)
def test_what_tools_leave_behind_changes_nothing(checkout: Path, leftover: str) -> None:
    before = hash_of(checkout)
    path = checkout / "hub" / leftover
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("left behind")
    assert hash_of(checkout) == before


@pytest.mark.parametrize(
    "change",
    [
        lambda hub: (hub / "config/settings.py").write_text("other"),
        lambda hub: (hub / "config/settings.py").rename(hub / "config/renamed.py"),
        lambda hub: (hub / "new").touch(),
        lambda hub: (hub / "Dockerfile").chmod(0o755),
    ],
    ids=["bytes", "name", "new file", "executable bit"],
)
def test_every_change_of_content_changes_the_hash(checkout: Path, change) -> None:
    before = hash_of(checkout)
    change(checkout / "hub")
    assert hash_of(checkout) != before


def test_times_and_umask_change_nothing(checkout: Path) -> None:
    before = hash_of(checkout)
    (checkout / "hub/Dockerfile").chmod(0o600)
    os.utime(checkout / "hub/Dockerfile", (0, 0))
    assert hash_of(checkout) == before


def test_strings_cannot_run_into_each_other() -> None:
    assert content_hash(["ab", "c"]) != content_hash(["a", "bc"])


def test_the_tar_is_the_same_whoever_writes_it_and_when(checkout: Path) -> None:
    first, second = io.BytesIO(), io.BytesIO()
    write_tar(HUB.files(checkout), first)
    os.utime(checkout / "hub/Dockerfile", (1, 1))
    (checkout / "hub/Dockerfile").chmod(0o640)
    write_tar(HUB.files(checkout), second)
    assert first.getvalue() == second.getvalue()


def test_the_tar_holds_modes_links_and_a_time_that_wheels_can_hold(checkout: Path) -> None:
    (checkout / "hub/config/settings.py").chmod(0o700)
    (checkout / "hub/link").symlink_to("Dockerfile")
    packed = io.BytesIO()
    write_tar(HUB.files(checkout), packed)
    packed.seek(0)
    with tarfile.open(fileobj=packed) as tar:
        entries = {entry.name: entry for entry in tar}
    assert entries["config/settings.py"].mode == 0o755
    assert entries["link"].linkname == "Dockerfile"
    assert entries["Dockerfile"].mtime >= 315_532_800  # 1980
