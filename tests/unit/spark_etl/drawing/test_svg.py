from __future__ import annotations

import re
from base64 import b64decode
from xml.etree import ElementTree

import pytest
from spark_etl.drawing import Diagram, Node, as_html, as_svg
from spark_etl.drawing.states import STATES, UNKNOWN, StateStyle
from spark_etl.drawing.svg import PAGE
from spark_etl.printable import printable

SVG = "{http://www.w3.org/2000/svg}"


def parsed(diagram: Diagram) -> ElementTree.Element:
    return ElementTree.fromstring(as_svg(diagram))  # noqa: S314 - our own


def texts(diagram: Diagram) -> list[str]:
    return [text.text or "" for text in parsed(diagram).iter(f"{SVG}text")]


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted([luminance(one), luminance(other)], reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("style", [*STATES.values(), UNKNOWN])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_and_lines_can_be_read_on_what_is_behind_them(style: StateStyle, theme: str) -> None:
    fill, stroke, text = style.light if theme == "light" else style.dark
    paper, ink, line = PAGE[theme]
    assert contrast(fill, text) >= 4.5
    assert contrast(paper, ink) >= 4.5
    assert contrast(paper, line) >= 3
    assert contrast(paper, stroke) >= 3


@pytest.mark.parametrize("state", STATES)
def test_a_state_is_written_and_not_only_coloured(state: str) -> None:
    assert f"{STATES[state].sign} {state}" in texts(Diagram([Node("net", state=state)]))


def test_each_box_says_what_it_is_and_its_tooltip_why(diamond: Diagram) -> None:
    drawing = parsed(diamond)
    groups = [group for group in drawing.iter(f"{SVG}g") if "node" in group.get("class", "")]
    titles = {group.findtext(f"{SVG}text"): group.findtext(f"{SVG}title") for group in groups}
    assert set(titles) == {node.alias for node in diamond.nodes}
    assert titles["joined"] == "joined: run publish\n12 rows\npublished to x\nreads left, right"
    assert "← s3a://published/orders" in texts(diamond)


def test_a_screen_reader_gets_what_is_drawn(diamond: Diagram) -> None:
    drawing = parsed(diamond)
    assert drawing.get("role") == "img"
    labels = {part.get("id"): part.text for part in drawing.iter() if part.get("id")}
    title, text = (labels[name] for name in drawing.get("aria-labelledby", "").split())
    assert title == "plan of revenue: 6 features, 1 reuse, 4 run, 1 skip"
    assert "left: run, checkpoint, reads orders" in str(text)


def test_two_drawings_on_one_page_share_no_id_and_no_rule(diamond: Diagram) -> None:
    one, other = as_svg(diamond), as_svg(diamond)
    ids = [set(re.findall(r'id="([^"]+)"', drawn)) for drawn in (one, other)]
    assert not ids[0] & ids[1]
    name = re.findall(r'<svg[^>]* id="([^"]+)"', one)[0]
    rules = re.search(r"<style>(.*)</style>", one, re.DOTALL)
    assert rules
    selectors = re.findall(r"(?:^|[{}])([^{}@]+)\{", rules[1])
    assert selectors
    assert all(f"#{name}" in selector for selector in selectors)


def test_it_follows_the_systems_theme_and_jupyterlabs(diamond: Diagram) -> None:
    drawn = as_svg(diamond, name="here")
    dark = f"--paper:{PAGE['dark'][0]}"
    assert f"@media (prefers-color-scheme:dark){{#here{{{dark}" in drawn
    assert f'[data-jp-theme-light="false"] #here{{{dark}' in drawn
    assert f'[data-jp-theme-light="true"] #here{{--paper:{PAGE["light"][0]}' in drawn
    assert as_svg(diamond, name="here") == drawn


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "a & b", '"quoted"', "]]>", "bell \x07", "emoji 🦆"])
def test_whatever_a_text_is_the_drawing_is_whole(text: str) -> None:
    node = Node("net", sources=[text], state=text, marks=[text], detail=text, reason=text)
    drawn = as_svg(Diagram([node], text))
    assert "<script" not in drawn
    assert printable(text) in (parsed(Diagram([node], text)).findtext(f".//{SVG}g/{SVG}g/{SVG}title") or "")


def test_a_long_text_is_cut_in_the_box_and_whole_in_the_tooltip() -> None:
    path = "s3a://bucket/" + "folder/" * 20 + "orders"
    diagram = Diagram([Node("net", sources=[f"S3PublishedSource('{path}')", "Other()"])])
    (shown,) = [text for text in texts(diagram) if text.startswith("← ")]
    assert len(shown) < 60
    assert shown.endswith("orders and 1 more")
    assert path in as_svg(diagram)


def test_text_fits_into_its_box(diamond: Diagram) -> None:
    for group in parsed(diamond).iter(f"{SVG}g"):
        box = group.find(f"{SVG}rect")
        if box is None:
            continue
        left, width, bottom = (float(box.get(key, 0)) for key in ("x", "width", "y"))
        bottom += float(box.get("height", 0))
        for row in group.iter(f"{SVG}text"):
            size = 13 if row.get("class") == "name" else 11
            assert float(row.get("x", 0)) + 0.61 * size * len(row.text or "") <= left + width
            assert float(row.get("y", 0)) < bottom


def test_in_a_page_it_is_an_image_with_words_for_whom_does_not_see_it(diamond: Diagram) -> None:
    """JupyterLab leaves no `<svg>` in the output of a notebook that somebody else has run."""
    html = as_html(diamond)
    image = re.search(r'<img [^>]*src="data:image/svg\+xml;base64,([^"]+)" alt="([^"]+)">', html)

    assert html.startswith('<div style="overflow:auto">'), "too wide for the page, it scrolls"
    assert image
    assert b64decode(image[1]).decode() == as_svg(diamond, name="run")
    assert "reads left, right" in image[2]
    assert html == as_html(diamond), "a notebook shows the same when it is run again"


def test_no_features_are_drawn_too() -> None:
    assert texts(Diagram([])) == ["features: 0 features"]


def test_boxes_may_be_links_and_then_it_is_no_image() -> None:
    diagram = Diagram([Node("orders"), Node("net", ["orders"])])
    drawn = as_svg(diagram, name="d", links={"net": '/runs/x"y'})
    assert 'role="group"' in drawn
    assert '<a href="/runs/x&quot;y"><g class="node' in drawn
    assert drawn.count("<a ") == 1
    assert 'role="img"' in as_svg(diagram, name="d")
