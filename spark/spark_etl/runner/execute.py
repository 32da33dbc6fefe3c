"""Computes the features of a plan, in order, keeps what is asked for and publishes what is configured."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from spark_etl.feature import ConfiguredSparkFeature
from spark_etl.fingerprint import code_fingerprint
from spark_etl.layout import RunPaths
from spark_etl.manifest import Manifest
from spark_etl.record import RunRecord
from spark_etl.runner.checkpoint import write_checkpoint
from spark_etl.runner.failure import as_feature_error
from spark_etl.runner.frames import checked_frame
from spark_etl.runner.inputs import Inputs
from spark_etl.runner.plan import Output, Plan
from spark_etl.runner.progress import Progress
from spark_etl.runner.publish import publish
from spark_etl.runner.signals import TerminatedError, ignore_further, spark_was_stopped

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


class Execution:
    """One run of a plan.

    Args:
        spark: The session.
        plan: What to run.
        paths: Where the run is kept.
        record: Its run.json.
        inputs: What the sources read, found before Spark was started.
        progress: Who is told.
    """

    def __init__(
        self,
        spark: SparkSession,
        plan: Plan,
        *,
        paths: RunPaths,
        record: RunRecord,
        inputs: Inputs,
        progress: Progress,
    ) -> None:
        self._plan = plan
        self._paths = paths
        self._record = record
        self._inputs = inputs
        self._progress = progress
        self._spark = spark
        self._frames: dict[str, DataFrame] = {}

    def run(self) -> None:
        """Computes, keeps and publishes.

        Raises:
            FeatureError: A feature failed; run.json has it already.
        """
        for alias in self._plan.order:
            self._feature(alias)
        for output in self._plan.outputs:
            self._publish(output)

    def _feature(self, alias: str) -> None:
        self._progress.started(self._progress.label(alias))
        self._record.feature_started(alias)
        with self._failing(alias):
            frame = self._transform(alias)
            if alias not in self._plan.checkpoints:
                self._frames[alias] = frame
                self._progress.feature(alias, "built", self._record.feature_ended(alias, "built"))
                return
            self._describe(f"{alias}: checkpoint")
            self._frames[alias], manifest = self._checkpoint(alias, frame)
        seconds = self._record.feature_ended(alias, "succeeded", rows=manifest.rows, bytes=manifest.bytes)
        self._progress.feature(alias, "checkpoint", seconds, rows=manifest.rows, size=manifest.bytes)

    def _transform(self, alias: str) -> DataFrame:
        feature, dates = self._plan.graph.features[alias], self._plan.options.dates
        self._describe(alias)
        keywords: dict[str, Any] = {
            name: self._frames[name] if isinstance(source, ConfiguredSparkFeature) else source.read(self._spark, dates)
            for name, source in feature.sources.items()
        }
        return checked_frame(alias, feature.transform(self._spark, dates.start, dates.end, **keywords))

    def _checkpoint(self, alias: str, frame: DataFrame) -> tuple[DataFrame, Manifest]:
        code = code_fingerprint(self._plan.project, self._plan.config.features[alias].class_path)
        inputs = self._inputs.of(alias)
        kept = write_checkpoint(self._spark, frame, alias, self._paths, code=code, inputs=inputs)
        self._inputs.kept(alias, self._paths.manifest(alias), str(code["fingerprint"]))
        return kept

    def _publish(self, output: Output) -> None:
        alias = output.feature
        self._progress.started(f"publish {alias}")
        self._describe(f"{alias}: publish")
        with self._failing(alias):
            started = self._record.output_started(output.path)
            files = publish(self._frames[alias], output)
        rows, size = sum(file.rows for file in files), sum(file.bytes for file in files)
        seconds = self._record.output_ended(output.path, started, rows=rows, bytes=size)
        self._progress.published(alias, output.path, seconds, rows=rows, size=size)

    @contextmanager
    def _failing(self, alias: str) -> Iterator[None]:
        """Blames the feature for whatever is raised inside, in run.json too."""
        try:
            yield
        except Exception as error:
            if spark_was_stopped(error):
                ignore_further()
                raise TerminatedError("Spark was stopped from outside") from error
            told = as_feature_error(alias, error, self._plan.project.path)
            self._record.feature_failed(alias, told)
            raise told from error

    def _describe(self, text: str) -> None:
        """Names what follows in Spark's own pages; Spark Connect has no such names."""
        if hasattr(self._spark, "_jsparkSession"):
            self._spark.sparkContext.setJobDescription(text)
