"""Where each box and each line of a diagram goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from spark_etl.drawing.diagram import Diagram
from spark_etl.drawing.ranks import Bend, Item, Ranks, rank

BESIDE, BETWEEN, BEND, MARGIN = 22.0, 40.0, 6.0, 12.0
WIDEST = 1000.0
PASSES = 24
STRAIGHT, LOOSE = 4.0, 0.01

Point = tuple[float, float]
BoxSize = tuple[float, float]
Target = tuple[float, float]


@dataclass(frozen=True)
class Box:
    """The place of one feature: its upper left corner and its size."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Line:
    """From a box or bend to one of the next layer.

    Attributes:
        start: Where it begins.
        end: Where it ends.
        arrives: Whether it ends at a box.
    """

    start: Point
    end: Point
    arrives: bool


@dataclass(frozen=True)
class Layout:
    """A whole drawing.

    Attributes:
        down: Whether layers lie below each other, and not beside.
    """

    boxes: Mapping[str, Box]
    lines: Sequence[Line]
    width: float
    height: float
    down: bool


def lay_out(diagram: Diagram, sizes: Mapping[str, BoxSize]) -> Layout:
    """Returns the drawing with layers from top to bottom, or from left to right where that would be too wide.

    Args:
        diagram: What is drawn.
        sizes: Alias → width and height of its box.
    """
    ranks = rank(diagram)
    down = _place(ranks, sizes, down=True)
    if down.width <= WIDEST:
        return down
    across = _place(ranks, sizes, down=False)
    return across if across.width < down.width else down


def _place(ranks: Ranks, sizes: Mapping[str, BoxSize], *, down: bool) -> Layout:
    """Places everything on two axes: `along` goes from layer to layer, `cross` lies in a layer."""
    cross_sizes = {
        item: BEND if isinstance(item, Bend) else sizes[item][0 if down else 1]
        for layer in ranks.layers
        for item in layer
    }
    along_sizes = [
        max((sizes[item][1 if down else 0] for item in layer if isinstance(item, str)), default=0.0)
        for layer in ranks.layers
    ]
    cross = _cross_positions(ranks, cross_sizes)
    least = min((cross[item] - cross_sizes[item] / 2 for item in cross), default=0.0)
    starts = [MARGIN + sum(along_sizes[:number]) + BETWEEN * number for number in range(len(along_sizes))]
    spans: dict[Item, tuple[float, float, float]] = {
        item: (cross[item] - least + MARGIN, starts[number], starts[number] + along_sizes[number])
        for number, layer in enumerate(ranks.layers)
        for item in layer
    }
    boxes = {item: _box(spans[item], sizes[item], down=down) for item in spans if isinstance(item, str)}
    extent = max((spans[item][0] + cross_sizes[item] / 2 for item in spans), default=0.0) + MARGIN
    length = max((end for _, _, end in spans.values()), default=0.0) + MARGIN
    return Layout(boxes, _lines(ranks, spans, down=down), *((extent, length) if down else (length, extent)), down=down)


def _box(span: tuple[float, float, float], size: BoxSize, *, down: bool) -> Box:
    """Returns the place of a box: as long as its layer, so that all lines begin and end at boxes."""
    centre, start, end = span
    width, height = size
    if down:
        return Box(centre - width / 2, start, width, end - start)
    return Box(start, centre - height / 2, end - start, height)


def _lines(ranks: Ranks, spans: Mapping[Item, tuple[float, float, float]], *, down: bool) -> list[Line]:
    def point(cross: float, along: float) -> Point:
        return (cross, along) if down else (along, cross)

    lines: list[Line] = []
    for item, (cross, start, end) in spans.items():
        if isinstance(item, Bend):
            lines.append(Line(point(cross, start), point(cross, end), arrives=False))
        for other in ranks.below[item]:
            target = spans[other]
            lines.append(Line(point(cross, end), point(target[0], target[1]), arrives=isinstance(other, str)))
    return lines


def _cross_positions(ranks: Ranks, sizes: Mapping[Item, float]) -> dict[Item, float]:
    """Returns each item's centre: as near to what it is joined with as its neighbours in the layer let it."""
    cross: dict[Item, float] = {}
    for layer in ranks.layers:
        cross.update(zip(layer, _fit([(0.0, 1.0)] * len(layer), [sizes[item] for item in layer]), strict=True))
    for number in range(PASSES):
        down, settling = number % 2 == 1, number >= PASSES // 2
        for layer in ranks.layers if down else reversed(ranks.layers):
            wanted: list[Target] = []
            for item in layer:
                near = ranks.above[item] if down else ranks.below[item]
                joined = [*ranks.above[item], *ranks.below[item]] if settling or not near else near
                wanted.append(_target(cross, item, joined, wanted[-1] if wanted else None))
            cross.update(zip(layer, _fit(wanted, [sizes[item] for item in layer]), strict=True))
    return cross


def _target(cross: Mapping[Item, float], item: Item, joined: Sequence[Item], before: Target | None) -> Target:
    """Returns where an item should be, and how much that counts.

    Bends pull each other more, so that lines are straight; what is joined with nothing keeps to its neighbour.
    """
    if not joined:
        return (before[0] if before else cross[item]), LOOSE
    weights = [STRAIGHT if isinstance(item, Bend) and isinstance(other, Bend) else 1.0 for other in joined]
    return sum(cross[other] * weight for other, weight in zip(joined, weights, strict=True)) / sum(weights), 1.0


def _fit(wanted: Sequence[Target], sizes: Sequence[float]) -> list[float]:
    """Returns the centres nearest to those wanted that keep the order and a gap (isotonic regression)."""
    offsets = [0.0]
    for size, following in pairwise(sizes):
        offsets.append(offsets[-1] + (size + following) / 2 + BESIDE)
    pools: list[tuple[float, float, int]] = []
    for (want, weight), offset in zip(wanted, offsets, strict=False):
        mean, weighs, count = want - offset, weight, 1
        while pools and pools[-1][0] > mean:
            before, more, members = pools.pop()
            mean = (before * more + mean * weighs) / (more + weighs)
            weighs, count = more + weighs, members + count
        pools.append((mean, weighs, count))
    means = [mean for mean, _, count in pools for _ in range(count)]
    return [mean + offset for mean, offset in zip(means, offsets, strict=False)]
