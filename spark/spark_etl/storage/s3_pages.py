"""Lists of many objects, read from the store's pages: the SDK takes five times as long to make its own objects of them.

It asks by `Minio._execute`, which is not public, and where that is gone by the SDK's own list; see
docs/adr/0024-private-names.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import unquote_plus
from xml.etree import ElementTree as ET

QUERY = {"list-type": "2", "delimiter": "", "encoding-type": "url", "max-keys": "1000"}


class ListedObject(NamedTuple):
    """An object as a list names it, with the attributes that the SDK's has."""

    object_name: str
    size: int
    etag: str
    last_modified: datetime | None


class Page(NamedTuple):
    """A part of a list.

    Attributes:
        objects: In the order of the store.
        following: What the next page is asked with; None of the last.
    """

    objects: list[ListedObject]
    following: str | None


def all_below(client: Any, bucket: str, prefix: str) -> Iterator[Any]:
    """Yields the objects whose keys begin so, also what marks folders.

    Args:
        client: The SDK's.
        bucket: Where.
        prefix: What keys begin with.
    """
    execute = getattr(client, "_execute", None)
    if execute is None:
        yield from client.list_objects(bucket, prefix=prefix, recursive=True)
        return
    following: dict[str, str] = {}
    while True:
        page = parse_page(execute("GET", bucket, query_params={**QUERY, "prefix": prefix, **following}).data)
        yield from page.objects
        if page.following is None:
            return
        following = {"continuation-token": page.following}


def parse_page(content: bytes) -> Page:
    """Returns what a page says.

    Raises:
        ValueError: It is no page of a list.
    """
    try:
        root = ET.fromstring(content.decode())  # noqa: S314 - as the SDK does; expat reads no file, and bounds entities
    except ET.ParseError as error:
        raise ValueError(f"it answers with no list: {error}") from error
    space = root.tag.rpartition("}")[0]
    space = f"{space}}}" if space else ""
    is_quoted = root.findtext(f"{space}EncodingType") == "url"
    objects = [_object(item, len(space), is_quoted=is_quoted) for item in root.iterfind(f"{space}Contents")]
    is_cut = root.findtext(f"{space}IsTruncated") == "true"
    following = root.findtext(f"{space}NextContinuationToken") if is_cut else None
    if is_cut and not following:
        raise ValueError("it answers with a part of a list, and not with what follows")
    return Page(objects, following)


def _object(item: ET.Element, cut: int, *, is_quoted: bool) -> ListedObject:
    known = {each.tag[cut:]: each.text or "" for each in item}
    name, modified = known["Key"], known.get("LastModified")
    return ListedObject(
        unquote_plus(name) if is_quoted and ("%" in name or "+" in name) else name,
        int(known.get("Size") or 0),
        known.get("ETag", ""),
        datetime.fromisoformat(modified) if modified else None,
    )
