"""Puts the header into the pages of others on their way to the browser.

A frame around them would hide their addresses, and the S3 console refuses one. Only whole pages get it: not what a
script or a frame asks for, nor parts, nor a mail, which anybody may have written.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping

import aiohttp

# The pages of these upstreams have it within their first few hundred bytes.
BODY, MAX_HEAD_BYTES = re.compile(rb"<body\b[^>]{0,2000}>", re.IGNORECASE), 64 * 1024
MAX_TAG_BYTES = len("<body>") + 2000


def takes_header(method: str, status: int, request: Mapping[str, str], answer: Mapping[str, str]) -> bool:
    """Returns whether an answer is a page that somebody looks at.

    Args:
        method: Of the request.
        status: Of the answer.
        request: The headers of the request.
        answer: The headers with which the answer is sent.
    """
    is_page = answer.get("Content-Type", "").lower().startswith("text/html") and status not in {204, 206, 304}
    is_file = answer.get("Content-Disposition", "").lower().startswith("attachment")
    return method == "GET" and is_page and not is_file and request.get("Sec-Fetch-Dest", "document") == "document"


async def with_header(chunks: AsyncIterator[bytes], header: bytes) -> AsyncIterator[bytes]:
    """Yields a page with the header as the first thing in its body; as it is, if it has none soon enough.

    Args:
        chunks: The page, as it comes.
        header: The header.
    """
    head = bytearray()
    try:
        async for chunk in chunks:
            searched = max(0, len(head) - MAX_TAG_BYTES)
            head += chunk
            if found := BODY.search(head, searched, MAX_HEAD_BYTES):
                end = found.end()
                del found  # while it is there, the head can't grow
                head[end:end] = header
                break
            if len(head) >= MAX_HEAD_BYTES:
                break
    except aiohttp.ClientError:
        yield bytes(head)  # as much as came: a page that breaks off is none that is not there
        raise
    if head:
        yield bytes(head)
    async for chunk in chunks:
        yield chunk
