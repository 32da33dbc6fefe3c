"""A run that somebody else's code has written into another store: it becomes one here as a bundle's does."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from spark_etl.bundles.footers import check_footers
from spark_etl.errors import DamagedError
from spark_etl.store import (
    BundleArchive,
    BundleInfo,
    Part,
    RunDocument,
    StoredRun,
    place_run,
    read_bundle,
    write_bundle,
)

OnProgress = Callable[[str, int, int], None]


def keep_returned(
    parts: Sequence[Part],
    document: RunDocument,
    run: StoredRun,
    folder: Path,
    *,
    beside: Collection[str] = (),
    missing: Sequence[str] = (),
    on_progress: OnProgress | None = None,
) -> None:
    """Makes a run of what lies in another store: copied into a file, looked at as an import looks, then written.

    What is looked at is what is written, whatever happens to the other store meanwhile. After an error, nothing is
    left.

    Args:
        parts: What it has; see `parts_as_written`.
        document: What it is: the same as among the parts.
        run: Where to, where no run.json lies.
        folder: Takes the file meanwhile.
        beside: Folders of runs that are there, and whose rows it may name.
        missing: What it should have and has not, such as its code.
        on_progress: Is called with what is copied or written, and how many bytes of how many are.

    Raises:
        DamagedError: It is none that readers would accept; the object that is wrong is named.
        ArgumentError: There is not enough room for the file.
        StorageError: A store does not answer, refuses, or is full.
    """
    file = folder / f"{run.run_id}.bundle"
    info = BundleInfo(run.root, document.kind, missing=tuple(missing))
    try:
        write_bundle(file, info, parts, on_progress=on_progress)
        with BundleArchive(file) as archive:
            bundled = read_bundle(archive, beside)
            check_footers(archive, bundled, beside)
            place_run(archive, bundled, run, document.imported or {}, kind=document.kind, on_progress=on_progress)
    except DamagedError as error:
        raise DamagedError(error.message.replace(f"{file}: run/", f"{run.root}/"), hint=error.hint) from error
    finally:
        file.unlink(missing_ok=True)
