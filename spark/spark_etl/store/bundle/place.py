"""Writes the run of a bundle into a store: rows first, run.json last, so that what was interrupted reads as no run."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import Any

from spark_etl.errors import ArgumentError, SparkEtlError, StorageError
from spark_etl.storage import S3Settings, join, name_of, relative_to, storage_for
from spark_etl.store import layout
from spark_etl.store.bundle.archive import BundleArchive
from spark_etl.store.bundle.claim import ImportClaim
from spark_etl.store.bundle.content import RUN
from spark_etl.store.bundle.format import BundleInfo
from spark_etl.store.bundle.read import SOURCES_MEMBER, BundledRun
from spark_etl.store.document import IMPORTED
from spark_etl.store.manifest import Manifest
from spark_etl.store.run import StoredRun

THREADS = 4
OnProgress = Callable[[str, int, int], None]


def imported_run(scratch: str, team: str, info: BundleInfo, settings: S3Settings | None) -> StoredRun:
    """Returns the run that a bundle becomes; it need not be there yet.

    Args:
        scratch: The scratch path, normalised.
        team: The folder that it lies in.
        info: What the bundle says of itself.
        settings: How to reach S3; from the environment if not given.
    """
    return StoredRun.at(scratch, team, info.pipeline, info.run_id, settings)


def place_run(
    archive: BundleArchive,
    bundled: BundledRun,
    run: StoredRun,
    imported: Mapping[str, Any],
    *,
    kind: str = IMPORTED,
    on_progress: OnProgress | None = None,
) -> None:
    """Writes a run that was looked at; after an error, nothing of it is left.

    Args:
        archive: The bundle.
        bundled: What it has; see `read_bundle`.
        run: Where to.
        imported: What its document says of where it comes from; see `RunDocument.imported`.
        kind: What its document says that it is.
        on_progress: Is called with a member's name, and how many bytes of how many are written.

    Raises:
        ArgumentError: Somebody else imports it there at this moment, or has done so meanwhile.
        StorageError: The store does not answer, refuses, or is full.
    """
    with ImportClaim(run) as claim:
        if run.exists():
            raise _is_there(run)
        claim.clear()  # what is left of an import that was killed
        document = replace(
            bundled.document, kind=kind, path=run.root, team=run.team, run_id=run.run_id, imported=dict(imported)
        )
        try:
            _write_files(archive, bundled, run, on_progress)
            _write_documents(archive, bundled, run)
            _write_code(archive, bundled, run)
            is_ours = claim.holds and run.create_document(document)
        except BaseException as error:
            _undo(run, claim)
            if isinstance(error, OSError):
                problem = f"{run.root} can't be written: {error.strerror or error}"
                raise StorageError(problem, hint="make room, or import it elsewhere: --as NAME") from error
            raise
        if not is_ours:
            _undo(run, claim)
            raise _is_there(run)
    run.replace_mark(document)


def _write_code(archive: BundleArchive, bundled: BundledRun, run: StoredRun) -> None:
    """Writes the archive of code last, also over one that is there, as a clean-up may look at that.

    It is never undone: another run may have the same by now. A clean-up deletes one that no run names.
    """
    if bundled.code is not None:
        path = join(run.root.rpartition("/")[0], layout.CODE_FOLDER, name_of(bundled.code))
        store = storage_for(path, run.settings)
        store.write_chunks(path, archive.chunks(bundled.code), archive.entries[bundled.code].size)


def _undo(run: StoredRun, claim: ImportClaim) -> None:
    """Deletes what was written, unless the folder is somebody else's by now."""
    with suppress(SparkEtlError, OSError):
        if claim.holds and not run.exists():
            claim.clear()


def _is_there(run: StoredRun) -> ArgumentError:
    return ArgumentError(
        f"somebody else has just imported run {run.run_id} into {run.root}; nothing was written",
        hint=f"./sandbox runs show {run.run_id}, or import it elsewhere: --as NAME",
    )


def _write_files(archive: BundleArchive, bundled: BundledRun, run: StoredRun, on_progress: OnProgress | None) -> None:
    files = bundled.files()
    total, done = sum(archive.entries[member].size for member in files), 0
    store = storage_for(run.root, run.settings)

    def write(member: str) -> str:
        store.write_chunks(join(run.root, files[member]), archive.chunks(member), archive.entries[member].size)
        return member

    with ThreadPoolExecutor(THREADS) as pool:
        try:
            for member in pool.map(write, files):
                done += archive.entries[member].size
                if on_progress:
                    on_progress(files[member], done, total)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _write_documents(archive: BundleArchive, bundled: BundledRun, run: StoredRun) -> None:
    store = storage_for(run.root, run.settings)
    for folder, manifest in bundled.frames.items():
        run.write_manifest(folder, _with_etags(manifest, run.checkpoint_path(folder), run.settings))
    for feature, report in bundled.reports.items():
        store.write(join(run.root, feature, layout.FAILURE_FILE), json.dumps(report, indent=1).encode())
    others = [*bundled.others, *([SOURCES_MEMBER] if bundled.sources else [])]
    for member in others:
        store.write(join(run.root, member.removeprefix(f"{RUN}/")), b"".join(archive.chunks(member)))


def _with_etags(manifest: Manifest, folder: str, settings: S3Settings | None) -> Manifest:
    """Returns a manifest with the ETags that the store has given the files."""
    there = {relative_to(item.path, folder): item.etag for item in storage_for(folder, settings).walk(folder)}
    return replace(manifest, files=[replace(file, etag=there[file.name]) for file in manifest.files])
