"""What strangers hand in, checked before anything is made of it: notebooks, what they read, what came of them.

Their authors write what they like, and so does a notebook that is run again.
"""

from __future__ import annotations

import json
from typing import Any

from spark_etl import documents
from spark_etl.errors import DamagedError

# Of one notebook, as its author has it or as it comes out; `sandbox_lab.rerun` knows it too.
LARGEST = 32 * 1024**2
# What comes with it in one answer: its difference, packages, what it read.
ROOM = 2 * 1024**2
# As text in memory, where a notebook is three times: one with emoji in it takes four bytes for each character.
IN_MEMORY = 80 * 1024**2
# Its objects, lists and values: a notebook of 32 MB has some ten thousand; the rest is for commas in its texts.
IN_OBJECTS = 80 * 1024**2
MOST_READS, LONGEST_TEXT = 1000, 1024
READ = {"run": 64, "feature": 255, "path": LONGEST_TEXT, "files": 64}
NOTED = {"at": 64, "notebook": 255}
MOST_LINES, LONGEST_LINE, LONGEST_DIFF, MOST_PACKAGES, LONGEST_PACKAGE = 100, 2000, 1024**2, 5000, 200


def notebook_of(content: Any) -> dict[str, Any]:
    """Returns a notebook.

    Raises:
        DamagedError: It is none.
    """
    if not isinstance(content, str | bytes):
        raise DamagedError("its content is no text")
    found = documents.parsed(content, "it", largest=LARGEST, in_objects=IN_OBJECTS, in_memory=IN_MEMORY, finite=False)
    return checked_notebook(found)


def as_json(value: Any) -> bytes:
    """Returns JSON in UTF-8 as it is: escaped, a character of two bytes takes six."""
    try:
        return json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:  # half a pair, which has no UTF-8
        return json.dumps(value).encode()


def checked_notebook(found: Any) -> dict[str, Any]:
    """Returns a notebook that is no text any more; see `notebook_of`."""
    cells = found.get("cells") if isinstance(found, dict) else None
    if not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
        raise DamagedError("it has no list of `cells`")
    return dict(found)


def reads_of(value: Any) -> list[dict[str, Any]]:
    """Returns what a notebook is said to have read, each with the keys that there are and no others.

    Raises:
        DamagedError: It is no list of reads, or one that nobody's notebook has.
    """
    if not isinstance(value, list) or len(value) > MOST_READS:
        raise DamagedError(f"what it read is no list of at most {MOST_READS:,} checkpoints")
    return [_read(one) for one in value]


def _read(one: Any) -> dict[str, Any]:
    if not isinstance(one, dict) or not all(_is_short(one.get(name), most) for name, most in READ.items()):
        raise DamagedError(f"what it read is not told by {', '.join(READ)}")
    rows = one.get("rows")
    optional = {name: one[name] for name, most in NOTED.items() if _is_short(one.get(name), most)}
    return {**{name: one[name] for name in READ}, "rows": rows if type(rows) is int else 0, **optional}


def outcome_of(ended: Any) -> dict[str, Any]:
    """Returns what a notebook came to, as the arguments of `sandbox_hub.shelf.rerun.Again`.

    Raises:
        DamagedError: It is not what our own code in that server sends.
    """
    if not isinstance(ended, dict) or ended.get("verdict") not in {"reproduces", "does not reproduce", "runs"}:
        raise DamagedError("the fresh server tells of no verdict")
    seconds, packages, diff = ended.get("seconds"), ended.get("packages") or {}, ended.get("diff") or ""
    if not isinstance(seconds, int | float) or not isinstance(diff, str) or not isinstance(packages, dict):
        raise DamagedError("the fresh server tells of an end that is none")
    if len(packages) > MOST_PACKAGES or not all(
        _is_short(word, LONGEST_PACKAGE) for word in [*packages, *packages.values()]
    ):
        raise DamagedError("the fresh server tells of packages that nobody has")
    return {
        "notebook": checked_notebook(ended.get("notebook")),
        "verdict": ended["verdict"],
        "seconds": float(seconds),
        "why": [str(line)[:LONGEST_LINE] for line in list(ended.get("why") or [])[:MOST_LINES]],
        "diff": diff[:LONGEST_DIFF],
        "reads": reads_of(ended.get("reads") or []),
        "packages": packages,
    }


def _is_short(value: Any, most: int) -> bool:
    return isinstance(value, str) and len(value) <= most
