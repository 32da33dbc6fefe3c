"""The style of each state: a sign and a colour; the word itself is always written, too."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class StateStyle:
    """The style of a state.

    Attributes:
        sign: One character before its word.
        light: Fill, line and text on a light page.
        dark: Fill, line and text on a dark page.
        dashed: Whether its box has a dashed border: there is nothing to look at yet.
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

STATES: dict[str, StateStyle] = {
    "run": StateStyle("▶", *_BLUE),
    "reuse": StateStyle("↺", *_VIOLET),
    "skip": StateStyle("–", *_GREY, dashed=True),
    "pending": StateStyle("…", *_GREY, dashed=True),
    "running": StateStyle("▶", *_BLUE),
    "built": StateStyle("◇", *_BLUE),
    "planned, not computed": StateStyle("◇", *_GREY, dashed=True),
    "computed": StateStyle("◇", *_BLUE),
    "staged": StateStyle("◇", *_BLUE),
    "succeeded": StateStyle("✓", *_GREEN),
    "published": StateStyle("✓", *_GREEN),
    "failed": StateStyle("✗", *_RED),
    "interrupted": StateStyle("■", *_AMBER),
    "died": StateStyle("†", *_AMBER),
    "skipped": StateStyle("–", *_GREY, dashed=True),
    "reused": StateStyle("↺", *_VIOLET),
    "same": StateStyle("=", *_GREEN),
    "presumed the same": StateStyle("≈", *_GREEN, dashed=True),
    "differs": StateStyle("≠", *_RED),
    "differs by its inputs": StateStyle("↓", *_AMBER),
    "can't be compared": StateStyle("?", *_GREY, dashed=True),
}
UNKNOWN = StateStyle("·", *_GREY)


def style_of(state: str) -> StateStyle:
    """Returns the style of a state; one that is not known is grey."""
    return STATES.get(state, UNKNOWN)
