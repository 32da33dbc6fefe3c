"""Makes a run of plain Parquet: all is checked, then the manifests are written, then run.json, then its mark."""

from __future__ import annotations

from collections.abc import Mapping

from spark_etl.adopting.files import AdoptedFiles, OnProgress, adopted_files
from spark_etl.adopting.folders import feature_folders, refuse_own_run
from spark_etl.adopting.request import AdoptRequest, refuse_unreachable
from spark_etl.errors import ArgumentError, RunNotFoundError
from spark_etl.machine import user_and_host
from spark_etl.names import listing
from spark_etl.schemas.types import sql_type, struct_type, to_spark_json, without_void
from spark_etl.storage import S3Settings, relative_to
from spark_etl.store import (
    ADOPTED,
    DataFile,
    ErrorRecord,
    FeatureRecord,
    Manifest,
    RunDocument,
    RunStore,
    StoredRun,
    adopted_manifest,
    now,
)


def adopt(
    request: AdoptRequest,
    scratch: str,
    settings: S3Settings | None = None,
    *,
    into: StoredRun | None = None,
    command: str = "",
    on_progress: OnProgress | None = None,
) -> StoredRun:
    """Returns the run that was made of plain Parquet, or to which features were added.

    Args:
        request: What is adopted.
        scratch: Below which the run lies.
        settings: How to reach S3; from the environment if not given.
        into: An adopted run that the features are added to; else a new one is made.
        command: As it was typed.
        on_progress: Is called with a feature, and how many footers of how many were read.

    Raises:
        ArgumentError: What is there can't be adopted; nothing is written then.
    """
    refuse_unreachable(request, scratch)
    document = _document_of(into, request) if into else None
    folders = feature_folders(request, settings)
    for folder in folders.values():
        refuse_own_run(folder, settings)
    found = {name: adopted_files(name, folder, settings, on_progress) for name, folder in folders.items()}
    run = into or RunStore(scratch, settings).new_run(request.team, request.pipeline)
    document = document or run.new_document(kind=ADOPTED, started=now(), by=user_and_host(), command=command)
    manifests = {name: manifest_of_files(run.run_id, name, files) for name, files in found.items()}
    for name, manifest in manifests.items():
        run.write_manifest(name, manifest)
    _complete(document, request, manifests)
    run.write_document(document)
    run.replace_mark(document)
    return run


def _document_of(run: StoredRun, request: AdoptRequest) -> RunDocument:
    """Returns the document of the run that features are added to.

    Raises:
        ArgumentError: It was not adopted, or has such a feature.
        RunNotFoundError: There is no such run.
    """
    document = run.document()
    if document is None:
        raise RunNotFoundError(f"{run.document_path} is not there any more", hint="runs.list()")
    if document.kind != ADOPTED:
        raise ArgumentError(
            f"run {run.run_id} was not adopted: it has the features that it computed", hint="leave --into out"
        )
    taken = [name for name in (*request.features, request.failed) if name in document.features]
    if taken:
        raise ArgumentError(
            f"run {run.run_id} has a feature `{taken[0]}` already. It has: {listing(document.features)}"
        )
    return document


def manifest_of_files(run_id: str, feature: str, found: AdoptedFiles) -> Manifest:
    """Returns what files of another program are as the checkpoint of a feature."""
    columns = {name: without_void(kind) for name, kind in {**found.columns, **found.partitions}.items()}
    files = [
        DataFile(relative_to(file.path, found.folder), rows, file.size, file.etag)
        for file, rows in zip(found.files, found.rows, strict=True)
    ]
    return adopted_manifest(
        feature=feature,
        run_id=run_id,
        columns={name: sql_type(kind) for name, kind in columns.items()},
        spark_schema=to_spark_json(struct_type(columns)),
        files=files,
        data_folder=found.folder,
        partitions=dict(found.partitions),
        written=now(),
    )


def _complete(document: RunDocument, request: AdoptRequest, manifests: Mapping[str, Manifest]) -> None:
    """Adds features to a document: they read nothing that is known."""
    for name, manifest in manifests.items():
        reason = f"adopted from {manifest.data_folder}"
        document.features[name] = FeatureRecord(
            checkpoint=True, state="succeeded", rows=manifest.rows, bytes=manifest.bytes, reason=reason
        )
        document.adopted[name] = str(manifest.data_folder)
        document.checkpoints.append(name)
    if request.failed:
        error = ErrorRecord(message=f"`{request.failed}` failed in production, so it has no rows")
        document.features[request.failed] = FeatureRecord(state="failed", error=error)
        document.error = ErrorRecord(message=error.message, feature=request.failed)
    new = [*manifests, *([request.failed] if request.failed else [])]
    document.order += new
    document.graph |= {name: [] for name in new}
    document.status = "failed" if document.error else "succeeded"
    document.ended = now()
    if request.start_date:
        document.start_date, document.end_date = request.start_date, request.end_date
