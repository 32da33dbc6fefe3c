"""A comparison as HTML: for a notebook, and as one file for a ticket."""

from __future__ import annotations

import re
from base64 import b64decode
from collections import Counter
from datetime import UTC, datetime
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from spark_etl.compare import RunDiff
from spark_etl.compare.show import Commands, check_target, run_page, write_page
from spark_etl.compare.show.diagram import diff_diagram
from spark_etl.errors import ArgumentError

from tests.support.comparisons import A, B, different, same

VOID = {"meta", "img", "br"}


class Tags(HTMLParser):
    """Counts the elements of a page, and refuses those that are not closed in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: Counter[str] = Counter()
        self.open: list[str] = []
        self.attributes: set[str] = set()
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found[tag] += 1
        self.attributes.update(name for name, _ in attrs)
        self.open += [] if tag in VOID else [tag]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def drawing(page: str) -> str:
    found = re.search(r"svg\+xml;base64,([\w+/=]+)", page)
    assert found is not None
    return b64decode(found[1]).decode()


def test_a_notebook_has_the_graph_the_features_and_what_differs_in_each() -> None:
    page = different()._repr_html_()
    tags = Tags(page)
    assert tags.found["details"] == 2, "those that differ"
    svg = unescape(drawing(page))
    for shown in ("= same", "≠ differs · first", "↓ differs by its inputs", "≈ presumed the same"):
        assert shown in svg
    assert '<span style="background-color:rgba(248,81,73,.22)">-    joined' in page
    assert '<span style="background-color:rgba(46,160,67,.22)">+    joined' in page


def test_samples_stand_side_by_side_with_the_changed_cells_marked() -> None:
    page = different().features["net"]._repr_html_()
    assert re.search(r"background-color:[^>]*><b>12\.50</b>", page)
    assert re.search(r"background-color:[^>]*><b>12\.55</b>", page)
    assert "<b>Zoë</b>" not in page, "which is the same on both sides"
    assert "&lt;b&gt;late&lt;/b&gt;" in page
    assert page.index("Columns that differ") < page.index("share 1 key") < page.index("The first rows that differ")


def test_the_file_for_a_ticket_says_what_when_and_how_and_loads_nothing() -> None:
    command = f"./sandbox diff {A} {B}"
    page = run_page(
        different(), commands=Commands("./sandbox"), made=command, at=datetime(2024, 3, 1, 9, 30, tzinfo=UTC)
    )
    tags = Tags(page)
    assert f"<h1>{A} and {B}: different</h1>" in page
    assert f"<h1>{A} and {B}: different</h1>" in different().to_html(), "as a notebook writes it"
    assert f"Made 2024-03-01 09:30 UTC by <code>{command}</code>" in page
    assert not {"script", "link", "iframe", "form"} & tags.found.keys()
    assert not re.search(r"https?:|//", page.replace(drawing(page), ""))
    assert page.count("<details open>") == 1, "the one that parts"
    assert tags.attributes <= {
        "style",
        "src",
        "alt",
        "open",
        "scope",
        "lang",
        "charset",
        "name",
        "content",
        "http-equiv",
    }


def test_a_drawing_of_a_long_graph_is_of_what_differs() -> None:
    many = {f"f{number}": same(f"f{number}") for number in range(996)}
    diagram = diff_diagram(RunDiff(A, B, features={**many, **different().features}, first=("net",)))
    assert [node.alias for node in diagram.nodes] == ["orders", "rates", "net", "top"]
    assert "4 of 1,001 features" in diagram.summary()


def test_a_file_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    for file in (tmp_path, tmp_path / "nosuch" / "diff.html"):
        with pytest.raises(ArgumentError, match="--html"):
            check_target(file)
    check_target(tmp_path / "diff.html")
    write_page(tmp_path / "diff.html", "ä")
    check_target(tmp_path / "diff.html")
    with pytest.raises(ArgumentError, match="--html"):
        write_page(tmp_path, "x")
