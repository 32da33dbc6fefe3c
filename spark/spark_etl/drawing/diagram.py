"""A graph of features to be drawn, and the drawing as text for a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from graphlib import TopologicalSorter

from spark_etl.drawing.circles import closing_edges
from spark_etl.printable import printable
from spark_etl.units import format_count


@dataclass(frozen=True)
class Node:
    """One feature.

    Attributes:
        alias: Its name.
        upstreams: Aliases of what it reads; those that are not drawn are passed over.
        sources: What it reads that no feature computes.
        state: One of `STATES`, or another word.
        marks: More about it: `checkpoint`, `publish`.
        detail: Rows, size, seconds.
        reason: Why it is in that state: of a failed one, the error.
    """

    alias: str
    upstreams: Sequence[str] = ()
    sources: Sequence[str] = ()
    state: str = ""
    marks: Sequence[str] = ()
    detail: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Diagram:
    """Features and what each of them reads.

    Attributes:
        nodes: In any order; no alias twice.
        title: What it is a drawing of.
    """

    nodes: Sequence[Node]
    title: str = "features"

    @cached_property
    def upstreams(self) -> dict[str, list[str]]:
        """Alias → those of its upstreams that are drawn too, without those that close a circle."""
        closing = set(self.closing)
        return {alias: [name for name in names if (alias, name) not in closing] for alias, names in self._all_upstreams}

    @cached_property
    def closing(self) -> list[tuple[str, str]]:
        """What closes a circle, as a feature and what it reads; no line is drawn for it."""
        return closing_edges(dict(self._all_upstreams))

    @cached_property
    def _all_upstreams(self) -> list[tuple[str, list[str]]]:
        known = {node.alias for node in self.nodes}
        return [(node.alias, [name for name in dict.fromkeys(node.upstreams) if name in known]) for node in self.nodes]

    @cached_property
    def layers(self) -> list[list[Node]]:
        """The nodes by the length of the longest way to them, in the order they were given."""
        depth: dict[str, int] = {}
        for alias in TopologicalSorter(self.upstreams).static_order():
            depth[alias] = 1 + max((depth[name] for name in self.upstreams[alias]), default=-1)
        layers: list[list[Node]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
        for node in self.nodes:
            layers[depth[node.alias]].append(node)
        return layers

    def summary(self) -> str:
        """Returns `revenue: 12 features, 9 run, 3 skip`, and of a graph with a circle what is not drawn."""
        counts = Counter(node.state for node in self.nodes if node.state)
        features = format_count(len(self.nodes), "feature")
        states = ", ".join([features, *(f"{count} {state}" for state, count in counts.items())])
        return f"{self.title}: {states}{self._circle_text()}"

    def _circle_text(self) -> str:
        if not self.closing:
            return ""
        (alias, upstream), *others = self.closing
        more = f" and {len(others):,} more" if others else ""
        return f"; they read each other in a circle, not drawn: {alias} ← {upstream}{more}"


def as_text(diagram: Diagram) -> str:
    """Returns a listing by layers: a feature of one number reads only features of smaller ones.

    Two lines for each feature: its state, marks, detail and reason, and below them what it reads.
    """
    position = len(str(len(diagram.layers)))
    widths = [
        max((len(cell) for cell in column), default=0)
        for column in zip(*(_cells(node) for node in diagram.nodes), strict=True)
    ]
    lines = [diagram.summary()]
    for number, layer in enumerate(diagram.layers, 1):
        lines.append("")
        for place, node in enumerate(layer):
            lead = f"{number if place == 0 else '':>{position}}  "
            cells = (cell.ljust(width) for cell, width in zip(_cells(node), widths, strict=True) if width)
            lines.append((lead + "  ".join([*cells, node.reason])).rstrip())
            if node.upstreams or node.sources:
                lines.append(f"{'':{position}}    ← {', '.join([*node.upstreams, *node.sources])}")
    return printable("\n".join(lines))


def _cells(node: Node) -> tuple[str, ...]:
    return (node.alias, node.state, ", ".join(node.marks), node.detail)
