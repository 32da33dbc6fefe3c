"""What a run will do, found out before Spark starts: everything that can be refused early is refused here."""

from __future__ import annotations

from dataclasses import dataclass

from spark_etl.code.project import Project
from spark_etl.config import FeatureConfig, load_config
from spark_etl.errors import ArgumentError, ConfigError, ReadError
from spark_etl.graph import Graph
from spark_etl.reading import Run, Runs
from spark_etl.reading.repeat import refuse_other_kinds
from spark_etl.response import check_declaration, has_expectations
from spark_etl.runner.backend import check_reachable
from spark_etl.runner.local_sources import refuse_local_sources
from spark_etl.runner.options import Options, pipeline_name
from spark_etl.runner.overlaps import refuse_overlaps
from spark_etl.runner.publish.ownership import Output, refuse_taken
from spark_etl.sampling import Sample, make_sample
from spark_etl.storage import is_s3, join, normalise
from spark_etl.storage.paths import scheme_of
from spark_etl.store import DAMAGED, ReplayRecord


@dataclass(frozen=True)
class Plan:
    """What will be run.

    Attributes:
        order: The features that publish and checkpoint need, upstreams first.
        targets: The features that are kept or published → why.
        checkpoints: The features to keep → why.
        sample: Which rows of the sources are seen; all if None.
        previous: The run whose checkpoints are reused where they hold.
        replay: Of which run it computes a feature again; None: of none.
    """

    options: Options
    config: FeatureConfig
    project: Project
    graph: Graph
    pipeline: str
    order: tuple[str, ...]
    outputs: tuple[Output, ...]
    targets: dict[str, str]
    checkpoints: dict[str, str]
    previous: Run | None = None
    sample: Sample | None = None
    replay: ReplayRecord | None = None

    @property
    def not_needed(self) -> tuple[str, ...]:
        """The features of the config that nothing asked for reads, directly or not."""
        return tuple(alias for alias in self.graph.order if alias not in self.order)

    def class_of(self, alias: str) -> str:
        """Returns the class of a feature; empty where a replay has only its checkpoint."""
        entry = self.config.features.get(alias)
        return entry.class_path if entry else ""

    @property
    def owner(self) -> str:
        """Whose the outputs are: team and pipeline."""
        return f"{self.options.team}/{self.pipeline}"


def make_plan(options: Options) -> Plan:
    """Returns what the command line asks for.

    Raises:
        ConfigError: The feature config is wrong.
        GraphError: Its features are no graph that can be run.
        ArgumentError: A name on the command line is unknown.
        PublishRefusedError: An output is there already and may not be replaced, or is where something else lives.
    """
    config = load_config(options.config)
    project = Project(options.project)
    project.activate()
    project.check_files()
    features = config.features.items()
    graph = Graph({alias: project.load_feature(alias, entry.class_path, entry.params) for alias, entry in features})
    for alias, feature in graph.features.items():
        check_declaration(alias, feature)
    graph.check_known(options.checkpoints, "--checkpoint")
    sample = make_sample(options.sample, options.sample_key, options.keys, default_key=config.sample_key)
    outputs = _outputs(options, config, graph)
    checkpoints = dict.fromkeys(options.checkpoints, "kept by --checkpoint")
    if sample:
        checkpoints = {output.feature: "kept, not published: the run sees a sample" for output in outputs} | checkpoints
        outputs = ()
    targets = {output.feature: f"published to {output.path}" for output in outputs} | checkpoints
    if not targets:
        raise ArgumentError(
            f"nothing to run: {options.config} publishes nothing and no --checkpoint is given",
            hint=f"keep one: `--checkpoint {graph.order[-1]}`",
        )
    pipeline = pipeline_name(options.pipeline or config.pipeline, options.config)
    previous = _previous(options, pipeline)
    check_reachable(options.remote, [options.scratch, *(output.path for output in outputs)])
    order = tuple(graph.needed(targets))
    refuse_local_sources(graph, order, options.dates, options)
    refuse_overlaps(outputs, graph, order, options.dates, publish=options.publish, scratch=options.scratch)
    refuse_taken(outputs)
    checked = [alias for alias in order if has_expectations(graph.features[alias])]
    reason = "checkpointed, because its response is checked on the checkpoint"
    checkpoints |= {alias: reason for alias in checked if alias not in checkpoints}
    return Plan(options, config, project, graph, pipeline, order, outputs, targets, checkpoints, previous, sample)


def _previous(options: Options, pipeline: str) -> Run | None:
    """Returns the run to resume.

    Raises:
        ArgumentError: There is no such run.
    """
    if options.resume is None:
        return None
    runs = Runs(options.scratch)
    try:
        found = runs.latest(pipeline, team=options.team) if options.resume == "latest" else runs[options.resume]
    except ReadError as error:
        raise ArgumentError(f"--resume {options.resume}: {error.message}", hint=error.hint) from error
    refuse_other_kinds(found, options.resume)
    if found.status == DAMAGED:
        raise ArgumentError(
            f"--resume {options.resume}: run {found.id} is damaged: {found.error.message if found.error else ''}",
            hint="resume another one, or leave --resume out",
        )
    return found


def _outputs(options: Options, config: FeatureConfig, graph: Graph) -> tuple[Output, ...]:
    targets = config.outputs()
    graph.check_known([target.feature for target in targets], f"{options.config}: publish.s3")
    return tuple(Output(target.feature, _full_path(options, target.path), target.overwrite) for target in targets)


def _full_path(options: Options, path: str) -> str:
    if ".." in path.split("/"):
        raise ConfigError(f"{options.config}: publish path {path!r} leads out of its place with `..`")
    if path.startswith("/") and options.publish and is_s3(options.publish):
        inside = path.strip("/")
        raise ConfigError(
            f"{options.config}: publish path {path!r} is a folder of the driver's disk, and --publish-path is "
            f"{options.publish}",
            hint=f"{inside} is {join(options.publish, inside)}; file://{path} is the folder on the disk",
        )
    if is_s3(path) or scheme_of(path) or path.startswith("/"):
        return normalise(path)
    if not options.publish:
        raise ArgumentError(f"--publish-path is missing: {options.config} publishes to the relative path {path!r}")
    return join(options.publish, *(part for part in path.split("/") if part not in {"", "."}))
