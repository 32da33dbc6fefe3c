"""Markdown and HTML of notebooks without what could run, load or cover anything."""

from __future__ import annotations

import re
from html import escape

import mistune
import nh3
from spark_etl.printable import printable

TEXT_TAGS = {
    "a", "abbr", "b", "blockquote", "br", "caption", "code", "dd", "del", "details", "div", "dl", "dt", "em", "h1",
    "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "kbd", "li", "ol", "p", "pre", "q", "s", "small", "span", "strong",
    "sub", "summary", "sup", "u", "ul",
}  # fmt: skip
TABLE_TAGS = {"col", "colgroup", "table", "tbody", "td", "tfoot", "th", "thead", "tr"}
# Small bars beside the columns of a profile.
DRAWING_TAGS = {"svg", "rect", "path", "line", "circle"}
DRAWN = {"x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "r", "d", "width", "height", "fill", "fill-opacity", "stroke"}
ATTRIBUTES = {
    "*": {"style", "title", "role", "aria-label"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "ol": {"start"},
    "td": {"colspan", "rowspan", "align"},
    "th": {"colspan", "rowspan", "align", "scope"},
    "svg": {"width", "height", "viewBox", "fill", "fill-opacity"},
} | dict.fromkeys(DRAWING_TAGS - {"svg"}, DRAWN)
# Nothing that takes an address, and nothing that leaves its place.
STYLES = {
    "background-color", "border", "color", "font-size", "font-style", "font-weight", "max-width", "overflow", "padding",
    "text-align", "text-decoration", "vertical-align", "white-space", "width",
}  # fmt: skip
IMAGE = re.compile(r"data:image/(?:png|jpeg|gif|webp|svg\+xml);base64,[A-Za-z0-9+/=\s]+", re.IGNORECASE)
LINK = re.compile(r"(?:https?://|mailto:)", re.IGNORECASE)
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")

_cleaner = nh3.Cleaner(
    tags=TEXT_TAGS | TABLE_TAGS | DRAWING_TAGS,
    attributes=ATTRIBUTES,
    attribute_filter=lambda tag, attribute, value: _attribute(tag, attribute, value),  # noqa: PLW0108 - defined below
    url_schemes={"http", "https", "mailto", "data"},
    url_relative="deny",
    filter_style_properties=STYLES,
    set_tag_attribute_values={"a": {"target": "_blank"}},
)
_markdown = mistune.create_markdown(escape=False, plugins=["table", "strikethrough"])


def safe_html(text: str) -> str:
    """Returns HTML of which nothing runs and nothing is loaded: no scripts, forms, frames, styles or remote images."""
    # Character references become characters only now.
    return printable(_cleaner.clean(printable(text)))


def safe_markdown(text: str) -> str:
    """Returns markdown as such HTML."""
    return safe_html(str(_markdown(text)))


def safe_text(text: str) -> str:
    """Returns a text for `<pre>`, without the colours of a terminal."""
    return escape(printable(ANSI.sub("", text)))


def _attribute(tag: str, attribute: str, value: str) -> str | None:
    if attribute == "src":
        return value if IMAGE.fullmatch(value) else None
    if attribute == "href":
        return printable(value, one_line=True) if LINK.match(value) else None
    del tag
    return printable(value)
