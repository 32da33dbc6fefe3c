"""What of a path an output may replace: what it has written there itself, by the manifest beside it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from spark_etl import bounded_json
from spark_etl.errors import DamagedError, PublishRefusedError
from spark_etl.names import listing
from spark_etl.runner.publish.lock import read_lock, visible_objects
from spark_etl.sources.contents import is_data
from spark_etl.storage import StoredObject, join, name_of, relative_to, storage_for
from spark_etl.units import format_bytes, format_count

OUTPUT_FILE = "_output"
MANIFEST_NAME = re.compile(rf"{OUTPUT_FILE}-[\w.-]+\.json")
FORMAT = 1
SHOWN = 5


@dataclass(frozen=True)
class Output:
    """One publication: the feature, the full path, and whether what lies there may be replaced."""

    feature: str
    path: str
    overwrite: bool


@dataclass(frozen=True)
class OutputManifest:
    """`_output-<run id>.json`: which files of a folder are an output's.

    Attributes:
        pipeline: Whose output it is.
        feature: What was published, by the run named last.
        run: That run's folder.
        files: Name below the output's path → bytes.
    """

    pipeline: str
    feature: str
    run: str
    files: dict[str, int]

    @property
    def owner(self) -> str:
        """Team and pipeline: another team's pipeline may have the same name."""
        *_, team, _, _ = ("", "", "", *self.run.split("/"))
        return f"{team}/{self.pipeline}"


@dataclass(frozen=True)
class ExistingFiles:
    """What readers see at an output's path.

    Attributes:
        own: The paths that this output wrote.
        others: The data that it did not write.
        owner: Whose the manifest there is, `team/pipeline`, if it is another's.
        manifests: Paths of others' manifests.
    """

    own: list[str]
    others: list[StoredObject]
    owner: str | None = None
    manifests: tuple[str, ...] = ()


def write_manifest(folder: str, manifest: OutputManifest) -> None:
    """Puts the manifest among staged files: it appears with them, and goes with them."""
    content = {"format": FORMAT, **asdict(manifest)}
    file = join(folder, f"{OUTPUT_FILE}-{name_of(manifest.run)}.json")
    storage_for(file).write(file, json.dumps(content, indent=1).encode())


def existing_at(path: str, owner: str) -> ExistingFiles:
    """Returns what lies at an output's path, sorted into own and others' by the manifests there.

    There are two while one output takes the place of another: both are the owner's, `team/pipeline`.
    """
    objects = list(visible_objects(path))
    files: dict[str, int | None] = {}
    strangers: dict[str, str] = {}
    for item in objects:
        name = relative_to(item.path, path)
        manifest = _read_manifest(item.path) if MANIFEST_NAME.fullmatch(name) else None
        if manifest is not None and manifest.owner == owner:
            files |= {**manifest.files, name: None}
        elif manifest is not None:
            strangers[item.path] = manifest.owner
    own: list[str] = []
    others: list[StoredObject] = []
    for item in objects:
        name = relative_to(item.path, path)
        if name in files and files[name] in {item.size, None}:
            own.append(item.path)
        elif is_data(item.path, path):
            others.append(item)
    return ExistingFiles(own, others, next(iter(strangers.values()), None), tuple(strangers))


def refuse_taken(outputs: Sequence[Output]) -> None:
    """Refuses outputs where something lies, unless it may be replaced.

    Raises:
        PublishRefusedError: Names all of them.
    """
    occupied = [output for output in outputs if not output.overwrite and next(visible_objects(output.path), None)]
    if occupied:
        raise PublishRefusedError(
            "already published: " + ", ".join(f"`{output.feature}` at {output.path}" for output in occupied),
            hint="set `overwrite: True` beside its `path:`, or publish to another path",
        )


def without_lock(outputs: Sequence[Output]) -> list[Output]:
    """Returns the outputs whose paths are not locked: what a killed run left half-way is ended first, then checked."""
    return [output for output in outputs if read_lock(output.path) is None]


def refuse_foreign(outputs: Sequence[Output], owner: str, *, adopt: bool) -> dict[str, ExistingFiles]:
    """Refuses outputs that would replace what is not theirs.

    Args:
        outputs: Where to.
        owner: Whose: `team/pipeline`.
        adopt: Whether that may be replaced, too.

    Returns:
        What lies at each path where something does that is not theirs.

    Raises:
        PublishRefusedError: Names all of them, and what lies there.
    """
    found = {output.path: existing_at(output.path, owner) for output in outputs}
    foreign = {path: existing for path, existing in found.items() if existing.others}
    if foreign and not adopt:
        features = {output.path: output.feature for output in outputs}
        raise PublishRefusedError(
            "; ".join(
                f"`{features[path]}` would replace {describe_existing(path, existing)}"
                for path, existing in foreign.items()
            ),
            hint="publish to another path, or replace all of that: --adopt-output",
        )
    return foreign


def describe_existing(path: str, existing: ExistingFiles) -> str:
    """Returns what an output would replace though it did not write it."""
    names = [relative_to(item.path, path) for item in existing.others]
    size = format_bytes(sum(item.size for item in existing.others))
    whose = f"they are pipeline `{existing.owner}`'s" if existing.owner else "this output did not write them"
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{path}: {format_count(len(names), 'file')}, {size}; {whose}: {listing(names[:SHOWN])}{more}"


def _read_manifest(file: str) -> OutputManifest | None:
    """Returns a manifest; None if nothing in it can be relied on."""
    try:
        content = bounded_json.read(storage_for(file).read, file)
    except DamagedError:
        return None
    if content is None or content.get("format") != FORMAT:
        return None
    files, texts = content.get("files"), [content.get(name) for name in ("pipeline", "feature", "run")]
    if not isinstance(files, dict) or not all(isinstance(text, str) for text in texts):
        return None
    sizes = {name: size for name, size in files.items() if isinstance(size, int)}
    return OutputManifest(str(texts[0]), str(texts[1]), str(texts[2]), sizes)
