"""Computes the features of a plan, keeps what is asked for and publishes what is configured."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from spark_etl.error_text import error_line
from spark_etl.errors import FeatureError, SparkEtlError
from spark_etl.feature import ConfiguredSparkFeature
from spark_etl.reading import Checkpoint
from spark_etl.response import check_expectations, check_schema, has_expectations, unique_keys
from spark_etl.runner.backend import Backend
from spark_etl.runner.checkpoint import write_checkpoint
from spark_etl.runner.failure.bad_text import find_bad_text
from spark_etl.runner.failure.error import as_feature_error
from spark_etl.runner.failure.faults import find_fault
from spark_etl.runner.frames import checked_frame
from spark_etl.runner.inputs import ResolvedInputs
from spark_etl.runner.launcher import resume_command
from spark_etl.runner.outage import StoreOutage
from spark_etl.runner.plan import Plan
from spark_etl.runner.publish.outputs import Publication
from spark_etl.runner.publish.ownership import Output
from spark_etl.runner.report.progress import Progress
from spark_etl.runner.resume.cache_key import CacheKey
from spark_etl.runner.resume.decide import ReuseDecision, to_run
from spark_etl.runner.signals import TerminatedError, spark_was_stopped
from spark_etl.sessions.lost import SessionLostError
from spark_etl.store import OutputRecord, RunWriter, StoredRun, manifest_path
from spark_etl.tasks import Task, TaskCancelledError, run_tasks
from spark_etl.user_code import guard_user_code

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


@dataclass(frozen=True)
class Work:
    """All that a run works with.

    Attributes:
        backend: The session.
        plan: What to run.
        record: The run that goes on.
        inputs: What the sources read, found before Spark was started.
        decisions: What becomes of each feature.
        cache_keys: What the rows of each depend on.
        publication: What it publishes.
        progress: Shows what happens.
        outage: Knows whether the store is away.
        frames: Alias → its DataFrame, as soon as it has one.
        sources: Alias and name of a source → its DataFrame with all rows, as soon as it was asked for.
    """

    backend: Backend
    plan: Plan
    record: RunWriter
    inputs: ResolvedInputs
    decisions: Mapping[str, ReuseDecision]
    cache_keys: Mapping[str, CacheKey]
    publication: Publication
    progress: Progress
    outage: StoreOutage
    frames: dict[str, DataFrame] = field(default_factory=dict)
    sources: dict[tuple[str, str], DataFrame] = field(default_factory=dict)

    @property
    def run(self) -> StoredRun:
        """Where the run is kept."""
        return self.record.run

    def feature_error(self, alias: str, error: Exception) -> FeatureError:
        """Returns the error that blames a feature; where data can't be read, with the place in it."""
        try:
            fault = find_fault(self.inputs, alias, error) or find_bad_text(self._inputs_of(alias), error)
            return as_feature_error(alias, error, self.plan.project.path, fault=fault)
        except Exception:  # noqa: BLE001 - whatever the exception's own code does, its feature is named
            return FeatureError(alias, error_line(error))

    def _inputs_of(self, alias: str) -> dict[str, DataFrame]:
        """Returns what a feature reads by the names of its sources, as far as there are frames of it."""
        frames = {name: self.frames.get(name, self.sources.get((alias, name))) for name in self._source_names(alias)}
        return {name: frame for name, frame in frames.items() if frame is not None}

    def _source_names(self, alias: str) -> list[str]:
        return list(self.plan.graph.features[alias].sources) if alias in self.plan.graph.features else []

    def source(self, alias: str, name: str) -> DataFrame:
        """Returns the DataFrame of a source that no feature computes."""
        if (alias, name) not in self.sources:
            self.sources[alias, name] = self.inputs.frame(alias, name, self.backend.spark)
        frame = self.sources[alias, name]
        return self.plan.sample.apply(frame) if self.plan.sample else frame


class Execution:
    """One run of a plan.

    `transform()` is called by one thread at a time, so that code of the project never meets itself; what takes time,
    writing checkpoints and outputs, is done for several branches at once.
    """

    def __init__(self, work: Work) -> None:
        self.work = work
        self._plan = work.plan
        self._transforming = threading.Lock()
        self._ending = threading.Event()
        self._broken = False  # read and written under the lock only

    def run(self) -> None:
        """Computes, keeps and publishes.

        Raises:
            FeatureError: A feature failed; run.json has it already.
        """
        self.work.outage.on_give_up = self._cancel
        self._check_sample()
        tasks = [self._feature_task(alias) for alias in self._plan.order if self._action(alias) != "skip"]
        tasks += [self._output_task(output) for output in self._plan.outputs]
        run_tasks(tasks, parallel=self._plan.options.parallel, cancel=self._cancel)
        self._publish()

    def _check_sample(self) -> None:
        """Refuses the key of a sample that no source has, before anything is computed."""
        work, sample = self.work, self._plan.sample
        if sample is None:
            return
        for alias in to_run(self._plan.order, work.decisions):
            for name, source in self._plan.graph.features[alias].sources.items():
                if not isinstance(source, ConfiguredSparkFeature):
                    with self._failing(alias):
                        work.source(alias, name)
        sample.check({f"{alias}.{name}": frame.columns for (alias, name), frame in work.sources.items()})

    def _action(self, alias: str) -> str:
        return self.work.decisions[alias].action

    def _feature_task(self, alias: str) -> Task:
        if self._action(alias) == "reuse":
            return Task(alias, (), lambda: self._reuse(alias))
        return Task(alias, tuple(self._plan.graph.upstreams[alias]), lambda: self._feature(alias))

    def _output_task(self, output: Output) -> Task:
        return Task(f"publish:{output.path}", (output.feature,), lambda: self._stage(output))

    def _cancel(self) -> None:
        self._ending.set()
        self.work.backend.cancel()

    def _reuse(self, alias: str) -> None:
        decision = self.work.decisions[alias]
        if decision.manifest is not None:
            with self._failing(alias):
                checkpoint = Checkpoint(decision.folder, decision.manifest)
                self.work.frames[alias] = checkpoint.spark(self.work.backend.spark)
            self._note_checkpoint(alias, decision.folder, decision.manifest.code)

    def _feature(self, alias: str) -> None:
        work = self.work
        work.record.feature_started(alias, store=alias in self._plan.checkpoints)
        with work.record.trace.span(f"feature {alias}", feature=alias) as span, self._failing(alias):
            work.frames[alias] = self.transform(alias)
            deterministic = work.backend.is_deterministic(work.frames[alias])
            if alias not in self._plan.checkpoints:
                work.progress.built(alias, work.record.feature_built(alias, deterministic=deterministic))
                return
            self._checkpoint(alias, deterministic=deterministic)
            self._check_response(alias)
            known = work.record.feature(alias)
            span.set(rows=known.rows, bytes=known.bytes, stages=known.stages, tasks=known.tasks)

    def transform(self, alias: str) -> DataFrame:
        """Returns what a feature makes of its sources, nothing of it computed yet."""
        feature, dates, spark = self._plan.graph.features[alias], self._plan.options.dates, self.work.backend.spark
        work = self.work
        with (
            self._transforming,
            work.record.trace.span("transform"),
            work.progress.activity(alias, alias),
            work.backend.work(alias, alias),
        ):
            if self._ending.is_set() or self._broken:  # while it has waited for its turn
                raise TaskCancelledError
            keywords: dict[str, Any] = {
                name: self.work.frames[name]
                if isinstance(source, ConfiguredSparkFeature)
                else self.work.source(alias, name)
                for name, source in feature.sources.items()
            }
            self._broken = True  # until it has returned: whoever waits for the lock must know as soon as it is free
            frame = checked_frame(alias, feature.transform(spark, dates.start, dates.end, **keywords), spark)
            check_schema(alias, feature, frame)
            self._broken = False
            return frame

    def _checkpoint(self, alias: str, *, deterministic: bool | None) -> None:
        work = self.work
        activity = work.progress.activity(alias, alias)
        with work.record.trace.span("write and read back"), activity, work.backend.work(alias, f"{alias}: checkpoint"):
            work.frames[alias], manifest = write_checkpoint(
                work.backend.spark,
                work.frames[alias],
                alias,
                work.run,
                code=work.cache_keys[alias].parts["code"],
                inputs=work.inputs.of(alias),
                cache_key=work.cache_keys[alias].to_dict(),
                ordered=work.backend.is_ordered(work.frames[alias]),
                unique=unique_keys(self._plan.graph.features[alias]),
            )
        self._note_checkpoint(alias, work.run.checkpoint_path(alias), manifest.code)
        counts = work.backend.counts(alias)
        work_done = {"rows": manifest.rows, "stages": counts.stages, "tasks": counts.tasks}
        known = {"bytes": manifest.bytes, "deterministic": deterministic, **work_done}
        seconds = work.record.feature_ended(alias, "succeeded", **known)
        work.progress.checkpoint(alias, seconds, size=manifest.bytes, **work_done)

    def _check_response(self, alias: str) -> None:
        """Refuses kept rows that break the feature's response."""
        work, feature = self.work, self._plan.graph.features[alias]
        if not has_expectations(feature):
            return
        activity = work.progress.activity(f"{alias}, its response", alias)
        with work.record.trace.span("check the response"), activity, work.backend.work(alias, f"{alias}: response"):
            check_expectations(alias, feature, work.frames[alias])

    def _note_checkpoint(self, alias: str, folder: str, code: Mapping[str, Any]) -> None:
        self.work.inputs.note_checkpoint(alias, manifest_path(folder), str(code.get("fingerprint", "")))

    def _stage(self, output: Output) -> None:
        work, alias = self.work, output.feature
        group = f"publish:{alias}"
        started = work.record.output_started(output.path)
        activity = work.progress.activity(f"publish {alias}", group)
        with (
            work.record.trace.span(f"publish {alias}", path=output.path),
            self._failing(alias),
            activity,
            work.backend.work(group, group),
        ):
            files = work.publication.stage(work.frames[alias], output)
        rows, size = sum(file.rows for file in files), sum(file.bytes for file in files)
        work.record.output_staged(output.path, started, rows=rows, size=size)

    def _publish(self) -> None:
        """Lets all outputs appear."""
        published: list[OutputRecord] = []
        with self.work.record.trace.span("let the outputs appear"), self.work.progress.waiting("publishing"):
            self.work.publication.commit(lambda: published.extend(self.work.record.published()))
        for output in published:
            known = {"rows": output.rows or 0, "size": output.bytes or 0}
            self.work.progress.published(output.feature, output.path, output.seconds or 0.0, **known)

    @contextmanager
    def _failing(self, alias: str) -> Iterator[None]:
        """Blames the feature for whatever is raised inside, in run.json too, unless the run is ending anyway."""
        try:
            with guard_user_code():
                yield
        except Exception as error:
            is_ending = self._ending.is_set() and self.work.outage.error is None
            if is_ending or isinstance(error, TaskCancelledError):
                self.work.record.feature_ended(alias, "interrupted")
                raise
            if spark_was_stopped(error):
                raise TerminatedError("Spark was stopped from outside") from error
            if self.work.outage.error is not None or self.work.outage.explains(error):
                raise self._given_up(alias) from error
            failure = self.work.feature_error(alias, error)
            if isinstance(error, SessionLostError):
                failure.hint = f"once it is up again: {resume_command(self.work.record)}"
            self.work.record.feature_failed(alias, failure)
            raise failure from (None if failure is error else error)

    def _given_up(self, alias: str) -> SparkEtlError:
        """Records what a store that is away has ended: the first feature has failed, others are interrupted."""
        failure = self.work.outage.give_up(alias)
        if isinstance(failure, FeatureError) and failure.feature == alias:
            self.work.record.feature_failed(alias, failure)
        else:
            self.work.record.feature_ended(alias, "interrupted")
        return failure
