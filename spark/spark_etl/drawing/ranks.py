"""Layers of boxes and of the bends of long lines, ordered so that few lines cross (Sugiyama's method)."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from spark_etl.drawing.diagram import Diagram

SWEEPS = 8
MOST_BENDS = 3000


@dataclass(frozen=True)
class Bend:
    """Where the lines from one feature pass a layer on their way to later ones."""

    alias: str
    layer: int


Item = str | Bend


@dataclass(frozen=True)
class Ranks:
    """What stands in each layer, in order, and what is joined by a line.

    Attributes:
        layers: Aliases and bends.
        above: Item → what a line comes from.
        below: Item → what a line leads to.
    """

    layers: Sequence[Sequence[Item]]
    above: Mapping[Item, Sequence[Item]]
    below: Mapping[Item, Sequence[Item]]


def rank(diagram: Diagram) -> Ranks:
    """Returns the layers of a diagram.

    A line that passes layers bends in each, so that it goes between boxes and not through them; the lines from one
    feature share their bends. In a graph that would need more than `MOST_BENDS` they go straight, behind the boxes.
    """
    layers: list[list[Item]] = [[node.alias for node in layer] for layer in diagram.layers]
    depth = {item: number for number, layer in enumerate(layers) for item in layer}
    last = dict(depth)
    for alias, upstreams in diagram.upstreams.items():
        for upstream in upstreams:
            last[upstream] = max(last[upstream], depth[alias])
    bending = sum(max(0, last[item] - depth[item] - 1) for item in depth) <= MOST_BENDS
    lines: dict[tuple[Item, Item], None] = {}
    for alias, upstreams in diagram.upstreams.items():
        for upstream in upstreams:
            way = list(_path_through_layers(upstream, alias, depth)) if bending else [upstream, alias]
            lines.update(dict.fromkeys(pairwise(way)))
    for item in dict.fromkeys(item for line in lines for item in line if isinstance(item, Bend)):
        layers[item.layer].append(item)
    above: dict[Item, list[Item]] = {item: [] for layer in layers for item in layer}
    below: dict[Item, list[Item]] = {item: [] for layer in layers for item in layer}
    for upper, lower in lines:
        above[lower].append(upper)
        below[upper].append(lower)
    return Ranks(_ordered(layers, above, below), above, below)


def _path_through_layers(upstream: str, alias: str, depth: Mapping[Item, int]) -> Iterator[Item]:
    yield upstream
    yield from (Bend(upstream, layer) for layer in range(depth[upstream] + 1, depth[alias]))
    yield alias


def _ordered(
    layers: list[list[Item]], above: Mapping[Item, Sequence[Item]], below: Mapping[Item, Sequence[Item]]
) -> list[list[Item]]:
    """Returns the layers in the order with the fewest crossings that sweeping down and up has come by."""
    best, fewest = [list(layer) for layer in layers], _crossings(layers, below)
    for sweep in range(SWEEPS):
        if not fewest:
            break
        down = sweep % 2 == 0
        for number in range(1, len(layers)) if down else range(len(layers) - 2, -1, -1):
            beside = layers[number - 1 if down else number + 1]
            _sort(layers[number], beside, above if down else below)
        crossings = _crossings(layers, below)
        if crossings < fewest:
            best, fewest = [list(layer) for layer in layers], crossings
    return best


def _sort(layer: list[Item], beside: Sequence[Item], joined: Mapping[Item, Sequence[Item]]) -> None:
    """Sorts a layer by the mean place of what each item is joined with; what is joined with nothing keeps its place."""
    places = {item: place for place, item in enumerate(beside)}

    def mean(place: int, item: Item) -> float:
        found = [places[other] for other in joined[item] if other in places]
        return sum(found) / len(found) if found else float(place)

    means = {item: mean(place, item) for place, item in enumerate(layer)}
    layer.sort(key=means.__getitem__)


def _crossings(layers: Sequence[Sequence[Item]], below: Mapping[Item, Sequence[Item]]) -> int:
    """Returns how many pairs of lines cross."""
    crossings = 0
    for upper, lower in pairwise(layers):
        places = {item: place for place, item in enumerate(lower)}
        seen: list[int] = []
        for item in upper:
            ends = [places[other] for other in below[item] if other in places]
            crossings += sum(len(seen) - bisect_right(seen, end) for end in ends)
            for end in ends:
                insort(seen, end)
    return crossings
