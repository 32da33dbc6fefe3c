"""A diagram for a terminal."""

from __future__ import annotations

from spark_etl.drawing.diagram import Diagram, Node


def as_text(diagram: Diagram) -> str:
    """Returns a listing by layers: what stands beside one number reads only what has smaller ones.

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
    return "\n".join(lines)


def _cells(node: Node) -> tuple[str, ...]:
    return (node.alias, node.state, ", ".join(node.marks), node.detail)
