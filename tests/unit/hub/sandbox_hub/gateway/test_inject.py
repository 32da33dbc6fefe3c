"""The header that leads back, in the pages of others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest
from sandbox_hub.gateway import inject
from sandbox_hub.gateway.inject import MAX_HEAD_BYTES, takes_header, with_header
from sandbox_hub.header import header

HTML = {"Content-Type": "text/html;charset=utf-8"}


async def parts(*chunks: bytes, broken: bool = False) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk
    if broken:
        raise aiohttp.ClientPayloadError


def injected(*chunks: bytes) -> bytes:
    async def collect() -> bytes:
        return b"".join([chunk async for chunk in with_header(parts(*chunks), b"<nav/>")])

    return asyncio.run(collect())


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (b'<html><head></head><body class="a"><p>x</body>', b'<html><head></head><body class="a"><nav/><p>x</body>'),
        (b"<BODY>x", b"<BODY><nav/>x"),
        (b"<p>a fragment", b"<p>a fragment"),
        (b"", b""),
        (b" " * MAX_HEAD_BYTES + b"<body>", b" " * MAX_HEAD_BYTES + b"<body>"),
        (b"<body data-x='<body>'><body>", b"<body data-x='<body><nav/>'><body>"),
    ],
)
@pytest.mark.parametrize("size", [1, 7, 1_000_000])
def test_it_is_the_first_thing_of_a_page_in_whatever_parts_that_comes(page: bytes, expected: bytes, size: int) -> None:
    size = max(size, len(page) // 100)

    assert injected(*(page[start : start + size] for start in range(0, len(page), size))) == expected


def test_a_head_in_many_parts_is_searched_once(monkeypatch: pytest.MonkeyPatch) -> None:
    searched: list[int] = []

    class Counting:
        def search(self, head: bytearray, start: int, end: int) -> None:
            searched.append(min(len(head), end) - start)

    monkeypatch.setattr(inject, "BODY", Counting())
    injected(*[b" " * 64] * 1024)

    assert max(searched) <= 2006 + 64


def test_what_came_before_a_page_broke_off_is_sent_and_nothing_is_made_whole() -> None:
    found: list[bytes] = []

    async def collect() -> None:
        async for chunk in with_header(parts(b"<html>half", broken=True), b"<nav/>"):
            found.append(chunk)

    with pytest.raises(aiohttp.ClientPayloadError):
        asyncio.run(collect())
    assert found == [b"<html>half"]


@pytest.mark.parametrize(
    ("method", "status", "request_headers", "answer", "takes"),
    [
        ("GET", 200, {}, HTML, True),
        ("GET", 500, {"Sec-Fetch-Dest": "document"}, HTML, True),
        ("GET", 200, {"Sec-Fetch-Dest": "iframe"}, HTML, False),
        ("GET", 200, {"Sec-Fetch-Dest": "empty"}, HTML, False),
        ("GET", 206, {}, HTML, False),
        ("HEAD", 200, {}, HTML, False),
        ("POST", 200, {}, HTML, False),
        ("GET", 200, {}, {"Content-Type": "application/json"}, False),
        ("GET", 200, {}, HTML | {"Content-Disposition": 'attachment; filename="x.html"'}, False),
        ("GET", 200, {}, {}, False),
    ],
)
def test_only_a_page_that_somebody_looks_at_gets_it(
    method: str, status: int, request_headers: dict[str, str], answer: dict[str, str], takes: bool
) -> None:
    assert takes_header(method, status, request_headers, answer) is takes


def test_it_leads_to_every_page_that_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANDBOX_UI_LINKS", "spark,s3")

    shown = header("s3", "http://localhost:8000")

    assert shown.isascii()
    for path in ("/hub/home", "/services/shelf/", "/services/ui/spark/", "/services/ui/s3/"):
        assert f'href="http://localhost:8000{path}"' in shown
    assert "mail" not in shown
    assert shown.count("aria-current") == 1
