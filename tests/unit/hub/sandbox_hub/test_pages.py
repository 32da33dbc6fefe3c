from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest
from sandbox_hub import pages
from sandbox_hub.gateway import service as gateway
from sandbox_hub.runs import service as runs
from sandbox_hub.shelf import service as shelf
from sandbox_hub.shelf.store import Record
from tornado import httputil, template, web

from tests.unit.hub.sandbox_hub.shelf.test_store import RECORD


def test_every_text_of_a_record_is_made_printable() -> None:
    record = Record(
        **{**vars(RECORD), "title": "a\u202eb", "why": ["\x1b]52;x", "one\ntwo"], "packages": {"\u200b": "\ud800"}}
    )

    shown = pages.printable_value({"record": record, "versions": [record]})

    assert shown["record"].title == shown["versions"][0].title == "a\\u202eb"
    assert shown["record"].why == ["\\x1b]52;x", "one\ntwo"]
    assert shown["record"].packages == {"\\u200b": "\\ud800"}
    assert shown["record"].version == record.version


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (web.HTTPError(422, "`😀.ipynb` has 100% no letter"), "`😀.ipynb` has 100% no letter"),
        (web.HTTPError(404, "a\r\nb\u202e"), "a\\r\\nb\\u202e"),
        (web.HTTPError(400, "no %s of %d", "x", 5), "no x of 5"),
        (web.HTTPError(404), "Not Found"),
        (RuntimeError("a secret"), "Internal Server Error"),
    ],
)
def test_a_refusal_says_what_was_raised(error: Exception, text: str) -> None:
    page = pages.PageHandler.__new__(pages.PageHandler)
    page._reason = httputil.responses[error.status_code if isinstance(error, web.HTTPError) else 500]

    assert page.error_text({"exc_info": (type(error), error, None)}) == text


@pytest.mark.parametrize("service", [gateway, runs, shelf])
def test_the_page_of_a_problem_has_the_services_own_style(service: ModuleType) -> None:
    own = Path(service.__file__ or "").parent / "pages"
    known = {"status": 404, "reason": "gone", "way_back": "Back", "search": "Search.", "header": "", "prefix": "/"}

    page = template.Loader(str(own)).load(pages.PROBLEM).generate(**known, hub="").decode()

    style = template.Loader(str(own)).load("style.html").generate().decode()
    assert "".join(style.split()) in "".join(page.split())
    assert "<p>Search.</p>" in page
