"""Makes a bundle of a run: first what would go along, what is missing and what looks personal; then the file."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from spark_etl.bundles.part_of import RowFilter, delta_tables, part_of_frame, part_of_source
from spark_etl.bundles.personal import Finding, find_personal
from spark_etl.bundles.select import Selection, check_features, select
from spark_etl.errors import ArgumentError, ReadError
from spark_etl.names import listing, refused_by_windows
from spark_etl.printable import printable
from spark_etl.reading import Run, Runs
from spark_etl.sampling import Sample, make_sample
from spark_etl.store import BundleContent, BundleInfo, bundle_parts, now, write_bundle
from spark_etl.units import format_bytes, format_count

MOST_SHOWN = 20
OnProgress = Callable[[str, int, int], None]
UNMASKED = "everything travels as it is: rows, log, config and code; nothing is masked"


def run_to_export(runs: Runs, name: str) -> Run:
    """Returns the run that a command line names, of any kind.

    Raises:
        ArgumentError: There is none of that name: wrong usage, as nothing was found out about a run.
    """
    try:
        return runs.latest(kind=None) if name == "latest" else runs[name]
    except ReadError as error:
        raise ArgumentError(error.message, hint=error.hint) from error


@dataclass(frozen=True)
class ExportRequest:
    """What is to be exported.

    Attributes:
        target: The file.
        features: The features that are wanted; none for all that was kept.
        sample: Which rows; None for all.
        allow_missing: Whether a bundle is made of what is there.
    """

    target: Path
    features: tuple[str, ...] = ()
    sample: Sample | None = None
    allow_missing: bool = False


@dataclass(frozen=True)
class ExportPlan:
    """What goes along. Nothing is written yet.

    Attributes:
        run: The run.
        request: What was asked for.
        selection: Its parts.
        personal: What looks personal or secret.
    """

    run: Run
    request: ExportRequest
    selection: Selection
    personal: tuple[Finding, ...]

    @property
    def size(self) -> int:
        """The bytes of all rows and sources; of a sample, of what it is taken from."""
        frames = sum(frame.manifest.bytes for frame in self.selection.frames)
        return frames + sum(source.bytes for source in self.selection.sources)

    def lines(self) -> list[str]:
        """Returns what goes along, and what has to be said of it, a line each."""
        found = self.selection
        what = listing(frame.folder for frame in found.frames) if found.frames else "no rows"
        lines = [f"rows: {what}; {format_count(len(found.sources), 'object')} of sources; {format_bytes(self.size)}"]
        lines += [f"note: {text}" for text in found.notes]
        lines += [f"missing: {text}" for text in found.missing]
        shown = [f"looks {finding.why.partition(',')[0]}: {finding}" for finding in self.personal[:MOST_SHOWN]]
        more = len(self.personal) - MOST_SHOWN
        lines += shown + ([f"and {format_count(more, 'more column')} of this kind"] if more > 0 else [])
        return [printable(line, one_line=True) for line in [*lines, UNMASKED]]


@dataclass(frozen=True)
class Exported:
    """A bundle that was made.

    Attributes:
        path: The file.
        bytes: Its size.
        info: What it says of itself.
        notes: What has to be said of the part of a sample.
    """

    path: Path
    bytes: int
    info: BundleInfo
    notes: tuple[str, ...] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        """Returns it as plain values."""
        return {
            "file": str(self.path),
            "bytes": self.bytes,
            "run_id": self.info.run_id,
            "features": list(self.info.features),
            "members": len(self.info.members),
            "sample": self.info.sample,
            "missing": list(self.info.missing),
            "personal": [list(item) for item in self.info.personal],
            "notes": list(self.notes),
        }


def sample_of(run: Run, fraction: str | None, key: str | None, keys: str | None) -> Sample | None:
    """Returns the sample that is asked for: `--sample FRACTION`, by the config's key if none is given, or `--keys`.

    Raises:
        ArgumentError: They don't fit together, or the file can't be used.
    """
    known = run.document.config.get("sample_key")
    return make_sample(fraction, key, keys, default_key=known if isinstance(known, str) else None)


def plan_export(run: Run, request: ExportRequest) -> ExportPlan:
    """Returns what of a run goes along.

    Raises:
        ArgumentError: The run has no such feature, Windows refuses the file's name, something is missing, or the
            sample's key is in no frame.
    """
    check_features(run, request.features)
    if reason := refused_by_windows(request.target.name or " "):
        raise ArgumentError(
            f"{request.target}: {reason}, and a bundle is made to travel", hint=f"name another file: {run.id}.bundle"
        )
    if request.target.exists():
        raise ArgumentError(f"{request.target} is there already", hint="name another file, or delete it")
    found = select(run, request.features)
    if found.missing and not request.allow_missing:
        lines = "\n  ".join(printable(text, one_line=True) for text in found.missing[:MOST_SHOWN])
        raise ArgumentError(
            f"of run {run.name}, {format_count(len(found.missing), 'part')} can't be taken along\n  {lines}",
            hint="--allow-missing makes a bundle of what is there, and the bundle says what is not",
        )
    if request.sample is not None and found.frames:
        request.sample.check({frame.folder: list(frame.manifest.own_columns) for frame in found.frames})
    personal = find_personal(found.frames, found.sources, run.stored.settings)
    return ExportPlan(run, request, found, tuple(personal))


def export_run(
    plan: ExportPlan,
    *,
    tool: str = "spark-etl",
    images: Mapping[str, Mapping[str, str]] | None = None,
    on_progress: OnProgress | None = None,
) -> Exported:
    """Writes a bundle, whole or not at all.

    Args:
        plan: What goes along.
        tool: What writes it, with its version.
        images: Name of an image of the stack → its tag and id.
        on_progress: Is called with what is written, and how many bytes of how many are.

    Raises:
        SparkEtlError: A file is gone, or can't be written.
    """
    document, target = plan.run.document, plan.request.target
    parent = target.absolute().parent
    if not parent.is_dir():
        raise ArgumentError(f"{target}: there is no folder {parent}", hint="make it first")
    if not os.access(parent, os.W_OK):
        raise ArgumentError(f"{target} can't be written: {parent} is not yours to write", hint="name another file")
    with tempfile.TemporaryDirectory(prefix=".spark-etl-export-", dir=parent) as folder:
        found, notes = _part(plan, Path(folder))
        imported = document.imported or {}
        info = BundleInfo(
            path=plan.run.path,
            kind=document.kind,
            features=tuple(frame.folder for frame in found.frames),
            tool=tool,
            made=now(),
            sample=_sample_record(plan.request.sample) or imported.get("sample"),
            images=images or {},
            versions=document.versions,
            personal=tuple((item.place, item.column, item.why) for item in plan.personal),
            missing=tuple(found.missing),
        )
        content = BundleContent(
            plan.run.stored, document, tuple(found.frames), found.reports, tuple(found.sources), found.code
        )
        done = write_bundle(target, info, bundle_parts(content), on_progress=on_progress)
    return Exported(target, target.stat().st_size, done, tuple(notes))


def _sample_record(sample: Sample | None) -> dict[str, Any] | None:
    if sample is None:
        return None
    return {"keys": len(sample.keys)} if sample.keys is not None else {"fraction": sample.fraction}


def _part(plan: ExportPlan, folder: Path) -> tuple[Selection, list[str]]:
    """Returns what goes along of a sample, its files in a folder, and what goes along whole."""
    found, sample, settings = plan.selection, plan.request.sample, plan.run.stored.settings
    if sample is None:
        return found, []
    keep = RowFilter(sample)
    whole: list[str] = []
    frames = []
    for number, frame in enumerate(found.frames):
        place = folder / f"frame-{number}"
        place.mkdir()
        part = part_of_frame(frame, keep, place, settings)
        whole += [] if part else [frame.folder]
        frames.append(part or frame)
    tables = delta_tables(found.sources)
    sources = []
    for number, source in enumerate(found.sources):
        is_delta = any(source.original_path.startswith(f"{table}/") for table in tables)
        part_source = None if is_delta else part_of_source(source, keep, folder / f"source-{number}", settings)
        whole += [] if part_source else [source.original_path]
        sources.append(part_source or source)
    notes = [f"whole, as it has no `{listing(sample.columns)}` or is no Parquet: {name}" for name in whole]
    return replace(found, frames=frames, sources=sources), notes


def refuse_unmasked(personal: Sequence[Finding], command: str) -> ArgumentError:
    """Returns the error of an export that nobody could be asked about."""
    names = listing(str(finding) for finding in personal)
    return ArgumentError(
        f"{format_count(len(personal), 'column')} of the bundle would hold what looks personal or secret: "
        f"{printable(names, one_line=True)}",
        hint=f"{command} --yes-unmasked takes them along as they are",
    )
