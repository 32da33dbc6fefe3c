"""Checks on what the shelf is sent: notebooks, what they have read, and the result of a re-run.

Authors may send anything, and so may a notebook that is run again.
"""

from __future__ import annotations

import json
import re
from typing import Any

from spark_etl import bounded_json
from spark_etl.errors import DamagedError
from spark_etl.printable import printable

from sandbox_hub.shelf.verdicts import NATURE, VERDICTS

# Of one notebook, as its author has it or as it comes out; the same number is in `sandbox_lab.rerun`.
MAX_NOTEBOOK_BYTES = 32 * 1024**2
# What comes with a notebook in one answer: the difference, packages, what it read.
OVERHEAD_BYTES = 2 * 1024**2
# As text in memory, where a notebook is held three times: with emoji in it each character takes four bytes.
MAX_DECODED_BYTES = 80 * 1024**2
# As objects, lists and values: a notebook of 32 MB has some ten thousand; the rest is for commas in its texts.
MAX_PARSED_BYTES = 80 * 1024**2
MAX_READS, MAX_TEXT_CHARS = 1000, 1024
MAX_ROWS, MAX_SECONDS = 2**63, 10**6
LONE_SURROGATE = re.compile("[\ud800-\udfff]")
# Each escape of JSON is one match, a pair of halves too, so that a backslash that is escaped begins none.
ESCAPES = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)"
)
READ_KEYS = {"run": 64, "feature": 255, "path": MAX_TEXT_CHARS, "files": 64}
OPTIONAL_READ_KEYS = {"at": 64, "notebook": 255}
MAX_LINES, MAX_LINE_CHARS, MAX_DIFF_CHARS, MAX_PACKAGES, MAX_PACKAGE_CHARS = 100, 2000, 1024**2, 5000, 200


def parse_notebook(content: Any) -> dict[str, Any]:
    """Returns a notebook.

    Raises:
        DamagedError: It is none.
    """
    if not isinstance(content, str | bytes):
        raise DamagedError("its content is no text")
    refuse_half_characters(content)
    bounds = {"largest": MAX_NOTEBOOK_BYTES, "in_objects": MAX_PARSED_BYTES, "in_memory": MAX_DECODED_BYTES}
    notebook = bounded_json.parse(content, "it", **bounds, finite=False)
    return check_notebook(notebook)


def refuse_half_characters(content: str | bytes) -> None:
    """Refuses a notebook with half of a pair of UTF-16, which no file can hold and no kernel is sent.

    Raises:
        DamagedError: It has one.
    """
    text = content.decode("utf-8", "surrogatepass") if isinstance(content, bytes) else content
    found = LONE_SURROGATE.search(text) or next((match for match in ESCAPES.finditer(text) if match[1]), None)
    if found:
        line = text.count("\n", 0, found.start()) + 1
        raise DamagedError(
            f"line {line} of the file has half a character ({printable(found[0])}), which is no text: "
            "delete it, or the output that printed it"
        )


def to_json(value: Any) -> bytes:
    """Returns JSON in UTF-8, not escaped: a character of two bytes would take six."""
    try:
        return json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:  # half a pair, which has no UTF-8
        return json.dumps(value).encode()


def check_notebook(notebook: Any) -> dict[str, Any]:
    """Returns a notebook that is parsed already, if it is one; see `parse_notebook`."""
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
        raise DamagedError("it has no list of `cells`")
    return dict(notebook)


def check_reads(value: Any) -> list[dict[str, Any]]:
    """Returns what a notebook is said to have read, each read with the known keys only.

    Raises:
        DamagedError: It is no list of reads, or too long.
    """
    if not isinstance(value, list) or len(value) > MAX_READS:
        raise DamagedError(f"what it read is no list of at most {MAX_READS:,} checkpoints")
    return [_check_read(read) for read in value]


def _check_read(read: Any) -> dict[str, Any]:
    if not isinstance(read, dict) or not all(_is_short(read.get(name), longest) for name, longest in READ_KEYS.items()):
        raise DamagedError(f"what it read does not have the keys {', '.join(READ_KEYS)}")
    rows = read.get("rows")
    optional = {name: read[name] for name, longest in OPTIONAL_READ_KEYS.items() if _is_short(read.get(name), longest)}
    known = type(rows) is int and 0 <= rows < MAX_ROWS
    return {**{name: read[name] for name in READ_KEYS}, "rows": rows if known else 0, **optional}


def check_result(result: Any) -> dict[str, Any]:
    """Returns the result of a re-run, as the arguments of `sandbox_hub.shelf.rerun.RerunResult`.

    Raises:
        DamagedError: It is not what our own code in that server sends.
    """
    if not isinstance(result, dict) or str(result.get("verdict")) not in VERDICTS:
        raise DamagedError("the fresh server sends no verdict")
    seconds, packages, diff = result.get("seconds"), result.get("packages") or {}, result.get("diff") or ""
    why = result.get("why") or []
    if (
        not (isinstance(seconds, int | float) and 0 <= seconds < MAX_SECONDS)
        or not isinstance(diff, str)
        or not isinstance(packages, dict)
        or not isinstance(why, list)
    ):
        raise DamagedError("the fresh server sends an invalid result")
    if len(packages) > MAX_PACKAGES or not all(
        _is_short(word, MAX_PACKAGE_CHARS) for word in [*packages, *packages.values()]
    ):
        raise DamagedError("the fresh server sends an invalid list of packages")
    return {
        "notebook": check_notebook(result.get("notebook")),
        "verdict": result["verdict"],
        "seconds": float(seconds),
        "why": [str(line)[:MAX_LINE_CHARS] for line in why[:MAX_LINES]],
        "diff": diff[:MAX_DIFF_CHARS],
        "ignored": [rule for rule in NATURE if rule in str(result.get("ignored"))],
        "reads": check_reads(result.get("reads") or []),
        "packages": packages,
    }


def _is_short(value: Any, longest: int) -> bool:
    return isinstance(value, str) and len(value) <= longest
