"""What `transform` gets: the DataFrames that a replay of the feature would give it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spark_etl.code.project import Project
from spark_etl.config import FeatureConfig
from spark_etl.config.model import FeatureEntry
from spark_etl.debugging.computed import Computed, computed_rows, run_again
from spark_etl.debugging.notebook.computed_rows import ComputedRows
from spark_etl.debugging.notebook.folder import is_edited
from spark_etl.debugging.origin import Origin, reads_of
from spark_etl.debugging.recorded import RecordedInputs, SourceChangedError
from spark_etl.debugging.replay_plan import StoredFeature
from spark_etl.debugging.request import keys_file
from spark_etl.debugging.trust import is_imported
from spark_etl.errors import ArgumentError, RunFailedError
from spark_etl.feature import ConfiguredSparkFeature, SparkFeature
from spark_etl.graph import Graph
from spark_etl.names import alternatives
from spark_etl.printable import printable
from spark_etl.reading import Checkpoint
from spark_etl.reading.replay import run_replay
from spark_etl.runner.inputs import source_text
from spark_etl.sampling import Sample, make_sample
from spark_etl.store import ADOPTED

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


@dataclass(frozen=True)
class DebuggedFeature:
    """What is debugged, found without Spark.

    Attributes:
        origin: The run and the feature.
        project: The folder that the code was unpacked to.
        config: The run's, with the environment's variables filled in.
        allow_changed_sources: Whether sources that have changed are read as they are now.
    """

    origin: Origin
    project: Project
    config: FeatureConfig
    allow_changed_sources: bool = False

    @property
    def alias(self) -> str:
        """The feature's name."""
        return self.origin.feature

    @property
    def entry(self) -> FeatureEntry:
        """Class and parameters, as the run's config has them."""
        return self.config.features[self.alias]

    def sample(self) -> Sample | None:
        """Returns which rows of its sources the run saw; None for all."""
        known = self.origin.run.document.options or {}
        with tempfile.TemporaryDirectory(prefix="spark-etl-keys-") as folder:
            keys = keys_file(self.origin, Path(folder))
            fraction, key = (None if known.get(name) is None else str(known[name]) for name in ("sample", "sample_key"))
            return make_sample(fraction, key, keys, default_key=self.config.sample_key)


class KeptInputs(Mapping[str, Any]):
    """Source name → the DataFrame of what is kept of a feature's inputs, where the run has no code that reads more.

    Args:
        origin: The run and the feature.
        spark: The session.
    """

    def __init__(self, origin: Origin, spark: SparkSession) -> None:
        self._origin, self._spark = origin, spark
        failure = origin.run.failure
        kept = [*failure.inputs, *failure.not_kept] if failure and failure.feature == origin.feature else []
        self._names = tuple(dict.fromkeys([*reads_of(origin.run, origin.feature), *kept]))

    def __getitem__(self, name: str) -> DataFrame:
        """Returns the DataFrame of an input.

        Raises:
            ArgumentError: The feature has no such input, or no rows of it are kept.
        """
        if name not in self._names:
            raise ArgumentError(f"`{self._origin.feature}` has no input `{name}`. {alternatives(name, self._names)}")
        found = self._origin.failure_input(name) or self._origin.checkpoint(name)
        if isinstance(found, Checkpoint):
            return found.spark(self._spark)
        raise ArgumentError(f"{found}, and {self._origin.why_no_code}", hint=run_again([name]))

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


class DebugInputs(Mapping[str, Any]):
    """Source name → the DataFrame that `transform` gets; each is made when it is first asked for.

    Rows of features above are read from the run's checkpoints. What the run has no rows of is computed by its own code,
    in a process of its own. Sources are read as the run had read them, object by object.

    Args:
        debugged: The feature of the run.
        feature: An instance of its class.
        spark: The session.
        say: Shows a line.
    """

    def __init__(
        self, debugged: DebuggedFeature, feature: SparkFeature, spark: SparkSession, say: Callable[[str], None]
    ) -> None:
        self._debugged, self._spark, self._say = debugged, spark, say
        self._frames: dict[str, DataFrame] = {}
        self._texts: dict[str, str] = {}
        self._recorded: RecordedInputs | None = None
        self._sample: Sample | None = None
        self._computed = Computed()
        self._before = ComputedRows(debugged.project.path, debugged.origin)
        self.use(feature)

    def use(self, feature: SparkFeature) -> None:
        """Takes the sources of another instance, whose class may have been edited; frames of the others stay."""
        upstreams = [name for name, source in feature.sources.items() if isinstance(source, ConfiguredSparkFeature)]
        alias = self._debugged.alias
        self._graph = Graph({**{name: StoredFeature() for name in upstreams}, alias: feature})
        texts = {name: source_text(alias, name, source) for name, source in feature.sources.items()}
        if texts != self._texts:
            self._frames = {name: each for name, each in self._frames.items() if texts.get(name) == self._texts[name]}
            self._recorded = None
        self.feature, self._texts = feature, texts

    def __getitem__(self, name: str) -> DataFrame:
        """Returns the DataFrame of a source.

        Raises:
            ArgumentError: The feature has no such source, or the run no rows of it and no code that computes them.
            SourceChangedError: A source is not as the run had read it.
            RunFailedError: A feature above fails when it is computed.
        """
        if name not in self.feature.sources:
            raise ArgumentError(
                f"`{self._debugged.alias}` has no input `{name}`. {alternatives(name, self.feature.sources)}"
            )
        if name not in self._frames:
            is_feature = isinstance(self.feature.sources[name], ConfiguredSparkFeature)
            self._frames[name] = self._upstream(name).spark(self._spark) if is_feature else self._source(name)
        return self._frames[name]

    def __contains__(self, name: object) -> bool:
        return name in self.feature.sources

    def __iter__(self) -> Iterator[str]:
        return iter(self.feature.sources)

    def __len__(self) -> int:
        return len(self.feature.sources)

    def __repr__(self) -> str:
        return printable(f"inputs of {self._debugged.alias}: {', '.join(self) or 'none'}", one_line=True)

    def _ipython_key_completions_(self) -> list[str]:
        return list(self)

    def _source(self, name: str) -> DataFrame:
        if self._recorded is None:
            self._recorded = self._find_recorded()
            self._sample = self._debugged.sample()
        frame = self._recorded.frame(self._debugged.alias, name, self._spark)
        return self._sample.apply(frame) if self._sample else frame

    def _find_recorded(self) -> RecordedInputs:
        """Returns what the sources had read, which is looked up without Spark."""
        debugged = self._debugged
        origin, folder = debugged.origin, debugged.project.path
        try:
            found = RecordedInputs(
                origin,
                folder,
                self._graph,
                [debugged.alias],
                origin.dates(None, None),
                other_code=is_edited(folder, origin.run.code) or type(self.feature).__module__ == "__main__",
                allow_changed=debugged.allow_changed_sources,
            )
        except SourceChangedError as error:
            hint = f'.debugger("{debugged.alias}", allow_changed_sources=True) reads it as it is now'
            hint = str(error.hint) if is_imported(origin.run) else hint
            raise SourceChangedError(error.message, error.features, hint=hint) from None
        for note in found.notes:
            self._say(note)
        return found

    def _upstream(self, name: str) -> Checkpoint:
        """Returns the rows of a feature above: the run's, or computed now."""
        found = self._debugged.origin.checkpoint(name)
        if isinstance(found, Checkpoint):
            return found
        before = None if name in self._computed else self._before.find(name)
        if before is not None:
            self._say(f"`{name}` was computed before, by the replay {before.manifest.run_id}")
            self._computed[name] = before
        elif name not in self._computed:
            self._compute(name, found)
        return self._computed[name]

    def _compute(self, name: str, why: str) -> None:
        """Computes what has no rows of all that the feature reads, in one process: each starts Spark anew."""
        origin = self._debugged.origin
        if name not in origin.run.features or origin.run.kind == ADOPTED:
            raise ArgumentError(
                f"{why}, which `{self._debugged.alias}` reads", hint="run the pipeline with the new code: ./sandbox run"
            )
        missing = {name: why}
        for other in self._graph.upstreams[self._debugged.alias]:
            reason = origin.checkpoint(other) if other in origin.run.features else ""
            if isinstance(reason, str) and reason and other not in self._computed and not self._before.find(other):
                missing[other] = reason
        for alias, reason in missing.items():
            self._say(f"`{alias}` is computed with the run's own code, in a process of its own: {reason}")
        made = self._run_compute(list(missing))
        self._computed.update(made)
        if not self._debugged.allow_changed_sources:
            self._before.add(made, made.run)
        for note in made.notes:
            self._say(note)
        if name not in made:
            raise RunFailedError(made.failure, hint=run_again([name]))

    def _run_compute(self, wanted: list[str]) -> Computed:
        run = self._debugged.origin.run
        options = {"--compute": ",".join(wanted), "--allow-changed-sources": self._debugged.allow_changed_sources}
        out, exit_code, error = run_replay(run.path, wanted[0], options)
        return computed_rows(run, wanted, exit_code=exit_code, out=out, error=error)
