"""What a bundle has, looked at whole before anything of it is written: whoever has made it.

1. Each member is a part of a run: a document, a frame's file that its manifest names, a listed source, its code.
2. Each document is one that readers accept, by the same parsers that they use.
3. Documents and members fit: sizes, hashes, features, folders.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from spark_etl import bounded_json
from spark_etl.code.archive import read_archive
from spark_etl.errors import CheckpointError, DamagedError
from spark_etl.store import layout
from spark_etl.store.bundle.archive import BundleArchive
from spark_etl.store.bundle.content import CODE, RUN
from spark_etl.store.bundle.format import BUNDLE_FILE
from spark_etl.store.checks import is_text
from spark_etl.store.code import LARGEST as LARGEST_CODE
from spark_etl.store.document import LARGEST as LARGEST_RUN
from spark_etl.store.document import RunDocument, parse_run
from spark_etl.store.inputs import LARGEST as LARGEST_INPUTS
from spark_etl.store.inputs import parse_inputs
from spark_etl.store.manifest import LARGEST as LARGEST_MANIFEST
from spark_etl.store.manifest import Manifest, parse_manifest
from spark_etl.store.sources import LARGEST as LARGEST_SOURCES
from spark_etl.store.sources import ImportedSource, parse_sources

RUN_MEMBER = f"{RUN}/{layout.RUN_FILE}"
SOURCES = f"{RUN}/{layout.SOURCES_FOLDER}/"
SOURCES_MEMBER = f"{RUN}/{layout.SOURCES_FILE}"
LARGEST_LOG, LARGEST_BEAT = 64 << 20, 4096
LARGEST_DOCUMENTS, MOST_IN_OBJECTS = 512 << 20, 1 << 30
# What configs call a feature, and what those of earlier versions could: a name of a folder, whatever the system.
ALIAS = re.compile(r"[^\W_][\w-]*")
DOCUMENT_NAMES = {layout.MANIFEST_FILE, layout.FAILURE_FILE}
TEXTS_OF_A_REPORT = ("type", "message", "frames", "traceback", "plan")


@dataclass
class BundledRun:
    """A run in a bundle, whose documents were all read.

    Attributes:
        document: What it is.
        frames: Folder → manifest.
        sources: What its sources had read.
        reports: Feature → why it failed.
        code: The member of its code; None where there is none.
        others: The run's other documents, by member.
    """

    document: RunDocument
    frames: dict[str, Manifest] = field(default_factory=dict)
    sources: tuple[ImportedSource, ...] = ()
    reports: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    code: str | None = None
    others: list[str] = field(default_factory=list)

    def files(self) -> dict[str, str]:
        """Returns member → path below the run's folder, of all rows."""
        names = [f"{folder}/{file.name}" for folder, manifest in self.frames.items() for file in manifest.files]
        names += [source.path for source in self.sources]
        return {f"{RUN}/{name}": name for name in names}


def read_bundle(archive: BundleArchive, beside: Collection[str] = ()) -> BundledRun:
    """Returns the run of a bundle.

    Args:
        archive: The bundle.
        beside: Folders of runs that are where it will lie, and whose rows it may name.

    Raises:
        DamagedError: It is none that readers would accept; the member that is wrong is named.
    """
    if RUN_MEMBER not in archive.entries:
        raise DamagedError(f"{archive.where(RUN_MEMBER)} is missing")
    _refuse_too_much(archive)
    found = BundledRun(_document(archive, beside))
    for name in archive.entries:
        _take(archive, name, found, beside)
    if SOURCES_MEMBER in archive.entries:
        found.sources = parse_sources(archive.read(SOURCES_MEMBER, LARGEST_SOURCES), archive.where(SOURCES_MEMBER))
    _compare_sizes(archive, found)
    known = {*found.files(), RUN_MEMBER, SOURCES_MEMBER, BUNDLE_FILE, *found.others}
    known |= {f"{RUN}/{folder}/{layout.MANIFEST_FILE}" for folder in found.frames}
    known |= {f"{RUN}/{feature}/{layout.FAILURE_FILE}" for feature in found.reports}
    other = next((name for name in archive.entries if name not in known and name != found.code), None)
    if other is not None:
        raise DamagedError(f"{archive.where(other)} is no part of a run")
    _check_features(archive, found)
    return found


def _refuse_too_much(archive: BundleArchive) -> None:
    """Refuses documents that come to more than the memory that reading them may take: each by itself has a limit.

    What their objects will take is counted chunk by chunk, before one of them is parsed.
    """
    documents = {name for name in archive.entries if name.endswith(".json") and not name.startswith(SOURCES)}
    total = sum(entry.size for name, entry in archive.entries.items() if name in documents or entry.is_deflated)
    if total > LARGEST_DOCUMENTS:
        most = LARGEST_DOCUMENTS >> 20
        raise DamagedError(f"{archive.path} has {total >> 20:,} MB of documents; {most} are the most")
    in_objects = 0
    for name in sorted(documents):
        in_objects += sum(map(bounded_json.weight, archive.chunks(name)))
        if in_objects > MOST_IN_OBJECTS:
            most = MOST_IN_OBJECTS >> 20
            raise DamagedError(f"{archive.where(name)}: up to it, documents need more than {most:,} MB of memory")


def _document(archive: BundleArchive, beside: Collection[str]) -> RunDocument:
    where = archive.where(RUN_MEMBER)
    document = parse_run(archive.read(RUN_MEMBER, LARGEST_RUN), where)
    info = archive.info
    document.run_id = info.run_id
    if (document.path, document.kind, document.pipeline) != (info.path, info.kind, info.pipeline):
        raise DamagedError(f"{where} is another run than {BUNDLE_FILE} says")
    if document.status == "running":
        raise DamagedError(f"{where} is of a run that has not ended")
    for alias in document.features:
        if not ALIAS.fullmatch(alias):
            raise DamagedError(f"{where} has a feature {alias!r:.100}, which is no name of one")
    reused = {feature.reused_from for feature in document.features.values() if feature.reused_from}
    if document.adopted or not reused <= {*beside}:
        raise DamagedError(f"{where} names rows that lie elsewhere")
    return document


def _take(archive: BundleArchive, name: str, found: BundledRun, beside: Collection[str]) -> None:
    """Reads a member, if it is a document."""
    top, _, rest = name.partition("/")
    folder, _, file = rest.rpartition("/")
    where = archive.where(name)
    if top == CODE:
        found.code = _code(archive, name, found.document)
    elif top != RUN or (folder and not _is_folder(folder.split("/")[0], found.document)):
        return
    elif file == layout.MANIFEST_FILE and "/" not in folder:
        found.frames[folder] = _manifest(archive, name, folder)
    elif file == layout.FAILURE_FILE and "/" not in folder:
        found.reports[folder] = _report(archive, name, beside)
    elif rest == layout.INPUTS_FILE:
        parse_inputs(archive.read(name, LARGEST_INPUTS), where)
        found.others.append(name)
    elif rest in {layout.LOG_FILE, layout.HEARTBEAT_FILE}:
        archive.read(name, LARGEST_LOG if rest == layout.LOG_FILE else LARGEST_BEAT)
        found.others.append(name)


def _is_folder(name: str, document: RunDocument) -> bool:
    """Returns whether rows of a run may lie in a folder: a feature's, or `<feature>.<source>`."""
    is_known = name in document.features or any(name.startswith(f"{alias}.") for alias in document.features)
    return is_known and not name.startswith(("_", "."))


def _manifest(archive: BundleArchive, name: str, folder: str) -> Manifest:
    where = archive.where(name)
    try:
        manifest = parse_manifest(archive.read(name, LARGEST_MANIFEST), where)
    except CheckpointError as error:
        raise DamagedError(error.message, hint=error.hint) from error
    if manifest.data_folder is not None:
        raise DamagedError(f"{where} names rows that lie elsewhere")
    if manifest.run_id != archive.info.run_id or manifest.feature != folder:
        raise DamagedError(f"{where} is that of another checkpoint: `{manifest.feature}` of run {manifest.run_id}")
    totals = sum(file.rows for file in manifest.files), sum(file.bytes for file in manifest.files)
    if totals != (manifest.rows, manifest.bytes):
        raise DamagedError(f"{where}: its rows and bytes are not those of its files")
    names = {file.name for file in manifest.files}
    if names & DOCUMENT_NAMES:
        raise DamagedError(f"{where} names a document as rows")
    if len(names) != len(manifest.files):
        raise DamagedError(f"{where} names a file twice")
    return manifest


def _report(archive: BundleArchive, name: str, beside: Collection[str]) -> Mapping[str, Any]:
    where = archive.where(name)
    largest = bounded_json.LARGEST
    report = bounded_json.parse(archive.read(name, largest), where, in_objects=8 * largest, finite=False)
    if not isinstance(report, dict) or not all(is_text(report.get(each) or "") for each in TEXTS_OF_A_REPORT):
        raise DamagedError(f"{where} is no report of a failure")
    inputs, lost = report.get("inputs") or {}, report.get("not_kept") or {}
    metrics = report.get("metrics") or []
    if not _is_map_of_texts(inputs) or not _is_map_of_texts(lost) or not _is_list_of_metrics(metrics):
        raise DamagedError(f"{where} is no report of a failure")
    wrong = next((folder for folder in inputs.values() if _lies_elsewhere(folder, beside)), None)
    if wrong is not None:
        raise DamagedError(f"{where} names rows that lie elsewhere: {wrong!r:.200}")
    return report


def _lies_elsewhere(folder: str, beside: Collection[str]) -> bool:
    """Returns whether a folder of rows is neither below the run's nor of a run beside it."""
    run, slash, name = folder.rpartition("/")
    return (bool(slash) and run not in beside) or name.startswith((".", "_"))


def _is_map_of_texts(value: Any) -> bool:
    return isinstance(value, dict) and all(map(is_text, value.values()))


def _is_list_of_metrics(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(each, dict)
        and {"execution", "description", "node"} <= each.keys()
        and isinstance(each.get("metrics"), dict)
        for each in value
    )


def _code(archive: BundleArchive, name: str, document: RunDocument) -> str:
    """Returns the member of the run's code, which is a whole archive of that hash."""
    where = archive.where(name)
    sha256 = document.code.sha256 if document.code else None
    listed = {member.name: member.sha256 for member in archive.info.members}
    if sha256 is None or name != f"{CODE}/{sha256}.zip" or listed[name] != sha256:
        raise DamagedError(f"{where} is not the code that the run has kept")
    read_archive(archive.read(name, LARGEST_CODE), where)
    return name


def _compare_sizes(archive: BundleArchive, found: BundledRun) -> None:
    """Refuses rows that are missing, or of another size than the documents say."""
    sizes = {
        f"{RUN}/{folder}/{file.name}": file.bytes
        for folder, manifest in found.frames.items()
        for file in manifest.files
    }
    listed = {member.name: member.sha256 for member in archive.info.members}
    for source in found.sources:
        name = f"{RUN}/{source.path}"
        sizes[name] = source.bytes
        if listed.get(name, source.sha256) != source.sha256:
            raise DamagedError(f"{archive.where(name)} has another SHA-256 than {SOURCES_MEMBER} says")
    for name, size in sizes.items():
        entry = archive.entries.get(name)
        if entry is None:
            raise DamagedError(f"{archive.where(name)} is missing")
        if entry.size != size or entry.is_deflated:
            raise DamagedError(f"{archive.where(name)} has {entry.size:,} bytes, its run says {size:,}")


def _check_features(archive: BundleArchive, found: BundledRun) -> None:
    """Refuses a run that says of features that their rows are there which are not, or the other way round."""
    for alias, feature in found.document.features.items():
        is_own = feature.bytes is not None and not feature.reused_from
        if is_own != (alias in found.frames):
            raise DamagedError(f"{archive.where(RUN_MEMBER)}: the rows of `{alias}` are not as it says")
    if found.document.code and found.document.code.sha256 and found.code is None:
        known = f"{CODE}/{found.document.code.sha256}.zip"
        if known not in archive.entries and not archive.info.missing:
            raise DamagedError(f"{archive.where(known)} is missing")
