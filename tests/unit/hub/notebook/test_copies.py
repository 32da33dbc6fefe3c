"""A reader's copy of a shared notebook: it says whose it is, and nothing is ever written over."""

from __future__ import annotations

from pathlib import Path

import pytest
from sandbox_lab import copies
from sandbox_lab.copies import copy_shared
from sandbox_lab.errors import RefusedError

FOLDER = "notebooks/shared"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Bob's home, and a shelf with two versions of ada's notebook."""
    monkeypatch.setattr(copies, "SHELF", tmp_path / "published")
    for version in (1, 2):
        folder = tmp_path / "published" / "ada" / "late_orders" / f"v{version}"
        folder.mkdir(parents=True)
        (folder / "late_orders.ipynb").write_text(f'{{"version": {version}}}')
        (folder / "_again.ipynb").write_text("{}")
        (folder / "record.json").write_text("{}")
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def test_a_copy_says_from_whom_it_is_and_which_version(home: Path) -> None:
    for version in (1, 2):
        copy = copy_shared(home, "ada", "late_orders", version)

        assert (copy.path, copy.state) == (f"{FOLDER}/late_orders_from_ada_v{version}.ipynb", "new")
        assert (home / copy.path).read_text() == f'{{"version": {version}}}'
        (home / copy.path).write_text("mine")  # what can't be written to can't be saved
    assert len(list(home.rglob("*"))) == 4, "two copies in two folders, and nothing else"


def test_one_that_was_edited_is_opened_as_it_is_or_gets_another_beside_it(home: Path) -> None:
    first = copy_shared(home, "ada", "late_orders", 1)
    assert copy_shared(home, "ada", "late_orders", 1).state == "unchanged"
    assert copy_shared(home, "ada", "late_orders", 1, fresh=True) == copies.Copy(first.path, "unchanged")
    (home / first.path).write_text("edited")

    assert copy_shared(home, "ada", "late_orders", 1) == copies.Copy(first.path, "edited")
    fresh = copy_shared(home, "ada", "late_orders", 1, fresh=True)

    assert fresh == copies.Copy(f"{FOLDER}/late_orders_from_ada_v1-2.ipynb", "new")
    assert (home / first.path).read_text() == "edited"


def test_no_two_notebooks_have_the_same_copy() -> None:
    pairs = [("ada", "x_from_bob_v1"), ("bob", "x"), ("ada", "x"), ("ada-b", "c"), ("ada", "b-c"), ("b", "c_from_ada")]

    assert len({copies.copy_name(author, name, 1) for author, name in pairs}) == len(pairs)


@pytest.mark.parametrize(("author", "version"), [("ada", 3), ("bob", 1)])
def test_what_is_not_on_the_shelf_is_reported(home: Path, author: str, version: int) -> None:
    with pytest.raises(RefusedError, match="is not on the shelf any more"):
        copy_shared(home, author, "late_orders", version)


def test_what_was_withdrawn_halfway_is_not_copied(home: Path) -> None:
    (copies.SHELF / "ada" / "late_orders" / "v1" / "record.json").unlink()

    with pytest.raises(RefusedError, match="is not on the shelf any more"):
        copy_shared(home, "ada", "late_orders", 1)


def test_a_home_that_takes_no_copy_says_why(home: Path) -> None:
    (home / "notebooks").write_text("a file")

    with pytest.raises(RefusedError) as refused:
        copy_shared(home, "ada", "late_orders", 1)

    assert refused.value.status == 409
    assert "could not be written to ~/notebooks/shared" in refused.value.message
    assert refused.value.hint
