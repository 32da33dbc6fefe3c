"""Runs as tests make them: what is known of a run, its features and outputs, in short."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from spark_etl.store import FeatureRecord, OutputRecord, RunWriter, StoredRun


def run_writer(
    run: StoredRun,
    known: Mapping[str, Any] | None = None,
    features: Mapping[str, Mapping[str, Any]] | None = None,
    outputs: Sequence[Mapping[str, Any]] = (),
) -> RunWriter:
    """Returns a run that has begun; nothing of it is stored yet.

    Args:
        run: Where it lies.
        known: Fields of its document.
        features: Alias → fields of its record.
        outputs: Fields of their records.
    """
    records = {alias: FeatureRecord(**fields) for alias, fields in (features or {}).items()}
    fields = {"order": list(records), **(known or {})}
    document = run.new_document(**fields, features=records, outputs=[OutputRecord(**output) for output in outputs])
    return RunWriter(run, document)
