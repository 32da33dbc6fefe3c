"""Which folder each feature's files lie in."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from spark_etl.adopting.request import AdoptRequest
from spark_etl.errors import ArgumentError
from spark_etl.names import listing
from spark_etl.storage import Entry, S3Settings, is_hidden, join, relative_to, storage_for
from spark_etl.store import StoredRun, is_manifest, run_name

SUFFIXES = (".parquet", ".parq")
MOST_ENTRIES, MOST_FOLDERS, MOST_LOOKED_AT = 10_000, 100, 1_000


def is_parquet_name(name: str) -> bool:
    """Returns whether a file may be Parquet by its name: Hive's `000000_0` has no ending."""
    return name.endswith(SUFFIXES) or "." not in name


def feature_folders(request: AdoptRequest, settings: S3Settings | None) -> dict[str, str]:
    """Returns feature → the folder of its files.

    With one feature, the prefix is its folder if Parquet lies right there; else each has the folder of its name.

    Raises:
        ArgumentError: No feature is named: the folders that have Parquet are listed.
    """
    refuse_own_run(request.prefix, settings)
    if not request.features:
        raise _no_feature(request.prefix, settings)
    is_alone = len(request.features) == 1 and None in request.features.values()
    if is_alone and _lies_right_there(request.prefix, settings):
        return dict.fromkeys(request.features, request.prefix)
    return {name: folder or join(request.prefix, name) for name, folder in request.features.items()}


def refuse_own_run(folder: str, settings: S3Settings | None) -> None:
    """Refuses the folder of a run, or of a checkpoint.

    Raises:
        ArgumentError: It says how the run is named.
    """
    run, feature = StoredRun.of_checkpoint(folder, settings)
    inside, _ = StoredRun.of_checkpoint(join(folder, "_"), settings)
    if inside is not None and inside.exists():
        name = run_name(inside.root)
        raise ArgumentError(f"{folder} is a run already: {name}", hint=f'./sandbox runs show {name}, or runs["{name}"]')
    if run is not None and run.exists():
        name = run_name(run.root)
        raise ArgumentError(f"{folder} belongs to a run already: {name}", hint=f'runs["{name}"]["{feature}"]')


def _no_feature(prefix: str, settings: S3Settings | None) -> ArgumentError:
    if _lies_right_there(prefix, settings):
        return ArgumentError(f"which feature is {prefix}? Parquet lies right there", hint="--feature NAME")
    found = folders_with_parquet(prefix, settings)
    hint = f"--feature {','.join(sorted(found)[:3])}" if found else nothing_there(prefix, settings)
    return ArgumentError(
        f"which features are to be adopted? Folders with Parquet in {prefix}: {listing(found)}", hint=hint
    )


def nothing_there(folder: str, settings: S3Settings | None) -> str:
    """Returns what lies in a folder that has no Parquet, or in the folder above it."""
    above = folder.rpartition("/")[0]
    for place in (folder, above):
        names = storage_for(place, settings).names(place) if place.rpartition("://")[2] else []
        if names:
            return f"in {place}: {listing(names)}"
    return "check the path"


def folders_with_parquet(folder: str, settings: S3Settings | None) -> list[str]:
    """Returns the names of the folders directly below that have Parquet; of very many, some."""
    names = [entry.name for entry in _entries(folder, settings) if entry.is_folder and not is_hidden(entry.name)]
    return [name for name in names[:MOST_FOLDERS] if _has_parquet(join(folder, name), settings)]


def _has_parquet(folder: str, settings: S3Settings | None) -> bool:
    some = list(islice(storage_for(folder, settings).walk(folder), MOST_LOOKED_AT))
    if any(is_manifest(item.path) for item in some):
        return False
    parts = [relative_to(item.path, folder).split("/") for item in some]
    return any(part[-1].endswith(SUFFIXES) and not any(map(is_hidden, part)) for part in parts)


def _lies_right_there(folder: str, settings: S3Settings | None) -> bool:
    seen = [entry for entry in _entries(folder, settings) if not is_hidden(entry.name)]
    return any("=" in entry.name if entry.is_folder else entry.name.endswith(SUFFIXES) for entry in seen)


def _entries(folder: str, settings: S3Settings | None) -> Iterator[Entry]:
    entries = storage_for(folder, settings).entries(folder)
    return (entry for entry in islice(entries, MOST_ENTRIES) if entry.name)
