"""Source data that is another in the two runs: which objects."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from spark_etl.compare.runs.own_changes import cut, listed, mapping
from spark_etl.compare.runs.result import Cause
from spark_etl.compare.runs.side import Side
from spark_etl.storage import is_s3
from spark_etl.store import ObjectRecord, SourceRecord
from spark_etl.units import format_bytes, format_count

MOST_TEXT = 300
# A day in a path: 2024-02-29, 20240229, year=2024/month=02, 2024/02/29. Other dates read other ones.
DAY = re.compile(r"(?<!\d)(?:19|20)\d\d[-_/.]?(?:0[1-9]|1[0-2])(?:[-_/.]?[0-3]\d)?(?!\d)|\b(?:year|month|day|hour)=\d+")


def source_changes(
    alias: str, a: Side, b: Side, parts: tuple[Mapping[str, Any], Mapping[str, Any]], *, other_dates: bool
) -> Iterator[Cause]:
    """Yields a cause for each source of a feature that is another one, or of which objects are others.

    Args:
        alias: The feature.
        a: One run.
        b: The other.
        parts: What the feature's rows depend on, in either.
        other_dates: Whether the runs are about other days: objects of these days are no change of a source.
    """
    keys = [mapping(each.get("sources")) for each in parts]
    read = [side.sources(alias) for side in (a, b)]
    for name in sorted({*keys[0], *keys[1], *read[0], *read[1]}):
        there = [name in keys[place] or name in read[place] for place in (0, 1)]
        if not all(there):
            if any(parts[place] or read[place] for place in (0, 1) if not there[place]):
                yield Cause("source data", f"source `{name}` is read in {'A' if there[0] else 'B'} only")
            continue
        yield from _changes(
            name, (a, b), (mapping(keys[0].get(name)), mapping(keys[1].get(name))),
            (read[0].get(name), read[1].get(name)), other_dates=other_dates,
        )  # fmt: skip


def _changes(
    name: str,
    sides: tuple[Side, Side],
    keys: tuple[Mapping[str, Any], Mapping[str, Any]],
    read: tuple[SourceRecord | None, SourceRecord | None],
    *,
    other_dates: bool,
) -> Iterator[Cause]:
    texts = [
        _moved(str(key.get("source") or (record.source if record else "")), side)
        for key, record, side in zip(keys, read, sides, strict=True)
    ]
    if all(texts) and texts[0] != texts[1]:
        one, other = (text if len(text) <= MOST_TEXT else f"{text[: MOST_TEXT - 1]}…" for text in texts)
        yield Cause("source data", f"source `{name}` is different: {one} in A, {other} in B")
    hashes = [key.get("objects") for key in keys]
    if all(hashes) and hashes[0] == hashes[1]:
        return
    if read[0] is None or read[1] is None:
        if all(hashes) and not other_dates:
            yield Cause("source data", f"source `{name}` has other objects; which ones is not recorded")
        return
    lines = list(_object_lines(_objects(read[0], sides[0]), _objects(read[1], sides[1]), other_dates=other_dates))
    if lines:
        kinds = [word for word, _ in lines]
        counts = listed(f"{kinds.count(word):,} {word}" for word in dict.fromkeys(kinds))
        only = f": {lines[0][1]}" if len(lines) == 1 else f": {counts}"
        details = tuple(cut(f"{word}: {line}" for word, line in lines)) if len(lines) > 1 else ()
        count = format_count(len(lines), "object")
        yield Cause(
            "source data", f"source `{name}`, {count} {kinds[0] if len(lines) == 1 else 'differ'}{only}", details
        )


def _objects(record: SourceRecord, side: Side) -> dict[str, ObjectRecord]:
    return {_moved(item.path, side): item for item in record.objects}


def _object_lines(
    a: Mapping[str, ObjectRecord], b: Mapping[str, ObjectRecord], *, other_dates: bool
) -> Iterator[tuple[str, str]]:
    """Yields what happened to an object, and the object with its sizes: changed ones first."""
    for path in (path for path in a if path in b and _has_changed(a[path], b[path])):
        one, other = a[path], b[path]
        sizes = f"{_size(one)} in both" if one.bytes == other.bytes else _two_sizes(one, other)
        rewritten = not is_s3(path) and one.bytes == other.bytes
        yield "changed", f"{path} ({sizes}{', written again' if rewritten else ''})"
    for word, here, there in (("added", b, a), ("gone", a, b)):
        for path in (path for path in here if path not in there):
            if not (other_dates and DAY.search(path)):
                yield word, f"{path} ({_size(here[path])})"


def _has_changed(a: ObjectRecord, b: ObjectRecord) -> bool:
    return (a.bytes, a.etag) != (b.bytes, b.etag)


def _two_sizes(a: ObjectRecord, b: ObjectRecord) -> str:
    if _size(a) == _size(b):  # as rounded they look the same
        return f"{a.bytes:,} bytes in A, {b.bytes:,} in B"
    return f"{_size(a)} in A, {_size(b)} in B"


def _size(item: ObjectRecord) -> str:
    return "size not known" if item.bytes is None else format_bytes(item.bytes)


def _moved(text: str, side: Side) -> str:
    """Returns a text with the paths of the run's project as those of any: two checkouts read the same files."""
    project = side.document.project_path
    return text if not project or project == "/" else re.sub(rf"(?<![\w.-]){re.escape(project)}/", "PROJECT/", text)


def unpinned_sources(alias: str, a: Side, b: Side, parts: Sequence[Mapping[str, Any]]) -> list[str]:
    """Returns the sources of a feature whose rows may be others though nothing says so: they have no version."""
    found: dict[str, None] = {}
    for side, each in zip((a, b), parts, strict=True):
        keys = mapping(each.get("sources"))
        for name, key in keys.items():
            if mapping(key).get("objects") is None:
                found[name] = None
        for name, record in side.sources(alias).items():
            if name not in keys and any(item.etag is None for item in record.objects):
                found[name] = None
    return list(found)
