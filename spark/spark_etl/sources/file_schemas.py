"""The columns of a file, found without Spark in a CSV's header."""

from __future__ import annotations

import csv
import io
import zlib
from collections.abc import Mapping
from typing import Any

from spark_etl.schemas.types import FileSchema
from spark_etl.sources.faults.content import PACKED, UNPACKED
from spark_etl.storage import storage_for

# Few bytes first, as there may be thousands of files; more where a header is longer, or comments are.
FIRST_BYTES, HEADER_BYTES, SURE_LINES = 1 << 14, 1 << 20, 50


def no_schema(path: str) -> FileSchema | None:  # noqa: ARG001 - one of several
    """Returns None: the columns of such files are not compared."""
    return None


def csv_schema(path: str, options: Mapping[str, Any]) -> FileSchema | None:
    """Returns the columns of a CSV file's header, all of them texts.

    Args:
        path: The file.
        options: Those of Spark's reader, their names in small letters.

    Returns:
        None if the header doesn't name them: the compression is unknown here, the header is too long or empty, or not
        every column has a name of its own, so that Spark makes names.
    """
    ending = path.rsplit(".", 1)[-1].lower()
    if ending in PACKED:
        return None
    encoding = str(options.get("encoding", options.get("charset", "utf-8"))).lower()
    try:
        text = _beginning(path, ending, FIRST_BYTES, encoding)
        if text.count("\n") < SURE_LINES:
            text = _beginning(path, ending, HEADER_BYTES, encoding)
    except (zlib.error, OSError, LookupError):
        return None
    names = _header(text, options)
    lowered = {name.lower() for name in names}
    whole = names and "" not in lowered and len(lowered) == len(names)
    return dict.fromkeys(names, "string") if whole else None


def _beginning(path: str, ending: str, most: int, encoding: str) -> str:
    content = storage_for(path).read(path, most=most) or b""
    if ending in UNPACKED:
        content = UNPACKED[ending]().decompress(content, HEADER_BYTES)
    return content.decode("utf-8-sig" if encoding in {"utf-8", "utf8"} else encoding, errors="replace")


def _header(text: str, options: Mapping[str, Any]) -> list[str]:
    comment = options.get("comment")
    separator = str(options.get("sep", options.get("delimiter", ","))).replace("\\t", "\t")
    lines = io.StringIO(text, newline="")
    start = next((line for line in lines if line.strip() and not (comment and line.startswith(comment))), "")
    try:
        rows = csv.reader(
            [start, *lines] if '"' in start else [start],
            delimiter=separator,
            quotechar=options.get("quote", '"') or None,
            quoting=csv.QUOTE_MINIMAL if options.get("quote", '"') else csv.QUOTE_NONE,
        )
        trims = any(str(options.get(f"ignore{side}whitespace")).lower() == "true" for side in ("leading", "trailing"))
        return [name.strip() if trims else name for name in next(rows, [])]
    except (csv.Error, TypeError):  # a separator of several letters: Spark has that, too
        return []
