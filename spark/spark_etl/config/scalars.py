"""What YAML reads a word as, where that is not what everybody reads: `no`, `01234`, `12:30`.

YAML 1.1, as it is read here, knows more numbers and truth values than its writers do. Where any value may stand, one
that could be meant otherwise is refused.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from spark_etl import bounded_yaml
from spark_etl.printable import printable

PREFIX = "tag:yaml.org,2002:"
KNOWN = frozenset(PREFIX + name for name in ("str", "int", "float", "bool", "null", "timestamp", "seq", "map"))
# Numbers that are the same in YAML 1.1, in YAML 1.2 and in JSON.
PLAIN_NUMBER = re.compile(
    r"[-+]?(0|[1-9][0-9]*)|[-+]?(\.[0-9]+|[0-9]+\.[0-9]*)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"
)
# Texts in YAML 1.1 that are numbers elsewhere.
LIKE_A_NUMBER = re.compile(r"[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+|[-+]?0[0-9]+|0o[0-7]+")
TRUTH = {"true", "false"}
LONGEST = 60


def kind_of(node: yaml.Node) -> str:
    """Returns `int`, `str` and so on; a tag that is none of YAML's own as it is written."""
    return str(node.tag).removeprefix(PREFIX)


def is_text(node: yaml.Node) -> bool:
    """Returns whether a node is a text."""
    return kind_of(node) == "str"


def written(node: yaml.Node) -> str:
    """Returns a value as it stands in the file, for a message: a text that is quoted there with its quotes."""
    if not isinstance(node, yaml.ScalarNode):
        text = repr(bounded_yaml.construct(node))
    elif not node.style:
        text = node.value
    else:
        text = repr(node.value)
    text = printable(text, one_line=True)
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


def reading(node: yaml.ScalarNode) -> str:
    """Returns what YAML makes of a word: `the number 668`, `false`, `nothing`."""
    kind = kind_of(node)
    if kind == "str":
        return "text"
    if kind == "null":
        return "nothing"
    if kind == "timestamp":
        return "a date"
    value = _value(node)
    if kind == "bool":
        return str(value).lower()
    return f"the number {value}" if kind in {"int", "float"} else f"a {kind}"


def misreading(node: yaml.ScalarNode) -> str | None:
    """Returns what is wrong with a word that could be meant otherwise than it is read; None if it could not."""
    if node.style:
        return None
    kind, text = kind_of(node), node.value
    if kind == "str":
        if not LIKE_A_NUMBER.fullmatch(text):
            return None
        number = _as_number(text)
        instead = "" if number == "inf" else f", or {number}"
        return f"`{text}` is read as text, though it looks like a number: write {quoted(text)}{instead}"
    if kind == "bool" and text.lower() not in TRUTH:
        return f"`{text}` is read as {reading(node)}: write {quoted(text)} for the text, or {reading(node)}"
    if kind in {"int", "float"} and not PLAIN_NUMBER.fullmatch(text):
        value = _value(node)
        return f"`{text}` is read as the number {value}: write {quoted(text)} for the text, or {value}"
    return None


def quoted(text: str) -> str:
    """Returns a text as YAML takes it for one."""
    escaped = printable(text, one_line=True).replace("'", "''")
    return f"'{escaped}'"


def _value(node: yaml.ScalarNode) -> Any:
    return bounded_yaml.construct(node)


def _as_number(text: str) -> str:
    if text.startswith("0o"):
        return str(int(text, 8))
    return str(float(text)) if set("eE.") & set(text) else str(int(text))
