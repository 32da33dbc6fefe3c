"""A diagram in Mermaid, which GitHub, GitLab and JupyterLab draw from Markdown."""

from __future__ import annotations

from spark_etl.drawing.diagram import Diagram, Node
from spark_etl.drawing.states import StateStyle, style_of
from spark_etl.printable import printable

# What Mermaid or its HTML would take for something else, by the code it writes such characters with.
SPECIAL = {ord(sign): f"#{ord(sign)};" for sign in '#"<>&`\\%$'} | {ord("\n"): " "}


def as_mermaid(diagram: Diagram) -> str:
    """Returns a flowchart: features as boxes, sources as cylinders."""
    names = {node.alias: f"n{number}" for number, node in enumerate(diagram.nodes)}
    sources = dict.fromkeys(source for node in diagram.nodes for source in node.sources)
    stores = {source: f"s{number}" for number, source in enumerate(sources)}
    lines = ["flowchart TD", f"    accTitle: {_escaped(diagram.summary())}"]
    lines += [f'    {name}[("{_escaped(source)}")]' for source, name in stores.items()]
    lines += [f'    {names[node.alias]}["{_label(node)}"]' for node in diagram.nodes]
    for node in diagram.nodes:
        read = [*(stores[source] for source in node.sources), *(names[up] for up in diagram.upstreams[node.alias])]
        lines += [f"    {name} --> {names[node.alias]}" for name in dict.fromkeys(read)]
    return "\n".join([*lines, *_classes(diagram, names)])


def _label(node: Node) -> str:
    state = f"{style_of(node.state).sign} {node.state}" if node.state else ""
    second = " · ".join(_escaped(part) for part in (state, *node.marks, node.detail) if part)
    return "<br/>".join(filter(None, [f"<b>{_escaped(node.alias)}</b>", second]))


def _escaped(text: str) -> str:
    return printable(text).translate(SPECIAL)


def _classes(diagram: Diagram, names: dict[str, str]) -> list[str]:
    states = dict.fromkeys(node.state for node in diagram.nodes)
    states_by_style: dict[StateStyle, list[str]] = {}
    for state in states:
        states_by_style.setdefault(style_of(state), []).append(state)
    lines = []
    for number, (style, same) in enumerate(states_by_style.items()):
        fill, line, text = style.light
        dashes = ",stroke-dasharray:4 3" if style.dashed else ""
        members = ",".join(names[node.alias] for node in diagram.nodes if node.state in same)
        lines.append(f"    classDef c{number} fill:{fill},stroke:{line},color:{text}{dashes}")
        lines.append(f"    class {members} c{number}")
    return lines
