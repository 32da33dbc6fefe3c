"""How a state looks: a sign and a colour for each; the word itself is always written, too."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Look:
    """Of a state.

    Attributes:
        sign: One character before its word.
        light: Fill, line and text on a light page.
        dark: Fill, line and text on a dark page.
        dashed: Whether its box is drawn as not really there.
    """

    sign: str
    light: tuple[str, str, str]
    dark: tuple[str, str, str]
    dashed: bool = False


_BLUE = (("#e8f1fc", "#2f6fc0", "#174a87"), ("#12263f", "#5b9bea", "#a9cdf9"))
_GREEN = (("#e6f5ea", "#2c8a4b", "#15592c"), ("#11301d", "#4fb873", "#9fe0b4"))
_RED = (("#fdebea", "#c62f2a", "#941b17"), ("#401715", "#f0716b", "#ffb8b3"))
_AMBER = (("#fdf3dc", "#a86f00", "#6b4700"), ("#382a08", "#d9a336", "#f3d48d"))
_VIOLET = (("#f1ebfb", "#7a4fc4", "#50308b"), ("#281b40", "#a98ae6", "#d4c2f8"))
_GREY = (("#f4f5f6", "#8a929b", "#4d545c"), ("#22262b", "#767f89", "#b4bcc5"))

STATES: dict[str, Look] = {
    "run": Look("▶", *_BLUE),
    "reuse": Look("↺", *_VIOLET),
    "skip": Look("–", *_GREY, dashed=True),
    "pending": Look("…", *_GREY, dashed=True),
    "running": Look("▶", *_BLUE),
    "built": Look("◇", *_BLUE),
    "staged": Look("◇", *_BLUE),
    "succeeded": Look("✓", *_GREEN),
    "failed": Look("✗", *_RED),
    "interrupted": Look("■", *_AMBER),
    "died": Look("†", *_AMBER),
    "skipped": Look("–", *_GREY, dashed=True),
    "reused": Look("↺", *_VIOLET),
}
UNKNOWN = Look("·", *_GREY)


def look(state: str) -> Look:
    """Returns how a state looks; one that is not known is grey."""
    return STATES.get(state, UNKNOWN)
