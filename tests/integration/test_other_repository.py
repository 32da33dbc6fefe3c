"""Another repository's CI: its own environment, its pipeline on a stack of its own; green, red, and killed."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from spark_etl.reading import Runs

from tests.support import leftovers
from tests.support.sandbox import ROOT, until

SOURCE = ROOT / "tests" / "fixtures" / "other_repo"
SECONDS = 600  # it may have to build images, on a machine that does other things


@dataclass(frozen=True)
class OtherRepository:
    """A copy of the other repository, and where the stacks of its test sessions are."""

    folder: Path
    state_home: Path

    @property
    def stacks(self) -> list[str]:
        """The stacks that sessions have and have had, by their state folders."""
        return sorted(path.name for path in (self.state_home / ".pytest").glob("pytest-*") if path.is_dir())

    def ci(self, *options: str) -> subprocess.Popen[str]:
        """Starts its CI."""
        own = {
            "PINNED_PACKAGES": sysconfig.get_path("purelib"),  # from the lock file that its own would be made from
            "SANDBOX_HOME": str(ROOT),
            "SANDBOX_STATE_DIR": str(self.state_home),
        }
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("SANDBOX_", "PYTEST_"))}
        return subprocess.Popen(
            ["./ci.sh", *options],
            cwd=self.folder,
            env={**kept, **own},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run_ci(self, *options: str) -> tuple[int, str]:
        """Runs its CI, and returns the exit code and what it said."""
        process = self.ci(*options)
        try:
            out = process.communicate(timeout=SECONDS)[0]
        except BaseException:
            os.killpg(process.pid, signal.SIGTERM)
            process.communicate(timeout=SECONDS)
            raise
        return process.returncode, out


@pytest.fixture
def other_repository(clean_engine: None, tmp_path: Path) -> Iterator[OtherRepository]:
    with leftovers.own_name() as name:
        folder = tmp_path / "shop"
        shutil.copytree(SOURCE, folder, ignore=shutil.ignore_patterns(".venv", "__pycache__", "artifacts"))
        repository = OtherRepository(folder, leftovers.home() / name)
        try:
            yield repository
        finally:
            leftovers.remove(name)


@pytest.mark.timeout(1800)
def test_ci_ends_green_red_and_cleans_up_after_a_kill(other_repository: OtherRepository, tmp_path: Path) -> None:
    killed = kill_while_it_uses_its_stack(other_repository)
    assert leftovers.of(killed)["containers"], "a kill leaves the stack"

    code, out = other_repository.run_ci("tests/test_pipeline.py", "-m", "not bug", "-v")
    assert code == 0, out
    assert "3 passed" in out
    assert f"removed the stack {killed}" in out
    assert leftovers.of(killed) == {}

    code, out = other_repository.run_ci("tests/test_pipeline.py", "-m", "bug")
    assert code == 1, out
    assert "`revenue` must be at least 0: 1 of 1 rows break it" in out
    assert other_repository.stacks == []
    imports(other_repository, out, tmp_path / "scratch")


def kill_while_it_uses_its_stack(repository: OtherRepository) -> str:
    """Kills a CI job, with all of its processes, as its stack is up; returns the stack's name."""
    process = repository.ci("tests/test_pipeline.py", "-m", "not bug")
    try:
        until(
            lambda: list(repository.state_home.glob(".pytest/*/pytest.ready")), within=SECONDS, what="its stack is up"
        )
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        said = process.communicate(timeout=60)[0]
    (stack,) = repository.stacks
    assert process.returncode == -signal.SIGKILL, said
    return stack


def imports(repository: OtherRepository, out: str, folder: Path) -> None:
    """The report of the red test names the bundle, which is imported where there is no stack, and what to look at."""
    (line,) = [line.strip() for line in out.splitlines() if "sandbox import" in line]
    file, run = re.fullmatch(r"sandbox import (\S+) && sandbox debug (\S+)", line).groups()  # type: ignore[union-attr]
    argv = [sys.executable, "-m", "spark_etl", "import", str(repository.folder / file), "--scratch-path", str(folder)]
    subprocess.run(argv, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT / "spark")}, check=True)
    imported = Runs(str(folder))[run]
    assert (imported.status, imported.error and imported.error.feature) == ("failed", "revenue")
    assert imported["orders"].rows == 1
