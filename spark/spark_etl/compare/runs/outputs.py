"""The rows of a feature that a run has published and not kept: read where they lie, as long as they are the run's."""

from __future__ import annotations

from typing import Any

from spark_etl import bounded_json
from spark_etl.adopting.adopt import manifest_of_files
from spark_etl.adopting.files import adopted_files
from spark_etl.errors import SparkEtlError
from spark_etl.reading import Checkpoint, Run
from spark_etl.storage import is_hidden, join, normalise, relative_to, storage_for

# As `spark_etl.runner.publish.ownership` writes it beside an output's files: name → bytes of each.
OUTPUT_FILE = "_output"
LARGEST = 64 << 20


def published_rows(run: Run, feature: str) -> Checkpoint | None:
    """Returns the published rows of a feature; None where it was not published, or others have taken their place.

    They are the run's if its own manifest lies at the path, and exactly the files that it names, of the same sizes.

    Args:
        run: The run.
        feature: A feature of it.
    """
    for output in run.document.outputs:
        if output.feature == feature and output.state == "succeeded":
            try:
                return _rows_at(run, feature, normalise(output.path))
            except SparkEtlError:  # nothing is there, or something else: the feature was not kept then
                return None
    return None


def _rows_at(run: Run, feature: str, path: str) -> Checkpoint | None:
    settings = run.stored.settings
    file = join(path, f"{OUTPUT_FILE}-{run.id}.json")
    known: Any = bounded_json.read(storage_for(file, settings).read, file, largest=LARGEST)
    files = known.get("files") if isinstance(known, dict) else None
    if not isinstance(files, dict):
        return None
    written = {name: size for name, size in files.items() if not any(map(is_hidden, name.split("/")))}
    found = adopted_files(feature, path, settings)
    if {relative_to(item.path, path): item.size for item in found.files} != written:
        return None
    return Checkpoint(path, manifest_of_files(run.id, feature, found), settings)
