"""Whatever text is in a field of a comparison, terminals, notebooks and browsers show it and obey none of it."""

from __future__ import annotations

import dataclasses
import json
import re
import unicodedata
from base64 import b64decode
from collections.abc import Callable, Mapping
from html.parser import HTMLParser
from typing import Any

import pytest
from spark_etl.compare import FeatureDiff, RowDiff, RunDiff
from spark_etl.compare.show import Commands, run_page, run_text
from spark_etl.printable import printable_json

from tests.support.comparisons import bracketed, different

TERMINAL = "\x1b]52;c;cm0gLXJm\x07\x1b]0;owned\x1b\\\x9b31m\r\x08\x7f\u202egnp\u2066\u200b\ud800"
MARKUP = "</pre></td></title></style>--><script>alert(1)</script><img src=x onerror=alert(1)>\"' onload=x&lt;`"
HOSTILE = f"{TERMINAL}{MARKUP}"
KEPT = {"state", "kind"}  # of which nobody but the comparison makes one
TAGS = {
    *(
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "h1",
        "p",
        "code",
        "b",
        "ul",
        "li",
        "div",
        "span",
        "pre",
        "img",
    ),
    *("table", "caption", "thead", "tbody", "tr", "th", "td", "details", "summary", "footer"),
}


def hostile(value: Any, name: str = "") -> Any:
    """Returns a value with hostile text at the end of each text in it, names of columns and features too."""
    if isinstance(value, str):
        return value if name in KEPT else value + HOSTILE
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        made = {field.name: hostile(getattr(value, field.name), field.name) for field in dataclasses.fields(value)}
        return dataclasses.replace(value, **made)
    if isinstance(value, Mapping):
        return {hostile(key): hostile(item) for key, item in value.items()}
    return tuple(map(hostile, value)) if isinstance(value, tuple) else value


DIFFS = {"different": hostile(different()), "bracketed": hostile(bracketed())}
TEXTS: dict[str, Callable[[RunDiff], str]] = {
    "text": str,
    "narrow": lambda diff: run_text(diff, width=40, commands=Commands("./sandbox", chosen=("--keys", HOSTILE))),
    "features": lambda diff: "\n".join(map(str, diff.features.values())),
    "json": lambda diff: printable_json(json.dumps(diff.to_dict())),
}
PAGES: dict[str, Callable[[RunDiff], str]] = {
    "notebook": lambda diff: diff._repr_html_(),
    "file": lambda diff: run_page(diff, commands=Commands("./sandbox"), made=HOSTILE),
    "features": lambda diff: "".join(feature._repr_html_() for feature in diff.features.values()),
    "rows": lambda diff: "".join(rows._repr_html_() for rows in rows_of(diff)),
    "columns": lambda diff: "".join(rows.schema._repr_html_() for rows in rows_of(diff)),
}


def rows_of(diff: RunDiff) -> list[RowDiff]:
    return [feature.rows for feature in diff.features.values() if feature.rows]


def obeyed(text: str) -> set[str]:
    """Returns the characters of a text that are no text."""
    return {
        char
        for char in text.replace("\n", "")
        if unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"} or char in "\u202e\u2066\u200b"
    }


class Elements(HTMLParser):
    """The elements of a page, and their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)


@pytest.mark.parametrize("which", list(DIFFS))
@pytest.mark.parametrize("shown", list(TEXTS))
def test_no_field_is_obeyed_by_a_terminal(which: str, shown: str) -> None:
    assert obeyed(TEXTS[shown](DIFFS[which])) == set()


@pytest.mark.parametrize("which", list(DIFFS))
@pytest.mark.parametrize("shown", list(PAGES))
def test_no_field_is_obeyed_by_a_browser(which: str, shown: str) -> None:
    page = PAGES[shown](DIFFS[which])
    found = Elements(page)
    assert found.tags <= TAGS
    assert not {name for name in found.attributes if name.startswith("on")}
    drawn = [b64decode(image).decode() for image in re.findall(r"base64,([\w+/=]+)", page)]
    assert [obeyed(text) for text in [page, *drawn]] == [set()] * (len(drawn) + 1)
    assert not any("<script" in text for text in drawn)


def test_each_field_was_hostile() -> None:
    net = next(feature for feature in DIFFS["different"].features.values() if feature.state == "differs")
    assert isinstance(net, FeatureDiff)
    assert net.rows is not None
    texts = [net.alias, net.causes[0].text_diff, net.rows.pairs[0].columns[0], *net.rows.pairs[0].a.values]
    assert all(text.endswith(HOSTILE) for text in texts)
