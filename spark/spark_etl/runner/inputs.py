"""What each feature read: the manifests and run.json tell it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from spark_etl.dates import DateRange
from spark_etl.feature import ConfiguredSparkFeature
from spark_etl.graph import Graph
from spark_etl.sources.base import InputObject, Source


class Inputs:
    """The objects behind each source of the features that will run.

    Args:
        graph: The graph.
        order: The features that will run.
        dates: The days asked for.

    Raises:
        MissingDataError: A source lacks data.
    """

    def __init__(self, graph: Graph, order: tuple[str, ...], dates: DateRange) -> None:
        self._graph = graph
        self._kept: dict[str, dict[str, str]] = {}
        self._objects: dict[tuple[str, str], list[InputObject]] = {
            (alias, name): source.inputs(dates)
            for alias in order
            for name, source in graph.features[alias].sources.items()
            if isinstance(source, Source)
        }

    def kept(self, alias: str, manifest: str, fingerprint: str) -> None:
        """Remembers that a feature has a checkpoint, which its readers name as what they have read."""
        self._kept[alias] = {"feature": alias, "manifest": manifest, "code": fingerprint}

    def of(self, alias: str) -> dict[str, Any]:
        """Returns source name → what was read; an upstream without a checkpoint is told by what it read itself."""
        return {name: self._one(alias, name) for name in self._graph.features[alias].sources}

    def _one(self, alias: str, name: str) -> dict[str, Any]:
        source = self._graph.features[alias].sources[name]
        if isinstance(source, ConfiguredSparkFeature):
            return dict(self._kept[name]) if name in self._kept else {"feature": name, "inputs": self.of(name)}
        return {"source": repr(source), "objects": [asdict(item) for item in self._objects[alias, name]]}
