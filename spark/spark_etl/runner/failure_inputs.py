"""The inputs of a feature that failed, kept as checkpoints: `--checkpoint-on-failure`.

Spark computes nothing until something is written, so a feature may fail because of one that it reads. Each input is
therefore written by itself, and where writing it fails for the same reason, it is that feature which has failed.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from spark_etl.errors import FeatureError
from spark_etl.feature import ConfiguredSparkFeature
from spark_etl.response import unique_keys
from spark_etl.runner.checkpoint import write_checkpoint
from spark_etl.runner.execute import Work
from spark_etl.runner.failure.reason import reason_of
from spark_etl.runner.failure.report import failure_report
from spark_etl.runner.signals import jvm_is_gone, spark_was_stopped
from spark_etl.units import format_count, format_duration

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def keep_failure_inputs(work: Work, error: FeatureError) -> FeatureError:
    """Keeps the inputs of the feature that failed, and `_failure.json` beside them.

    Returns:
        The error, which blames the feature that turned out to be the cause.
    """
    cause = error.__cause__ or error
    if error.feature not in work.plan.order or jvm_is_gone(cause) or spark_was_stopped(cause):
        return error
    feature = work.plan.graph.features[error.feature]
    inputs: dict[str, str] = {}
    not_kept: dict[str, str] = {}
    for name, source in feature.sources.items():
        upstream = isinstance(source, ConfiguredSparkFeature)
        try:
            folder = _keep_feature(work, name) if upstream else _keep_source(work, error.feature, name)
        except Exception as raised:  # noqa: BLE001 - the run has failed already: whatever this is, it is a warning
            second = work.feature_error(name if upstream else error.feature, raised)
            if upstream and (second.reason == error.reason or reason_of(raised) == reason_of(cause)):
                return keep_failure_inputs(work, _blame_upstream(work, error, second, raised))
            not_kept[name] = second.reason
            work.progress.warn(f"`{name}`, which {error.feature} reads, could not be kept: {second.reason}")
        else:
            if folder:
                inputs[name] = folder
    _store(work, error, inputs, not_kept)
    return error


def _blame_upstream(work: Work, error: FeatureError, upstream: FeatureError, raised: Exception) -> FeatureError:
    """Returns the error of an upstream that fails for the same reason as the feature which reads it."""
    upstream.__cause__ = raised
    work.progress.line(f"it is `{upstream.feature}`, which {error.feature} reads, that fails")
    work.record.feature_blamed(error.feature, upstream)
    return upstream


def _keep_feature(work: Work, alias: str) -> str | None:
    """Writes a feature's DataFrame and returns its folder, below the run's or in full; None if there is none."""
    if work.decisions[alias].folder:
        return work.decisions[alias].folder
    if work.record.feature(alias).has_checkpoint:
        return alias
    frame = work.frames.get(alias)
    if frame is None:
        return None
    _write(work, alias, alias, frame, inputs=work.inputs.of(alias))
    return alias


def _keep_source(work: Work, alias: str, name: str) -> str:
    """Writes what a source of the feature gives, and returns the folder."""
    folder = f"{alias}.{name}"
    _write(work, alias, folder, work.source(alias, name), inputs={name: work.inputs.of_source(alias, name)})
    return folder


def _write(work: Work, alias: str, folder: str, frame: DataFrame, *, inputs: Mapping[str, Any]) -> DataFrame:
    label, began = f"keep {folder} for a look", time.monotonic()
    with work.progress.activity(label, folder), work.backend.work(folder, label):
        written, manifest = write_checkpoint(
            work.backend.spark,
            frame,
            folder,
            work.run,
            code=work.cache_keys[alias].parts["code"],
            inputs=inputs,
            after_failure=True,
            ordered=work.backend.is_ordered(frame),
            unique=unique_keys(work.plan.graph.features[alias]) if folder == alias else (),
        )
    work.record.mark_kept_after_failure(folder, rows=manifest.rows, size=manifest.bytes)
    work.progress.line(
        f"kept {folder}: {format_count(manifest.rows, 'row')}  {format_duration(time.monotonic() - began)}"
    )
    return written


def _store(work: Work, error: FeatureError, inputs: Mapping[str, str], not_kept: Mapping[str, str]) -> None:
    frame = work.frames.get(error.feature)
    report = failure_report(work.backend, error.feature, frame, error.__cause__ or error, work.plan.project.path)
    known = {"message": error.reason, "inputs": dict(inputs), "not_kept": dict(not_kept)}
    path = work.run.write_failure_report(error.feature, {**report, **known})
    work.progress.line(f"why it failed: {path}")
