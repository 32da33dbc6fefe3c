"""Text that somebody else wrote, made safe to show: the one sanitiser for terminals, HTML, mail and logs.

A run's name, an error's message or a column's name may hold what a terminal obeys (OSC 52 writes to the clipboard),
what turns the order of a line around (bidirectional controls), or what no encoding can write (lone surrogates). All of
it is shown as an escape.
"""

from __future__ import annotations

import json
import re

KEPT = "\n\t"
UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 and C1 controls, DEL
    "\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f"  # line separators, bidirectional controls
    "\u200b\u2060-\u2065\ufeff\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e007f"  # invisible, or not XML; joiners stay
    "\ud800-\udfff]"  # lone surrogates
)


def printable(text: str, *, one_line: bool = False) -> str:
    r"""Returns a text without anything that a terminal, a browser or a mail program could obey.

    Args:
        text: Written by anybody.
        one_line: Whether line ends and tabs are escaped too, for a field that must stay one line.

    Returns:
        The text, each unsafe character as Python would escape it: `\x1b`, `\u202e`, `\ud800`.
    """
    shown = UNSAFE.sub(_escaped, text)
    return re.sub(f"[{KEPT}]", _escaped, shown) if one_line else shown


def printable_json(document: str) -> str:
    """Returns a JSON document in which each unsafe character of a text is a JSON escape: readers get the same texts.

    Args:
        document: As `json.dumps` returns it.
    """
    return UNSAFE.sub(lambda match: _json_escaped(match[0]), document)


def _json_escaped(char: str) -> str:
    return json.dumps(char)[1:-1] if ord(char) > 0x7F else f"\\u{ord(char):04x}"


def _escaped(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")
