"""The commit of a project, and whether its own files differ from it."""

from __future__ import annotations

import os
import subprocess
from dataclasses import asdict
from pathlib import Path

import pytest
from spark_etl.code.git import GitState, read_git_state
from spark_etl.runner import environment


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project under git, all committed."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    (tmp_path / "features").mkdir()
    (tmp_path / "features" / "one.py").write_text("x = 1\n")
    author = ["-c", "user.name=ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false"]
    for arguments in (["init", "--quiet"], ["add", "."], [*author, "commit", "--quiet", "-m", "first"]):
        subprocess.run(["git", "-C", str(tmp_path), *arguments], check=True)
    return tmp_path


def read(folder: Path) -> GitState:
    state = read_git_state(folder)
    assert state
    return state


def test_a_clean_checkout_is_its_commit(repository: Path) -> None:
    state = read(repository)
    assert len(state.commit) == 40
    assert state.dirty is False
    assert str(state) == state.commit


@pytest.mark.parametrize("name", ["features/one.py", "new.py"])
def test_a_change_makes_it_dirty(repository: Path, name: str) -> None:
    clean = read(repository)
    (repository / name).write_text("changed")
    assert read(repository) == GitState(clean.commit, dirty=True)
    assert str(read(repository)) == f"{clean}-dirty"


def test_a_change_beside_the_project_does_not(repository: Path) -> None:
    (repository / "elsewhere.py").write_text("new")
    assert read(repository / "features").dirty is False


def test_without_git_there_is_no_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert read_git_state(tmp_path) is None
    monkeypatch.setenv("PATH", "")
    assert read_git_state(tmp_path) is None


@pytest.mark.parametrize("state", [GitState("c0ffee", dirty=False), GitState("c0ffee", dirty=True)])
def test_a_run_records_what_it_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: GitState) -> None:
    monkeypatch.setenv("SPARK_ETL_GIT", str(state))
    assert environment.git_state(tmp_path) == asdict(state)


def test_a_run_reads_the_git_of_its_project_otherwise(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SPARK_ETL_GIT", raising=False)
    assert environment.git_state(repository) == asdict(read(repository))
