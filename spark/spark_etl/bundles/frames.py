"""The rows of a run that go into a bundle: as they were written, or not at all."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from spark_etl.errors import SparkEtlError
from spark_etl.reading.part_files import FileProblem, footer_problem, listed_problems
from spark_etl.storage import S3Settings, join
from spark_etl.store import BundleNames, Frame, FrameFile, Manifest, frame_member, manifest_at

THREADS = 16


def find_frame(name: str, folder: str, settings: S3Settings | None) -> Frame | str:
    """Returns the rows of a checkpoint's folder; else why they can't go along.

    Args:
        name: The folder's name.
        folder: The folder.
        settings: How to reach S3; from the environment if not given.
    """
    try:
        manifest = manifest_at(folder, settings)
    except SparkEtlError as error:
        return error.message
    if manifest is None:
        return f"its rows are not at {folder} any more"
    if problem := _problem(folder, manifest, settings):
        return f"{join(folder, problem.file)}: {problem.reason}"
    names = BundleNames()
    for file in manifest.files:
        if reason := names.add(frame_member(name, file.name)):
            return f"{join(folder, file.name)}: {reason}"
    files = tuple(FrameFile(file.name, manifest.file_path(folder, file.name)) for file in manifest.files)
    return Frame(name, manifest, files)


def _problem(folder: str, manifest: Manifest, settings: S3Settings | None) -> FileProblem | None:
    """Returns the first file that is not the one which the run wrote, as far as its ends tell."""
    listed = listed_problems(folder, manifest, settings, times=False)
    if problem := next((each for each in listed if each.kind != "added"), None):
        return problem
    with ThreadPoolExecutor(THREADS) as pool:
        footers = pool.map(
            lambda file: footer_problem(manifest.file_path(folder, file.name), file, manifest, settings),
            manifest.files,
        )
        return next(filter(None, footers), None)
