"""The plan of a replay: one feature, and of what is above it only what the run has no rows of."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from spark_etl.code.project import Project
from spark_etl.code.roots import find_root
from spark_etl.config import FeatureConfig, load_config
from spark_etl.debugging.origin import Origin
from spark_etl.errors import ArgumentError, ConfigError
from spark_etl.feature import ConfiguredSparkFeature, SparkFeature
from spark_etl.graph import Graph
from spark_etl.names import alternatives
from spark_etl.reading import Checkpoint
from spark_etl.response import check_declaration
from spark_etl.runner.options import CONFIG_NAME, Options
from spark_etl.runner.plan import Plan
from spark_etl.runner.resume.decide import ReuseDecision
from spark_etl.sampling import make_sample
from spark_etl.source import Source
from spark_etl.store import OWN_CODE, ReplayRecord

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


class StoredFeature(SparkFeature):
    """Stands in the graph for a feature whose rows are read from a checkpoint."""

    def transform(self, spark: SparkSession, start_date: date, end_date: date, **kwargs: Any) -> DataFrame:
        """Is never called."""
        raise NotImplementedError


@dataclass(frozen=True)
class Code:
    """The code that computes the feature.

    Attributes:
        project: The folder that its modules are imported from.
        config: The feature config: the run's, or with other code that one's.
        text: Where it comes from, for people.
        is_own: Whether it is the code that the run has kept.
    """

    project: Project
    config: FeatureConfig
    text: str
    is_own: bool


@dataclass
class Above:
    """What is above the feature.

    Attributes:
        features: Alias → feature: those that are computed, and stand-ins for those of which there are rows.
        decisions: Alias → what becomes of it, upstreams not first.
        missing: Aliases of which there are no rows, and no code here to compute them → why.
        notes: What is to be said of those that were computed for it.
    """

    features: dict[str, SparkFeature] = field(default_factory=dict)
    decisions: dict[str, ReuseDecision] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def computed(self) -> list[str]:
        """Returns the features that are computed."""
        return [alias for alias, decision in self.decisions.items() if decision.action == "run"]


def own_config(origin: Origin, folder: Path) -> FeatureConfig:
    """Returns the config of a run, with the environment's variables filled in.

    Args:
        origin: The run.
        folder: Where its code lies. The config's file is in it, as a rule; else it is made of what run.json has.

    Raises:
        ConfigError: A variable that it mentions is not set.
    """
    document = origin.run.document
    written = document.config
    if not written.get("features"):
        raise ConfigError(
            f"run {origin.run.name} has no feature config: it is of kind `{document.kind}`",
            hint="give the project that computes the feature: --code DIR",
        )
    for file in sorted(folder.glob("*.y*ml")):
        config = _config_like(file, written)
        if config:
            return config
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / f"run-{origin.run.id}.yaml"
        file.write_text(document.config_text or "", encoding="utf-8")
        if config := _config_like(file, written):
            return config
        file.write_text(yaml.safe_dump(written, allow_unicode=True, sort_keys=False), encoding="utf-8")
        return load_config(file)


def _config_like(file: Path, written: Mapping[str, Any]) -> FeatureConfig | None:
    """Returns the config of a file if it is what a run was given: JSON has no dates, which YAML has."""
    try:
        config = load_config(file)
    except ConfigError:
        return None
    return config if config.as_json == written else None


def other_config(origin: Origin, folder: Path) -> FeatureConfig:
    """Returns the config for other code: the run's, but for the feature's class and parameters.

    These are of the config in the folder, which may be what was mended. Without one there, or where it does not have
    the feature, they are the run's, too. A run that was adopted has no config: then all of it is the folder's.

    Raises:
        ConfigError: Neither has the feature.
    """
    document = origin.run.document
    file = origin.config_in(folder)
    config = load_config(file) if file else None
    entry = config.features.get(origin.feature) if config else None
    if document.config.get("features"):
        own = own_config(origin, folder)
        if entry:
            return own.model_copy(update={"features": {**own.features, origin.feature: entry}})
        if origin.feature in own.features:
            return own
    if config and entry:
        return config
    where = f"{file} has no feature `{origin.feature}`" if file else f"{folder} has no {CONFIG_NAME}"
    known = f". {alternatives(origin.feature, config.features)}" if config else ""
    raise ConfigError(f"{where}{known}", hint="--code DIR is the folder of the config and its modules")


def other_code(origin: Origin, folder: Path, text: str) -> Code:
    """Returns the code of a folder for the feature of a run.

    Raises:
        ConfigError: It is no such folder, or does not have the feature.
    """
    if not folder.is_dir():
        raise ArgumentError(f"--code {folder}: no such folder")
    config = other_config(origin, folder)
    module = config.features[origin.feature].class_path.rpartition(".")[0]
    return Code(Project(find_root(folder.resolve(), {module})), config, text, is_own=False)


def load_above(
    origin: Origin, code: Code, known: Mapping[str, Checkpoint], features: Sequence[str] | None = None
) -> Above:
    """Returns the feature, and what there is above it: rows where the run has them, else what computes them.

    Args:
        origin: The run and the feature.
        code: Computes the feature; where it is the run's own, what is above it, too.
        known: Checkpoints that were made of the rest, by alias.
        features: Several ones instead of the one.
    """
    found = Above()
    targets = list(features or [origin.feature])
    waiting = [*targets]
    while waiting:
        alias = waiting.pop()
        if alias in found.decisions:
            continue
        checkpoint = "" if alias in targets else known.get(alias) or origin.checkpoint(alias)
        if isinstance(checkpoint, Checkpoint):
            found.features[alias] = StoredFeature()
            found.decisions[alias] = reuse(origin, checkpoint)
            continue
        if alias not in targets and not code.is_own:
            found.features[alias] = StoredFeature()
            found.missing[alias] = checkpoint
            continue
        feature = _load(origin, code, alias)
        found.features[alias] = feature
        with_code = f"with {OWN_CODE if code.is_own else code.text}"
        why = with_code if alias in targets else f"{with_code}: {checkpoint}"
        found.decisions[alias] = ReuseDecision("run", why)
        waiting += [name for name, source in feature.sources.items() if isinstance(source, ConfiguredSparkFeature)]
    return found


def reuse(origin: Origin, checkpoint: Checkpoint) -> ReuseDecision:
    """Returns the decision to read a feature's rows from a checkpoint."""
    manifest = checkpoint.manifest
    kept = ", kept after the failure" if manifest.after_failure else ""
    run_id = manifest.run_id
    where = f"run {origin.run.name}" if run_id == origin.run.id else f"run {run_id}"
    return ReuseDecision("reuse", f"its checkpoint in {where}{kept}", manifest, checkpoint.path)


def _load(origin: Origin, code: Code, alias: str) -> SparkFeature:
    config = code.config
    if alias not in config.features:
        raise ConfigError(f"`{alias}` is no feature of the config. {alternatives(alias, config.features)}")
    entry = config.features[alias]
    try:
        feature = code.project.load_feature(alias, entry.class_path, entry.params)
    except ConfigError as error:
        if code.is_own and origin.left_out:
            hint = "give the project: --code DIR"
            raise ConfigError(f"{error.message}; not kept with the run's code: {origin.left_out}", hint=hint) from error
        raise
    check_declaration(alias, feature)
    return feature


def make_replay_plan(origin: Origin, code: Code, above: Above, options: Options, keep: Sequence[str]) -> Plan:
    """Returns the plan of a replay.

    Args:
        origin: The run and the feature.
        code: Computes the feature.
        above: What is above it.
        options: Of the replay.
        keep: The features whose rows are kept.

    Raises:
        GraphError: The feature's sources are none that can be read.
    """
    graph = Graph(above.features)
    computed = [alias for alias in graph.order if above.decisions[alias].action == "run"]
    reads = [source for alias in computed for source in graph.features[alias].sources.values()]
    is_sampled = any(isinstance(source, Source) for source in reads)
    given = (options.sample, options.sample_key, options.keys)
    sample = make_sample(*given, default_key=code.config.sample_key) if is_sampled else None
    return Plan(
        options=options,
        config=code.config,
        project=code.project,
        graph=graph,
        pipeline=origin.run.stored.pipeline,
        order=tuple(graph.order),
        outputs=(),
        targets=dict.fromkeys(keep, "replayed"),
        checkpoints=dict.fromkeys(keep, "replayed"),
        sample=sample,
        replay=ReplayRecord(origin.run.name, origin.run.path, origin.feature, code.text),
    )
