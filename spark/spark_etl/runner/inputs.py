"""What the sources of features read, looked up before Spark is started: manifests and the run's inputs tell it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from spark_etl.dates import DateRange
from spark_etl.error_text import error_summary
from spark_etl.errors import FeatureError, NotReturnedError, SparkEtlError
from spark_etl.feature import ConfiguredSparkFeature
from spark_etl.graph import Graph
from spark_etl.source import InputObject, Source
from spark_etl.sources.files import FileSource
from spark_etl.store import FeatureInputs, ObjectRecord, RunInputs, SourceRecord
from spark_etl.user_code import guard_user_code

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

THREADS = 16


def find_inputs(alias: str, name: str, source: Source, dates: DateRange) -> list[InputObject]:
    """Returns what a source reads; whatever its code does instead of returning that is its feature's failure."""
    try:
        with guard_user_code():
            return source.inputs(dates)
    except NotReturnedError as error:
        raise FeatureError(alias, f"source `{name}`: {error.message}", hint=error.hint) from error
    except SparkEtlError:
        raise
    except Exception as error:
        raise FeatureError(alias, f"source `{name}`: {error_summary(error)}") from error


def source_text(alias: str, name: str, source: object) -> str:
    """Returns the `repr` of a source; whatever its code does instead of returning that is its feature's failure."""
    try:
        with guard_user_code():
            return repr(source)
    except Exception as error:
        reason = error.message if isinstance(error, NotReturnedError) else error_summary(error)
        raise FeatureError(alias, f"source `{name}`: its repr(): {reason}") from error


class ResolvedInputs:
    """What the sources of some features read, looked up without Spark, and the rows that they give with it.

    A replay gives features other rows by another class of this shape.

    Args:
        graph: The graph.
        order: The features whose sources are looked at.
        dates: The days asked for.

    Raises:
        MissingDataError: A source lacks data.
    """

    def __init__(self, graph: Graph, order: Iterable[str], dates: DateRange) -> None:
        self._graph = graph
        self._dates = dates
        self._checkpoints: dict[str, dict[str, str]] = {}
        sources = {
            (alias, name): source
            for alias in order
            for name, source in graph.features[alias].sources.items()
            if isinstance(source, Source)
        }
        with ThreadPoolExecutor(THREADS) as pool:
            found = list(pool.map(lambda item: self._find(item[0][0], item[0][1], item[1]), sources.items()))
        self._objects: dict[tuple[str, str], list[InputObject]] = dict(zip(sources, found, strict=True))

    def _find(self, alias: str, name: str, source: Source) -> list[InputObject]:
        """Returns what a source reads."""
        return find_inputs(alias, name, source, self._dates)

    def note_checkpoint(self, alias: str, manifest: str, fingerprint: str) -> None:
        """Remembers that a feature has a checkpoint, which its readers name as what they have read."""
        self._checkpoints[alias] = {"feature": alias, "manifest": manifest, "code": fingerprint}

    def frame(self, alias: str, name: str, spark: SparkSession) -> DataFrame:
        """Returns the rows that a source gives."""
        source: Any = self._graph.features[alias].sources[name]
        frame: DataFrame = source.read(spark, self._dates)
        return frame

    def objects(self, alias: str, name: str) -> list[InputObject]:
        """Returns what a source of a feature reads."""
        return self._objects[alias, name]

    def all_objects(self) -> Iterator[tuple[str, str, InputObject]]:
        """Yields every object with the feature and the name of the source that reads it."""
        for (alias, name), objects in self._objects.items():
            for item in objects:
                yield alias, name, item

    def files_of(self, alias: str, path: str | None) -> list[tuple[FileSource, str]]:
        """Returns the sources of files that read a path, each with it; or all files that a feature reads itself.

        Args:
            alias: The feature.
            path: The path; None for all of the feature's.
        """
        sources = {key: self._graph.features[key[0]].sources[key[1]] for key in self._objects}
        return [
            (source, item.path)
            for key, source in sources.items()
            if isinstance(source, FileSource)
            for item in self._objects[key]
            if item.path == path or (path is None and key[0] == alias)
        ]

    def of(self, alias: str) -> dict[str, Any]:
        """Returns source name → what was read; an upstream without a checkpoint is described by what it read itself."""
        return {name: self.of_source(alias, name) for name in self._graph.features[alias].sources}

    def of_source(self, alias: str, name: str) -> dict[str, Any]:
        """Returns what was read under one name; see `of`."""
        source = self._graph.features[alias].sources[name]
        if isinstance(source, ConfiguredSparkFeature):
            return (
                dict(self._checkpoints[name])
                if name in self._checkpoints
                else {"feature": name, "inputs": self.of(name)}
            )
        return {
            "source": source_text(alias, name, source),
            "objects": [asdict(item) for item in self._objects[alias, name]],
        }

    def record(self, cache_keys: Mapping[str, Mapping[str, Any]]) -> RunInputs:
        """Returns what is stored of all this with a run.

        Args:
            cache_keys: Alias → what the rows of a feature depend on.
        """
        return RunInputs({alias: FeatureInputs(self._sources(alias), key) for alias, key in cache_keys.items()})

    def _sources(self, alias: str) -> dict[str, SourceRecord | str]:
        return {
            name: name
            if isinstance(source, ConfiguredSparkFeature)
            else SourceRecord(
                source_text(alias, name, source),
                tuple(ObjectRecord(**asdict(item)) for item in self._objects[alias, name]),
            )
            for name, source in self._graph.features[alias].sources.items()
        }
