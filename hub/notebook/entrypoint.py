#!/opt/venv/bin/python -I
"""What a user's server starts with: the notebooks in a new home, then the server itself."""

from __future__ import annotations

import filecmp
import json
import os
import shutil
import socket
import sys
from pathlib import Path

SHIPPED = Path("/opt/notebooks")
RECORD = ".sandbox/notebooks.json"
TEAM = Path("/team")
SERVER = ["jupyterhub-singleuser"]


def copy_notebooks(shipped: Path, home: Path) -> list[str]:
    """Copies the shipped notebooks into the home; returns the names that were copied.

    1. One that isn't there is copied, unless it was copied before: its owner has deleted it.
    2. One that is there as it was shipped before is replaced by its new version.
    3. One that was edited is never touched.
    """
    folder, record = home / "notebooks", home / RECORD
    folder.mkdir(exist_ok=True)
    copied_before = _read_record(record)
    copied = []
    for source in sorted(shipped.glob("*.ipynb")):
        target = folder / source.name
        untouched = target.exists() and copied_before.get(source.name) == target.stat().st_mtime
        new = not target.exists() and source.name not in copied_before
        if new or (untouched and not filecmp.cmp(source, target, shallow=False)):
            shutil.copyfile(source, target)
            copied_before[source.name] = target.stat().st_mtime
            copied.append(source.name)
    record.parent.mkdir(exist_ok=True)
    record.write_text(json.dumps(copied_before))
    return copied


def _read_record(record: Path) -> dict[str, float]:
    """Returns what was copied before; a record that can't be read counts as none: it must keep nobody out."""
    try:
        copied_before = json.loads(record.read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return copied_before if isinstance(copied_before, dict) else {}


def delete_reads(folder: Path) -> None:
    """Deletes what earlier kernels have read: it is of interest until their server ends."""
    for file in folder.glob("*.jsonl"):
        file.unlink(missing_ok=True)


def link_shelf(home: Path, shelf: Path = TEAM) -> None:
    """Puts the team's shelf into the home, unless something of that name is there."""
    link = home / "team"
    if shelf.is_dir() and not link.exists() and not link.is_symlink():
        link.symlink_to(shelf)


def main() -> None:
    """Becomes the server."""
    home = Path(os.environ.get("HOME") or "/tmp")  # noqa: S108 - without a home, whatever is writable
    try:
        home.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        sys.stderr.write(f"entrypoint: no home for uid {os.getuid()}: {error}\n")
        raise SystemExit(2) from None
    try:
        copy_notebooks(SHIPPED, home)
        link_shelf(home)
        delete_reads(Path(os.environ.get("SPARK_ETL_READS") or home / ".sandbox" / "reads"))
    except OSError as error:  # a full disk, or `notebooks` is a file now: what its user can only mend from inside
        sys.stderr.write(f"entrypoint: the home could not be prepared: {error}\n")
    # A driver in this container is called back by executors, which know it by this address.
    os.environ.setdefault("SPARK_LOCAL_IP", socket.gethostbyname(socket.gethostname()))
    os.chdir(home)
    os.execvp(SERVER[0], [*SERVER, *sys.argv[1:]])  # noqa: S606 - no shell is the point


if __name__ == "__main__":
    main()
