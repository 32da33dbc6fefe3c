"""The page of a shared notebook: everything of it can be seen, and nothing of it runs."""

from __future__ import annotations

import asyncio
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from sandbox_hub.apart.process import PageError
from sandbox_hub.shelf.cells import page as cells_page
from sandbox_hub.shelf.cells.page import notebook_page
from sandbox_hub.shelf.cells.process import notebook_page_apart
from sandbox_hub.shelf.cells.safe_html import safe_html
from spark_etl.printable import UNSAFE

PNG = "iVBORw0KGgo="
TABLE = '<table border="1" class="dataframe"><thead><tr><th>plan</th></tr></thead><tr><td>gold</td></tr></table>'


def code(*outputs: dict[str, Any], source: str = "1 + 1") -> dict[str, Any]:
    return {"cell_type": "code", "source": source, "outputs": list(outputs)}


def shown(**data: Any) -> dict[str, Any]:
    forms = {kind.replace("__", "/").replace("svg", "svg+xml"): value for kind, value in data.items()}
    return {"output_type": "display_data", "data": forms}


def markdown(text: str, **more: Any) -> dict[str, Any]:
    return {"cell_type": "markdown", "source": text, **more}


def page_of(*cells: Any) -> str:
    return notebook_page({"cells": list(cells)}, "It")


def test_cells_outputs_tables_and_pictures_are_shown() -> None:
    page = page_of(
        markdown("# Late orders\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n**bold** and `code`"),
        code(
            {"output_type": "stream", "name": "stdout", "text": ["42 \x1b[31mrows\x1b[0m\n", "<b>"]},
            shown(text__html=TABLE, text__plain="plain"),
            shown(image__png=PNG, text__plain="<Figure>"),
            shown(image__svg="<svg xmlns='http://www.w3.org/2000/svg'/>"),
            {"output_type": "error", "ename": "ValueError", "evalue": "no rows", "traceback": []},
            source="orders.head()",
        ),
    )

    for expected in (
        "<h1>Late orders</h1>", "<td>1</td>", "<strong>bold</strong>", "orders.head()", "42 rows\n&lt;b&gt;",
        "<td>gold</td>", f'src="data:image/png;base64,{PNG}"', 'src="data:image/svg+xml;base64,', "ValueError: no rows",
    ):  # fmt: skip
        assert expected in page, expected
    assert "plain" not in page, "the richest form only"


HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '<img src="https://evil.example/pixel.png">',
    '<img src="//evil.example/x"><img src="/hub/logout"><img srcset="https://evil.example/x 1x">',
    '<img src="data:text/html;base64,PHNjcmlwdD4=">',
    '<a href="javascript:alert(1)">x</a><a href="/hub/logout">y</a><a href="data:text/html,x">z</a>',
    '<a href=" java\nscript:alert(1)">x</a>',
    '<svg onload=alert(1)><script>alert(1)</script><use href="https://evil.example/#x"/></svg>',
    '<svg><foreignObject><iframe src="https://evil.example"></iframe></foreignObject></svg>',
    '<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></mglyph></table></mtext></math>',
    '<iframe src="https://evil.example"></iframe><object data="x"></object><embed src="x">',
    '<form action="/hub/logout"><button>Go</button><input name="x"></form>',
    '<meta http-equiv="refresh" content="0;url=https://evil.example"><base href="https://evil.example/">',
    '<link rel="stylesheet" href="https://evil.example/x.css"><style>@import "https://evil.example/x.css";</style>',
    '<p style="position:fixed;inset:0;background:url(https://evil.example/x)">over everything</p>',
    "</main></body><script>alert(1)</script>",
    "</pre></div><script>alert(1)</script>",
    "\x1b]52;c;ZXZpbA==\x07 \u202e",
    '<template><script>alert(1)</script></template><noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    "[x](javascript:alert(1)) ![y](https://evil.example/pixel.png) <javascript:alert(1)>",
]  # fmt: skip
LOADING = {"src", "href", "srcset", "action", "data", "xlink:href", "background", "poster", "formaction"}
ALLOWED = re.compile(r"data:image/(png|svg\+xml);base64,|https?://|mailto:")


class Inspector(HTMLParser):
    """Collects what could run or load anything."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"script", "iframe", "object", "embed", "form", "input", "button", "link", "base", "use", "template"}:
            self.found.append(tag)
        for name, value in attrs:
            remote = name in LOADING and not (
                ALLOWED.match(value or "") and (tag == "a" or "http" not in (value or ""))
            )
            covers = name == "style" and re.search("position|url|inset", value or "")
            if name.startswith("on") or remote or covers or (tag == "meta" and name == "http-equiv"):
                self.found.append(f"{tag} {name}={value}")


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_of_it_runs_or_is_loaded(text: str) -> None:
    page = page_of(
        markdown(text),
        markdown(f"- {text}", attachments={"x": {"image/png": f'"><script>{text}'}}),
        code(
            shown(text__html=text),
            shown(text__markdown=text),
            shown(image__png=f'x" onerror="alert(1)">{text}'),
            shown(text__plain=text),
            {"output_type": "stream", "name": "stdout", "text": text},
            {"output_type": "error", "ename": text, "evalue": text, "traceback": [text]},
            source=text,
        ),
        {"cell_type": "raw", "source": text},
    )
    inspector = Inspector()
    inspector.feed(page)

    assert inspector.found == []
    assert page.count("<style>") == 1, "our own"
    assert "\x1b" not in page
    assert "\u202e" not in page


@pytest.mark.parametrize(
    "cell",
    [
        None, 3, {}, {"cell_type": "code"}, {"cell_type": "markdown", "source": {"x": 1}, "attachments": [1]},
        {"cell_type": "code", "source": [1, None], "outputs": [None, {}, {"output_type": "stream", "text": 7}]},
        {"cell_type": "code", "outputs": [{"output_type": "display_data", "data": {"text/html": [{}]}}]},
        {"cell_type": "markdown", "attachments": {"a": None, "b": {"image/png": 3}}},
        {"cell_type": "code", "outputs": [{"output_type": "error", "traceback": [None, 3]}]},
        {"cell_type": "markdown", "source": "\ud800 lone"},
    ],
)  # fmt: skip
def test_what_has_no_sense_is_shown_as_far_as_it_goes(cell: Any) -> None:
    assert "after it" in page_of(cell, markdown("after it"))


def test_what_is_too_much_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cells_page, "MAX_CELLS", 3)
    monkeypatch.setattr(cells_page, "MAX_OUTPUTS", 2)
    monkeypatch.setattr(cells_page, "MAX_TEXT", 10)
    monkeypatch.setattr(cells_page, "MAX_IMAGE", 4)

    assert "2 more cells are not shown here" in page_of(*[markdown("x")] * 5)
    assert "3 more outputs are not shown here" in page_of(code(*[shown(text__plain="x")] * 5))
    assert "… and 5 characters more" in page_of(code(source="x" * 15))
    assert "too large" in page_of(code(shown(image__png=PNG)))
    monkeypatch.setattr(cells_page, "MAX_PAGE", 100)
    assert "1 more cells are not shown here" in page_of(markdown("short"), markdown("y " * 5), markdown("z" * 200))


def test_it_is_made_in_a_process_that_can_not_take_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_SECRET", "x")
    good, none, deep = (tmp_path / name for name in ("good.ipynb", "none.ipynb", "deep.ipynb"))
    good.write_text(json.dumps({"cells": [markdown("# Late orders ü")]}))
    none.write_text("[1]")
    deep.write_text('{"cells":' + "[" * 100_000)

    assert "<h1>Late orders ü</h1>" in asyncio.run(notebook_page_apart(good, "It")).decode()
    assert r"<title>a\x00b\ud800</title>" in asyncio.run(notebook_page_apart(good, "a\0b\ud800")).decode()
    for damaged in (none, deep):
        with pytest.raises(PageError, match="no notebook"):
            asyncio.run(notebook_page_apart(damaged, "It"))
    monkeypatch.setattr("sandbox_hub.shelf.cells.process.MAX_NOTEBOOK_BYTES", 2)
    with pytest.raises(PageError, match="has more than"):
        asyncio.run(notebook_page_apart(good, "It"))


@pytest.mark.parametrize(
    "text",
    [
        "<b>a&#x202e;gpj.exe</b>&#27;[31m&#8203;",
        '<b title="&#x202e;x&#8203;">y</b>',
        '<a href="https://example.org/&#x202e;x&#27;">y</a>',
    ],
)
def test_a_character_reference_brings_no_control_into_the_page(text: str) -> None:
    assert not UNSAFE.search(safe_html(text))
    assert not UNSAFE.search(page_of(code(shown(text__html=text)), markdown(text)))
