"""Whether rows have an order, read off the text of a plan: classic Spark and Spark Connect both have that."""

from __future__ import annotations

import re

GLOBAL_SORT = re.compile(r"Sort \[.*\], true\b")
KEEPS_ORDER = re.compile(
    r"(Project|Filter|GlobalLimit|LocalLimit|Offset|Sample|Generate|Expand|SubqueryAlias|View|WithCTE|CollectMetrics"
    r"|ResolvedHint|MapInPandas|MapInArrow|Sort)\b|Repartition \d+, false\b"
)
ANALYSED = re.compile(r"^== Analyzed Logical Plan ==\n.*\n((?:(?!== ).*\n)*)", re.MULTILINE)


def is_sorted(plan: str) -> bool:
    """Tells whether an analysed plan ends in a sort of all rows, with nothing behind it that may move them."""
    lines, margin = iter(plan.splitlines()), ""
    node: str | None = next(lines, None)
    while node is not None and KEEPS_ORDER.match(node):
        if GLOBAL_SORT.match(node):
            return True
        branches = node.startswith("WithCTE")  # its last child is the query, those before are what that names
        for line in lines:
            if line.startswith(f"{margin}+- "):
                node, margin = line[len(margin) + 3 :], f"{margin}   "
                break
            if line.startswith(f"{margin}:- ") and not branches:
                return False
        else:
            node = None
    return False


def analysed(explained: str) -> str:
    """Returns the analysed plan of what Spark explains in full, without the schema above it."""
    found = ANALYSED.search(explained)
    return found[1] if found else ""
