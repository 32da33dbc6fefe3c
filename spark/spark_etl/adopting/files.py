"""The files of a folder that is adopted: which they are, what their footers say, and whether they are one frame.

1. Every file that readers of Parquet see belongs to it (`find_files`); another format among them is refused.
2. Its folders are all `name=value`, and then columns, or none of them is (`folder_types`).
3. Spark can read each column (`_refuse_foreign`).
4. All files have the same columns with the same types, in any order (`_refuse_differing`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

from spark_etl.adopting.folders import is_parquet_name, nothing_there
from spark_etl.errors import ArgumentError, MissingDataError
from spark_etl.folder_columns import date_or_text
from spark_etl.names import listing
from spark_etl.parquet import FOOTER_THREADS, need_pyarrow
from spark_etl.schemas.footers import Footer, read_footer
from spark_etl.schemas.foreign import TWINS, foreign_leaves
from spark_etl.schemas.types import FileSchema, describe_type
from spark_etl.storage import S3Settings, StoredObject, is_hidden, name_of, relative_to, storage_for
from spark_etl.storage.paths import ESCAPED, folder_column, unescape
from spark_etl.store import StoredRun, is_manifest, run_name

OnProgress = Callable[[str, int, int], None]
MOST_FILES, MOST_OBJECTS = 100_000, 300_000
MOST_SHOWN = 5
# What lies in a table of another kind, of which not every Parquet file is to be read.
TABLES = {"_delta_log": "a Delta table", ".hoodie": "a Hudi table", "_symlink_format_manifest": "a Delta table"}
ICEBERG = ".metadata.json"
NARROWER = "adopt a folder that has Parquet alone: --feature NAME=SUBFOLDER"


@dataclass(frozen=True)
class AdoptedFiles:
    """The files of a feature, which can be read as one frame.

    Attributes:
        folder: Where they lie.
        files: Each, as the store lists it.
        rows: Rows of each.
        columns: Those that each file has itself.
        partitions: Columns in the names of folders → `date` or `string`.
    """

    folder: str
    files: Sequence[StoredObject]
    rows: Sequence[int]
    columns: FileSchema
    partitions: Mapping[str, str]


def adopted_files(
    feature: str, folder: str, settings: S3Settings | None = None, on_progress: OnProgress | None = None
) -> AdoptedFiles:
    """Returns the files of a feature; each footer is read, no row.

    Args:
        feature: Its name.
        folder: Where they lie.
        settings: How to reach S3; from the environment if not given.
        on_progress: Is called with the feature, and how many footers of how many were read.

    Raises:
        ArgumentError: They can't be read as one frame; what is wrong is named.
        CheckpointError: pyarrow is not installed here.
    """
    need_pyarrow()
    files = find_files(folder, settings)
    partitions = folder_types(folder, files)
    footers = _footers(feature, files, settings, on_progress)
    names = [relative_to(file.path, folder) for file in files]
    hidden = {name.lower() for name in partitions}
    schemas = [_without(footer.columns, hidden) for footer in footers]
    _refuse_foreign(feature, folder, dict(zip(names, schemas, strict=True)))
    _refuse_differing(feature, folder, dict(zip(names, schemas, strict=True)))
    return AdoptedFiles(folder, files, [footer.rows for footer in footers], schemas[0], partitions)


def find_files(folder: str, settings: S3Settings | None) -> list[StoredObject]:
    """Returns the Parquet files of a folder, found with one listing.

    Raises:
        ArgumentError: There are none, or others, or the folder is a table of another kind, or a checkpoint of a run.
    """
    listed = list(islice(storage_for(folder, settings).walk(folder), MOST_OBJECTS + 1))
    parts = [relative_to(item.path, folder).split("/") for item in listed]
    _refuse_checkpoint(listed)
    _refuse_table(folder, parts)
    seen = [item for item, part in zip(listed, parts, strict=True) if not any(map(is_hidden, part))]
    others = [relative_to(item.path, folder) for item in seen if not is_parquet_name(name_of(item.path))]
    if others:
        raise ArgumentError(f"{folder} has other files than Parquet: {_shown(others)}", hint=NARROWER)
    if not seen:
        raise ArgumentError(f"no Parquet file in {folder}", hint=nothing_there(folder, settings))
    if len(seen) > MOST_FILES or len(listed) > MOST_OBJECTS:
        raise ArgumentError(
            f"{folder} has more than {MOST_FILES:,} files", hint="adopt some of its folders: --feature NAME=SUBFOLDER"
        )
    return seen


def _refuse_checkpoint(listed: Sequence[StoredObject]) -> None:
    for item in listed:
        if is_manifest(item.path):
            folder = item.path.rpartition("/")[0]
            run, feature = StoredRun.of_checkpoint(folder)
            name = run_name(run.root) if run else ""
            of = f"of run {name} " if name else ""
            hint = f'runs["{name}"]["{feature}"]' if name else "adopt a folder without _manifest.json"
            raise ArgumentError(f"{folder} is a checkpoint {of}already", hint=hint)


def _refuse_table(folder: str, parts: Sequence[Sequence[str]]) -> None:
    kinds = [TABLES[part[0]] for part in parts if part[0] in TABLES]
    kinds += ["an Iceberg table" for part in parts if "metadata" in part[:-1] and part[-1].endswith(ICEBERG)]
    if kinds:
        raise ArgumentError(
            f"{folder} is {kinds[0]}: files of older versions lie among those of the newest",
            hint="write the version that you mean as plain Parquet, and adopt that",
        )


def folder_types(folder: str, files: Sequence[StoredObject]) -> dict[str, str]:
    """Returns the columns in the names of folders → `date` where all values are dates, else `string`.

    Raises:
        ArgumentError: Files differ in them, or Spark would read them otherwise.
    """
    found: dict[tuple[str, ...], str] = {}
    values: dict[str, set[str | None]] = {}
    for file in files:
        folders = relative_to(file.path, folder).split("/")[:-1]
        pairs = [folder_column(part) for part in folders]
        _refuse_unreadable(file.path, folders)
        for name, value in filter(None, pairs):
            values.setdefault(name, set()).add(value)
        found.setdefault(tuple(pair[0] for pair in pairs if pair), file.path)
    if len(found) > 1:
        shown = "; ".join(f"{', '.join(names) or 'none'} of {path}" for names, path in islice(found.items(), 2))
        raise ArgumentError(
            f"the folders `name=value` in {folder} are not the same for all files: {shown}", hint=NARROWER
        )
    return {name: date_or_text(list(values[name])) for name in next(iter(found))}


def _refuse_unreadable(path: str, folders: Sequence[str]) -> None:
    """Refuses names of folders of which Spark makes other columns, or none."""
    pairs = [part.partition("=") for part in folders if "=" in part]
    names = [name.lower() for name, _, _ in pairs]
    problem = ""
    if pairs and len(pairs) < len(folders):
        problem = "folders `name=value` are columns, and others lie between them"
    elif len(set(names)) < len(names):
        problem = "two of its folders are the same column"
    elif not all(name and value for name, _, value in pairs):
        problem = "a folder `name=value` has no name or no value"
    elif any(_as_spark(part) != unescape(part) for part in folders if "=" in part):
        problem = "Spark reads the escapes in the name of its folder as other letters"
    if problem:
        raise ArgumentError(
            f"{path}: {problem}", hint="rename the folder, or adopt one further down: --feature NAME=SUBFOLDER"
        )


def _as_spark(text: str) -> str:
    return ESCAPED.sub(lambda match: bytes.fromhex(match[0].replace("%", "")).decode("latin-1"), text)


def _footers(
    feature: str, files: Sequence[StoredObject], settings: S3Settings | None, on_progress: OnProgress | None
) -> list[Footer]:
    problems: list[MissingDataError] = []

    def one(file: StoredObject) -> Footer | None:
        try:
            return read_footer(file.path, settings)
        except MissingDataError as error:
            problems.append(error)
            return None

    footers = []
    with ThreadPoolExecutor(FOOTER_THREADS) as pool:
        for done, footer in enumerate(pool.map(one, files), 1):
            footers.append(footer)
            if on_progress:
                on_progress(feature, done, len(files))
    if problems:
        more = f"; and {len(problems) - 1:,} more files" if len(problems) > 1 else ""
        raise ArgumentError(f"{problems[0].message}{more}", hint="write it again, or adopt a folder without it")
    return [footer for footer in footers if footer is not None]


def _without(columns: FileSchema, hidden: set[str]) -> FileSchema:
    return {name: kind for name, kind in columns.items() if name.lower() not in hidden}


def _refuse_foreign(feature: str, folder: str, schemas: Mapping[str, FileSchema]) -> None:
    """Refuses columns whose types Spark lacks: no run has such a frame, so no feature could be run on it."""
    found = {
        (place, leaf): name
        for name, schema in schemas.items()
        for column, kind in schema.items()
        for place, leaf in foreign_leaves(column, kind)
    }
    if found:
        lines = [f"`{place}`: {leaf} in {name}" for (place, leaf), name in islice(found.items(), MOST_SHOWN)]
        twins = any(leaf.startswith(TWINS) for _, leaf in found)
        advice = "rename one of the columns" if twins else "write a type that Spark has (timestamps in microseconds)"
        source = 'or read it as a source, ParquetSource("…", convert=True), in a feature of yours'
        raise ArgumentError(
            "\n  ".join([f"`{feature}` in {folder}: Spark can't read", *lines]), hint=f"{advice}; {source}"
        )


def _refuse_differing(feature: str, folder: str, schemas: Mapping[str, FileSchema]) -> None:
    groups: dict[str, list[str]] = {}
    for name, schema in schemas.items():
        groups.setdefault(json.dumps(schema, sort_keys=True), []).append(name)
    if len(groups) == 1:
        return
    names = list(dict.fromkeys(name for members in groups.values() for name in schemas[members[0]]))
    lines = [line for name in names if (line := _difference(name, groups, schemas))]
    raise ArgumentError(
        "\n  ".join([f"the files of `{feature}` in {folder} do not have the same columns", *lines[:MOST_SHOWN]]),
        hint="adopt folders whose files are alike, each as a feature: --feature NAME=SUBFOLDER; "
        "or write the files with the same columns",
    )


def _difference(column: str, groups: Mapping[str, Sequence[str]], schemas: Mapping[str, FileSchema]) -> str:
    """Returns how the files differ in a column; empty if they do not."""
    places: dict[str, list[str]] = {}
    for members in groups.values():
        kind = schemas[members[0]].get(column)
        places.setdefault(describe_type(kind), []).extend(members)
    shown = "; ".join(f"{kind} in {_shown(members, 1)}" for kind, members in places.items())
    return f"`{column}`: {shown}" if len(places) > 1 else ""


def _shown(names: Sequence[str], most: int = 3) -> str:
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return f"{listing(names[:most])}{more}"
