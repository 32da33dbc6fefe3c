"""The state of a project's git: its commit, and whether there were changes on top."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

TIMEOUT_SECONDS = 10
DIRTY = "-dirty"


@dataclass(frozen=True)
class GitState:
    """A commit and what lay on top of it.

    Attributes:
        commit: Its whole hash.
        dirty: Whether files of the project differ from it; None where git did not say.
    """

    commit: str
    dirty: bool | None

    def __str__(self) -> str:
        """Returns `<commit>` or `<commit>-dirty`, as `parse` reads it."""
        return f"{self.commit}{DIRTY if self.dirty else ''}"

    @classmethod
    def parse(cls, text: str) -> GitState:
        """Returns the state that `str` has made the text of."""
        return cls(text.removesuffix(DIRTY), text.endswith(DIRTY))


def read_git_state(project: Path) -> GitState | None:
    """Returns the state of the git that the folder is in, by the files below it; None where there is no git."""
    commit = _git(project, "rev-parse", "HEAD")
    if not commit:
        return None
    changes = _git(project, "status", "--porcelain", "--", ".")
    return GitState(commit, None if changes is None else bool(changes))


def _git(project: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(project), *arguments], capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
