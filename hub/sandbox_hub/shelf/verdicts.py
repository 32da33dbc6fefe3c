"""The verdicts of re-runs, and what they mean; `sandbox_lab.comparison` in the users' image finds them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Verdict:
    """A verdict as the pages show it.

    Attributes:
        about: What it means, the end of a sentence.
        tone: `good`, `neutral` or `bad`: its colour.
    """

    about: str
    tone: str


VERDICTS = {
    "reproduces": Verdict("run again in a fresh server, each of its outputs came out the same.", "good"),
    "results equal": Verdict(
        "run again in a fresh server, only run ids, user names, durations, times of day or the order of features "
        "differ. They are listed below.",
        "good",
    ),
    "runs, not pinned": Verdict(
        "run again in a fresh server, its results do not rest on named runs alone. Tomorrow they may differ.",
        "neutral",
    ),
    "runs": Verdict(
        "it ran to its end in a fresh server; it was shared without outputs, so there was nothing to compare.",
        "neutral",
    ),
    "does not reproduce": Verdict("run again in a fresh server, it came out otherwise.", "bad"),
}

# What differs from one run to the next by nature, with what exactly counts as such.
NATURE = {
    "run ids": "ids of runs and of Spark applications, names of temporary files",
    "user names and home paths": "the author's name and `shelf`, as whom it is run again; so /home/ada and /home/shelf",
    "durations": "1.2 s, 3m05s, 0:00:01.5, numbers in a column `seconds`, `computing` or `publishing`, "
    "but none longer than the re-run was",
    "times of day": "dates with a time, and times, at which the re-run ran; times in the data count",
    "the order of features": "of the lines by which a run says that a feature has ended: `[1/7] orders …`",
}


def tone(verdict: str) -> str:
    """Returns the colour of a verdict."""
    return VERDICTS[verdict].tone if verdict in VERDICTS else "bad"
