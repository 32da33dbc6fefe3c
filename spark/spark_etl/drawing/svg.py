"""A diagram as SVG: readable on light and dark pages, without colour, and by a screen reader."""

from __future__ import annotations

import re
import secrets
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from unicodedata import east_asian_width

from spark_etl.drawing.diagram import Diagram, Node
from spark_etl.drawing.layout import Box, Layout, Line, lay_out
from spark_etl.drawing.states import STATES, UNKNOWN, StateStyle, style_of
from spark_etl.printable import printable

NAME, SMALL, LEADING, PADDING, HEADER = 13.0, 11.0, 16.0, 12.0, 26.0
# Of its size, the width of a character in the widest of the usual monospaced fonts.
ADVANCE = 0.62
LONGEST = 40
FONT = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace"
# Paper, ink and lines; the papers are JupyterLab's.
PAGE = {"light": ("#ffffff", "#1f2328", "#6e7781"), "dark": ("#111111", "#e6e9ec", "#8b949e")}
FIRST_ARGUMENT = re.compile(r"\w+\('([^']+)'.*\)")


@dataclass(frozen=True)
class _Label:
    """The lines of a box: the first is the name."""

    lines: tuple[str, ...]

    @property
    def size(self) -> tuple[float, float]:
        width = max(
            _columns(line) * ADVANCE * (NAME if number == 0 else SMALL) for number, line in enumerate(self.lines)
        )
        return round(width + 2 * PADDING, 1), LEADING * len(self.lines) + PADDING


def as_svg(diagram: Diagram, *, name: str | None = None, links: Mapping[str, str] | None = None) -> str:
    """Returns an `<svg>` element to put into a page or a file.

    It follows the page's theme: JupyterLab's where there is one, else the system's.

    Args:
        diagram: What is drawn.
        name: What its ids begin with; different each time if not given, since a page may hold several.
        links: Alias → the address that its box leads to.
    """
    name = name or f"d{secrets.token_hex(4)}"
    texts = {node.alias: _Label(tuple(map(printable, _lines_of(node)))) for node in diagram.nodes}
    layout = lay_out(diagram, {alias: text.size for alias, text in texts.items()})
    title = _escaped(diagram.summary())
    width = max(layout.width, _columns(diagram.summary()) * ADVANCE * SMALL + 2 * PADDING)
    height = layout.height + HEADER
    role = "group" if links else "img"  # an image has nothing in it that can be followed
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" id="{name}" role="{role}" aria-labelledby="{name}-title {name}-text" '
        f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}">'
    )
    parts = [
        head,
        f'<title id="{name}-title">{title}</title><desc id="{name}-text">{_escaped(_description(diagram))}</desc>',
        f"<style>{_style(name)}</style>",
        f'<defs><marker id="{name}-arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto"><path d="M0 0.5 8 4 0 7.5Z" class="head"/></marker></defs>',
        f'<path class="paper" d="M0 0H{width:.0f}V{height:.0f}H0Z"/>',
        f'<text x="{PADDING:.0f}" y="18" class="title">{title}</text>',
        f'<g transform="translate(0 {HEADER:.0f})">',
        *(_path(line, name, down=layout.down) for line in layout.lines),
        *(_linked(_group(node, layout, texts[node.alias]), (links or {}).get(node.alias)) for node in diagram.nodes),
        "</g></svg>",
    ]
    return "\n".join(parts)


def as_html(diagram: Diagram) -> str:
    """Returns the SVG as an image in an element that scrolls where the page is too narrow for it.

    An image, and not the element itself: of an `<svg>` in an untrusted notebook, JupyterLab keeps only the text.
    """
    content = b64encode(as_svg(diagram, name="run").encode()).decode()
    alt = _escaped(f"{diagram.summary()}. {_description(diagram)}")
    image = f'<img style="max-width:none" src="data:image/svg+xml;base64,{content}" alt="{alt}">'
    return f'<div style="overflow:auto">{image}</div>'


def _lines_of(node: Node) -> Iterator[str]:
    state = f"{style_of(node.state).sign} {node.state}" if node.state else ""
    yield node.alias
    second = " · ".join(part for part in (state, *node.marks) if part)
    if second:
        yield _short(second)
    if node.detail:
        yield _short(node.detail)
    for source in node.sources[:1]:
        more = f" and {len(node.sources) - 1} more" if len(node.sources) > 1 else ""
        path = FIRST_ARGUMENT.fullmatch(source)
        yield _short(f"← {path[1] if path else source}") + more


def _short(text: str) -> str:
    """Returns a text, its middle left out if it is too long; the tooltip has all of it."""
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else f"{text[: LONGEST // 3]}…{text[-(LONGEST - LONGEST // 3 - 1) :]}"


def _columns(text: str) -> int:
    return sum(2 if east_asian_width(sign) in {"W", "F"} else 1 for sign in text)


def _escaped(text: str) -> str:
    return escape(printable(text))


def _description(diagram: Diagram) -> str:
    return "; ".join(
        f"{node.alias}: {node.state or 'feature'}{''.join(f', {mark}' for mark in node.marks)}"
        + (f", reads {', '.join(node.upstreams)}" if node.upstreams else "")
        for node in diagram.nodes
    )


def _path(line: Line, name: str, *, down: bool) -> str:
    (x, y), (to_x, to_y) = line.start, line.end
    if down:
        middle = (y + to_y) / 2
        bends = f"{x:.1f} {middle:.1f} {to_x:.1f} {middle:.1f}"
    else:
        middle = (x + to_x) / 2
        bends = f"{middle:.1f} {y:.1f} {middle:.1f} {to_y:.1f}"
    arrow = f' marker-end="url(#{name}-arrow)"' if line.arrives else ""
    return f'<path class="line" d="M{x:.1f} {y:.1f}C{bends} {to_x:.1f} {to_y:.1f}"{arrow}/>'


def _group(node: Node, layout: Layout, text: _Label) -> str:
    box: Box = layout.boxes[node.alias]
    rows = "".join(
        f'<text x="{box.x + PADDING:.1f}" y="{box.y + LEADING * (number + 1) + 1:.1f}"'
        f"{_class(number)}>{_escaped(line)}</text>"
        for number, line in enumerate(text.lines)
    )
    shape = f'<rect x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" rx="5"/>'
    title = f"<title>{_escaped(_tooltip(node))}</title>"
    return f'<g class="node {_style_class(style_of(node.state))}">{title}{shape}{rows}</g>'


def _linked(group: str, address: str | None) -> str:
    return group if address is None else f'<a href="{escape(address)}">{group}</a>'


def _class(number: int) -> str:
    return ' class="name"' if number == 0 else ""


def _tooltip(node: Node) -> str:
    first = " ".join(filter(None, [f"{node.alias}:" if node.state else node.alias, node.state, *node.marks]))
    reads = ", ".join([*node.upstreams, *node.sources])
    return "\n".join(filter(None, [first, node.detail, node.reason, f"reads {reads}" if reads else ""]))


def _style_class(style: StateStyle) -> str:
    kinds = list(dict.fromkeys([*STATES.values(), UNKNOWN]))
    return f"k{kinds.index(style)}"


def _style(name: str) -> str:
    """Returns the rules of one drawing and no other: each begins with its id."""
    light, dark = _theme("light"), _theme("dark")
    fixed = [
        (f"font-family:{FONT};font-size:{SMALL:.0f}px", ""),
        ("fill:none;stroke:var(--line);stroke-width:1.3", " .line"),
        ("fill:var(--line)", " .head"),
        ("fill:var(--ink)", " .title"),
        ("fill:var(--paper)", " .paper"),
        ("stroke-width:1.3", " rect"),
        (f"font-size:{NAME:.0f}px;font-weight:600", " .name"),
    ]
    kinds = dict.fromkeys([*STATES.values(), UNKNOWN])
    for number, style in enumerate(kinds):
        dashes = ";stroke-dasharray:4 3" if style.dashed else ""
        fixed.append((f"fill:var(--f{number});stroke:var(--s{number}){dashes}", f" .k{number} rect"))
        fixed.append((f"fill:var(--t{number})", f" .k{number} text"))
    rules = [f"#{name}{{{light}}}", f"@media (prefers-color-scheme:dark){{#{name}{{{dark}}}}}"]
    rules += [
        f'[data-jp-theme-light="{value}"] #{name}{{{theme}}}' for value, theme in (("true", light), ("false", dark))
    ]
    return "".join([*rules, *(f"#{name}{part}{{{rule}}}" for rule, part in fixed)])


def _theme(theme: str) -> str:
    paper, ink, line = PAGE[theme]
    colours = [f"--paper:{paper};--ink:{ink};--line:{line}"]
    for number, style in enumerate(dict.fromkeys([*STATES.values(), UNKNOWN])):
        fill, stroke, text = style.light if theme == "light" else style.dark
        colours.append(f"--f{number}:{fill};--s{number}:{stroke};--t{number}:{text}")
    return ";".join(colours)
