"""The graphs of two runs as one: what each feature reads, in an order in which what is read comes first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter

from spark_etl.compare.runs.side import Side
from spark_etl.errors import ArgumentError


@dataclass(frozen=True)
class MergedGraph:
    """The features that either run has computed.

    Attributes:
        order: Upstreams first.
        upstreams: Feature → what it reads, in either run.
        common: Feature → what it reads in both: what only one reads is a change of the feature itself.
        only_in: Feature that one run alone knows → `A` or `B`.
    """

    order: tuple[str, ...]
    upstreams: Mapping[str, tuple[str, ...]]
    common: Mapping[str, tuple[str, ...]]
    only_in: Mapping[str, str]

    def shared(self, alias: str) -> tuple[str, ...]:
        """Returns what a feature reads in both runs, and what lies in both above features that it reads in one only.

        Where a feature was put in between, or has got another name, that is what the rows of both come from.
        """
        found: dict[str, None] = dict.fromkeys(self.common[alias])
        waiting = [name for name in self.upstreams[alias] if name in self.only_in]
        seen = set(waiting)
        while waiting:
            for name in self.upstreams[waiting.pop()]:
                if name not in self.only_in:
                    found[name] = None
                elif name not in seen:
                    seen.add(name)
                    waiting.append(name)
        return tuple(found)

    def above(self, alias: str) -> set[str]:
        """Returns all that a feature depends on."""
        found: set[str] = set()
        waiting = [alias]
        while waiting:
            new = set(self.upstreams[waiting.pop()]) - found
            found |= new
            waiting += new
        return found

    def below(self, aliases: Iterable[str]) -> set[str]:
        """Returns all that depend on one of some features."""
        found = set(aliases)
        for alias in self.order:
            if not found.isdisjoint(self.upstreams[alias]):
                found.add(alias)
        return found - set(aliases)

    def restricted_to(self, alias: str) -> MergedGraph:
        """Returns the graph of a feature and all that it depends on."""
        wanted = {alias, *self.above(alias)}
        order = tuple(each for each in self.order if each in wanted)
        return MergedGraph(order, self.upstreams, self.common, self.only_in)

    @cached_property
    def places(self) -> Mapping[str, int]:
        """Feature → its place in the order."""
        return {alias: place for place, alias in enumerate(self.order)}


def merge_graphs(a: Side, b: Side) -> MergedGraph:
    """Returns both graphs as one. Of an adopted run, which knows none, the other's counts.

    Raises:
        ArgumentError: The features of both together read each other in a circle.
    """
    graphs = [side.graph for side in (a, b)]
    known = [graph for graph in graphs if graph is not None]
    aliases = list(dict.fromkeys([*a.features, *b.features]))
    computed = set(aliases)
    upstreams = {
        alias: tuple(dict.fromkeys(name for graph in known for name in graph.get(alias, []) if name in computed))
        for alias in aliases
    }
    common = {
        alias: tuple(name for name in names if all(name in graph[alias] for graph in known if alias in graph))
        for alias, names in upstreams.items()
    }
    return MergedGraph(_order(aliases, upstreams), upstreams, common, dict(_only_in(a, b, aliases)))


def _order(aliases: list[str], upstreams: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Returns the order of A's run as far as it can be kept, so that two comparisons show one order."""
    sorter = TopologicalSorter({alias: upstreams[alias] for alias in aliases})
    try:
        sorter.prepare()
    except CycleError as error:
        circle = " → ".join(error.args[1])
        raise ArgumentError(f"the two runs read their features in opposite directions: {circle}") from error
    places = {alias: place for place, alias in enumerate(aliases)}
    found: list[str] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready(), key=places.__getitem__)
        found += ready
        sorter.done(*ready)
    return tuple(found)


def _only_in(a: Side, b: Side, aliases: list[str]) -> Iterator[tuple[str, str]]:
    for side, other in ((a, b), (b, a)):
        for alias in aliases:
            if alias in side.features and not _knows(other, alias):
                yield alias, side.letter


def _knows(side: Side, alias: str) -> bool:
    return side.graph is None or alias in side.features or alias in side.graph
