"""The graph: edges come from each feature's `sources`, and the order is the same each time."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from graphlib import CycleError, TopologicalSorter
from typing import Any

from spark_etl.error_text import error_summary
from spark_etl.errors import ArgumentError, GraphError, NotReturnedError
from spark_etl.feature import ConfiguredSparkFeature, SparkFeature
from spark_etl.names import alternatives
from spark_etl.source import Source
from spark_etl.user_code import guard_user_code


class Graph:
    """Features and what each of them reads.

    Rules, each refused with the names when broken:

    1. every source is a `Source` or a `ConfiguredSparkFeature` (`_check_sources`);
    2. a `ConfiguredSparkFeature` stands under the alias of a feature of the config (`_check_sources`);
    3. `transform` takes each source as a keyword (`_check_keywords`);
    4. there is no cycle (`_topological_order`).

    Attributes:
        features: Alias → feature.
        upstreams: Alias → aliases it reads, sorted.
        order: All aliases, upstreams first; alphabetical where the graph leaves it open.
    """

    def __init__(self, features: Mapping[str, SparkFeature]) -> None:
        self.features = dict(features)
        for alias, feature in self.features.items():
            with _naming(alias):
                _check_sources(alias, feature, self.features)
                _check_keywords(alias, feature)
        self.upstreams = {alias: _upstreams(feature) for alias, feature in sorted(self.features.items())}
        self.order = _topological_order(self.upstreams)

    def needed(self, targets: Iterable[str]) -> list[str]:
        """Returns the targets and everything they are made of, in order."""
        found: set[str] = set()
        waiting = list(targets)
        while waiting:
            alias = waiting.pop()
            if alias not in found:
                found.add(alias)
                waiting += self.upstreams[alias]
        return [alias for alias in self.order if alias in found]

    def check_known(self, names: Iterable[str], what: str) -> None:
        """Refuses names that are no feature of the config.

        Raises:
            ArgumentError: One is not; it is named with its nearest match.
        """
        for name in names:
            if name not in self.features:
                raise ArgumentError(f"{what} names an unknown feature `{name}`. {alternatives(name, self.features)}")


@contextmanager
def _naming(alias: str) -> Iterator[None]:
    """Names the feature whose attributes do something else than return: they may be properties of the user's."""
    try:
        with guard_user_code():
            yield
    except GraphError:
        raise
    except Exception as error:
        reason = error.message if isinstance(error, NotReturnedError) else error_summary(error)
        raise GraphError(f"feature `{alias}`: looking at its sources: {reason}") from error


def _upstreams(feature: SparkFeature) -> list[str]:
    return sorted(name for name, source in feature.sources.items() if isinstance(source, ConfiguredSparkFeature))


def _check_sources(alias: str, feature: SparkFeature, known: Mapping[str, SparkFeature]) -> None:
    sources: Any = getattr(feature, "sources", None)
    name = type(feature).__qualname__
    if sources is None:
        raise GraphError(f"feature `{alias}`: {name}.__init__ sets no `self.sources` dict")
    if not isinstance(sources, Mapping):
        raise GraphError(f"feature `{alias}`: `sources` of {name} is {_describe_type(sources)}, but must be a dict")
    for name, source in sources.items():
        if not isinstance(name, str) or not name.isidentifier():
            raise GraphError(
                f"feature `{alias}`: its source {name!r} can't be a keyword of transform()",
                hint="give it a name of letters, digits and `_`",
            )
        if isinstance(source, ConfiguredSparkFeature):
            if name not in known:
                others = alternatives(name, [other for other in known if other != alias])
                raise GraphError(
                    f"feature `{alias}` reads `{name}`, which is no feature of the config. {others}",
                    hint=f"add `{name}:` below `features:`, or correct the key in {type(feature).__qualname__}.sources",
                )
        elif not isinstance(source, Source):
            raise GraphError(
                f"feature `{alias}`: its source `{name}` is {_describe_type(source)}, "
                "but must be ConfiguredSparkFeature(), S3PublishedSource(…) or another Source"
            )


def _describe_type(value: Any) -> str:
    return f"the class {value.__name__}" if isinstance(value, type) else f"of type {type(value).__name__}"


def _check_keywords(alias: str, feature: SparkFeature) -> None:
    signature = inspect.signature(feature.transform)
    keywords = dict.fromkeys(["spark", "start_date", "end_date", *feature.sources])
    try:
        signature.bind(**keywords)
    except TypeError as error:
        raise GraphError(
            f"feature `{alias}`: {type(feature).__qualname__}.transform{signature} does not fit its sources "
            f"({', '.join(feature.sources) or 'none'}): {error}",
            hint=f"write it as def transform({', '.join(['self', *keywords])})",
        ) from None


def _topological_order(upstreams: Mapping[str, list[str]]) -> list[str]:
    sorter = TopologicalSorter(upstreams)
    try:
        sorter.prepare()
    except CycleError as error:
        raise GraphError(
            f"the features read each other in a circle: {' ← '.join(_from_smallest(error.args[1]))}"
        ) from None
    order: list[str] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        order += ready
        sorter.done(*ready)
    return order


def _from_smallest(cycle: list[str]) -> list[str]:
    """Returns the cycle, as read (`a ← b`: b reads a), begun at its first name in the alphabet."""
    names = cycle[:-1]
    start = names.index(min(names))
    return [*names[start:], *names[:start], names[start]]
