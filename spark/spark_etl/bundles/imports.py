"""Makes a run of a bundle, whoever has made it: all of it is looked at before anything is written."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spark_etl.bundles.footers import check_footers
from spark_etl.errors import ArgumentError, DamagedError
from spark_etl.names import is_segment, refused_by_windows
from spark_etl.reading import Run
from spark_etl.storage import S3Settings, is_s3, normalise, relative_to
from spark_etl.storage.paths import local_path
from spark_etl.store import (
    IMPORTED,
    USERS,
    BundleArchive,
    BundleInfo,
    RunStore,
    StoredRun,
    imported_run,
    now,
    place_run,
    read_bundle,
    run_name,
)
from spark_etl.units import format_bytes

TEAM = "imported"
CONNECT = "connect"  # below it, users' own sessions keep their files
RESERVED = (USERS, CONNECT)
OnProgress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Imported:
    """A run that came in a bundle.

    Attributes:
        run: The run.
        info: What the bundle says of itself.
        was_there: Whether the same bundle was imported before, so that nothing was written.
    """

    run: Run
    info: BundleInfo
    was_there: bool

    def to_dict(self) -> dict[str, Any]:
        """Returns it as plain values."""
        features = self.run.features.items()
        return {
            "run_id": self.run.id,
            "name": self.run.name,
            "path": self.run.path,
            "status": self.run.status,
            "was_there": self.was_there,
            "imported": self.run.document.imported,
            "features": {alias: {"state": known.state, "rows": known.rows} for alias, known in features},
        }

    def lines(self) -> list[str]:
        """Returns what has to be said of it besides what it is."""
        lines = ["it is there already, of the same bundle: nothing was written"] if self.was_there else []
        return lines + [f"not in the bundle: {text}" for text in self.info.missing]


def check_name(name: str | None) -> str:
    """Returns the folder that an imported run lies in.

    Raises:
        ArgumentError: It can't be the folder of a team.
    """
    chosen = TEAM if name is None else name
    if chosen in RESERVED:
        raise ArgumentError(f"--as {chosen}: below it, notebooks keep their own files", hint="take another name")
    if not is_segment(chosen):
        raise ArgumentError(
            f"--as {chosen!r} must be letters, digits, `.`, `_` and `-`, and begin with a letter or digit: it becomes "
            "a folder of the scratch path",
            hint=f"without --as, it is {TEAM}",
        )
    if reason := refused_by_windows(chosen):
        raise ArgumentError(f"--as {chosen}: {reason}", hint=f"take another name; without --as, it is {TEAM}")
    return chosen


def import_bundle(
    file: Path,
    scratch: str,
    settings: S3Settings | None = None,
    *,
    name: str | None = None,
    by: str,
    on_progress: OnProgress | None = None,
) -> Imported:
    """Returns the run that a bundle becomes; a bundle that is not whole leaves nothing behind.

    Args:
        file: The bundle.
        scratch: The scratch path.
        settings: How to reach S3; from the environment if not given.
        name: The folder of a team that it lies in; `imported` if not given.
        by: Who imports it.
        on_progress: Is called with what is checked or written, and how many bytes of how many are.

    Raises:
        ArgumentError: There is no such file, another run is there already, or there is not enough room.
        DamagedError: The bundle is not whole, or hostile; the member that is wrong is named.
    """
    team, place = check_name(name), normalise(scratch)
    with _next_of_damage(), BundleArchive(file) as archive:
        archive.verify(on_progress)
        bundled = read_bundle(archive)
        check_footers(archive, bundled)
        run = imported_run(place, team, archive.info, settings)
        if _is_there(run, archive):
            return _imported(run, archive.info, place, was_there=True)
        _check_room(run, sum(entry.size for entry in archive.entries.values()))
        sample = archive.info.sample
        known = bundled.document.imported if bundled.document.kind == IMPORTED else None
        imported = {
            "from": archive.info.path,
            "bundle": archive.sha256,
            "at": now(),
            "by": by,
            "kind": known["kind"] if known else archive.info.kind,
            "sample": sample or (known or {}).get("sample"),
        }
        place_run(archive, bundled, run, imported, on_progress=on_progress)
        return _imported(run, archive.info, place, was_there=False)


@contextmanager
def _next_of_damage() -> Iterator[None]:
    """Says what to do about a bundle that is refused."""
    try:
        yield
    except DamagedError as error:
        if error.hint:
            raise
        hint = "have it made anew, where the run is: ./sandbox export RUN FILE"
        raise DamagedError(error.message, hint=hint) from error


def _imported(run: StoredRun, info: BundleInfo, scratch: str, *, was_there: bool) -> Imported:
    """Returns an imported run by a name that means no other: its id, or its path where the original is there, too."""
    many = len(RunStore(scratch, run.settings).called(run.run_id)) > 1
    name = relative_to(run.root, scratch) if many else run_name(run.root, scratch)
    return Imported(Run(run, None, name=name), info, was_there)


def _is_there(run: StoredRun, archive: BundleArchive) -> bool:
    """Returns whether the same bundle was imported before.

    Raises:
        ArgumentError: Another run is there.
    """
    document = run.document()
    if document is None:
        return False
    if (document.imported or {}).get("bundle") == archive.sha256:
        return True
    raise ArgumentError(
        f"run {run.run_id} is at {run.root} already, and not of this bundle",
        hint=f"./sandbox import {archive.path} --as NAME puts it elsewhere",
    )


def _check_room(run: StoredRun, size: int) -> None:
    if is_s3(run.root):
        return  # which says so itself when it is full
    folder = local_path(run.scratch)
    while not folder.is_dir():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if size > free:
        raise ArgumentError(
            f"the bundle needs {format_bytes(size)}, the disk of {folder} has {format_bytes(free)}",
            hint="make room: ./sandbox gc, or import it elsewhere: --scratch-path",
        )
