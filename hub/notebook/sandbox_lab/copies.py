"""A reader's own copy of a shared notebook: what lies on the shelf can be read only."""

from __future__ import annotations

import filecmp
import itertools
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from sandbox_lab.errors import RefusedError

SHELF = Path("/team/published")
FOLDER = Path("notebooks") / "shared"
# What the hub writes last into a version's folder: without it, there is no such version.
RECORD = "record.json"
NEW, UNCHANGED, EDITED = "new", "unchanged", "edited"


@dataclass(frozen=True)
class Copy:
    """A copy in the reader's home.

    Attributes:
        path: Relative to the home, as JupyterLab shows it.
        state: `new`; or of a copy that was there: `unchanged`, or `edited` by its owner.
    """

    path: str
    state: str


def copy_name(author: str, name: str, version: int, number: int = 1) -> str:
    """Returns a copy's file name, which says from whom it is and which version; no two notebooks have the same.

    An author's name has no `_`, so that what follows the last `_from_` is unambiguous.
    """
    return f"{name}_from_{author}_v{version}" + (f"-{number}" if number > 1 else "") + ".ipynb"


def copy_shared(home: Path, author: str, name: str, version: int, *, fresh: bool = False) -> Copy:
    """Copies a shared notebook into the home, and never over anything.

    Args:
        home: The reader's.
        author: Who has shared it.
        name: What it is called on the shelf.
        version: Which one.
        fresh: Whether a copy that was edited gets another one beside it; otherwise it is the result itself.

    Raises:
        RefusedError: It is not on the shelf, or the home takes no copy.
    """
    source = SHELF / author / name / f"v{version}" / f"{name}.ipynb"
    if not source.is_file() or not (source.parent / RECORD).is_file():
        raise RefusedError(
            404, f"{author}/{name}, version {version}, is not on the shelf any more.", "Its page lists the versions."
        )
    try:
        (home / FOLDER).mkdir(parents=True, exist_ok=True)
        targets = (home / FOLDER / copy_name(author, name, version, number) for number in itertools.count(1))
        copies = ((target, _copy(source, target)) for target in targets)
        target, state = next((target, state) for target, state in copies if state != EDITED or not fresh)
    except OSError as error:
        reason = f"The copy could not be written to ~/{FOLDER}: {error.strerror or error}."
        raise RefusedError(409, reason, "Make room in your home, or move what is in the way.") from error
    return Copy(str(target.relative_to(home)), state)


def _copy(source: Path, target: Path) -> str:
    """Copies a file, whole or not at all; returns what was there before."""
    if target.exists():
        return UNCHANGED if filecmp.cmp(source, target, shallow=False) else EDITED
    with (
        tempfile.NamedTemporaryFile(dir=target.parent, prefix=".", suffix=".part") as part,
        source.open("rb") as opened,
    ):
        shutil.copyfileobj(opened, part)
        part.flush()
        Path(part.name).chmod(0o644)
        try:
            os.link(part.name, target)  # fails where a file is by now
        except FileExistsError:
            return EDITED
    return NEW
