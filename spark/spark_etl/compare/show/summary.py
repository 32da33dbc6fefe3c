"""What a comparison of two runs has found, in sentences: terminal, notebook and file say the same ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from spark_etl.compare.show.commands import is_path
from spark_etl.compare.show.lines import listing
from spark_etl.units import format_count

if TYPE_CHECKING:
    from spark_etl.compare.runs.result import Bracket, Cause, FeatureDiff, RunDiff

MOST_FIRST = 5
ANSWERS = {"same": "A and B are the same.", "different": "A and B differ."}
UPSTREAMS = {True: "the feature that it reads is", False: "the features that it reads are"}
NO_CAUSE = "no cause is found in what the runs have recorded"


def findings(diff: RunDiff) -> list[str]:
    """Returns the answer and, in a few sentences, where and why: the first sentence is the answer."""
    if diff.answer == "different":
        return [" ".join([ANSWERS["different"], *_parting(diff)]), *_causes(diff), *_brackets(diff), *_followers(diff)]
    if diff.answer == "same":
        return [" ".join([ANSWERS["same"], *_sameness(diff)])]
    return [_unknown(diff), *_obstacles(diff)]


def in_state(diff: RunDiff, state: str) -> list[FeatureDiff]:
    """Returns the features of a state, upstreams first."""
    return [feature for feature in diff.features.values() if feature.state == state]


def cause_text(cause: Cause) -> str:
    """Returns a cause in one line: `code: …`."""
    return f"{cause.kind}: {cause.text}"


def bracket_text(bracket: Bracket) -> str:
    """Returns between which features two runs part, in a sentence."""
    last = listing(bracket.equal)
    missing = f": rows of {listing(bracket.between)} are not there on both sides" if bracket.between else ""
    if not bracket.equal:
        return f"They part at `{bracket.different}` or above it{missing}."
    verb = "is" if len(bracket.equal) == 1 else "are"
    return f"They part between {last}, which {verb} the same, and `{bracket.different}`, which differs{missing}."


def _parting(diff: RunDiff) -> Iterator[str]:
    if len(diff.first) == 1:
        yield f"They part at {listing(diff.first)}: {_what_parts(diff.features.get(diff.first[0]))}."
    elif diff.first:
        yield f"They part at {listing(diff.first)}: the features that these read are the same, their rows are not."


def _what_parts(feature: FeatureDiff | None) -> str:
    reads = f"{UPSTREAMS[len(feature.upstreams) == 1]} the same in both" if feature and feature.upstreams else ""
    if feature is not None and feature.reason and feature.rows is None:
        return "; ".join(filter(None, [reads, feature.reason]))
    what = "columns" if _same_rows(feature) else "rows"
    if feature is not None and any(cause.kind == "graph" for cause in feature.causes):
        return f"it reads other features, and its {what} are not the same in both"
    return f"{reads}, its {what} are not" if reads else f"its {what} are not the same in both"


def _same_rows(feature: FeatureDiff | None) -> bool:
    return feature is not None and feature.rows is not None and feature.rows.same_rows


def _causes(diff: RunDiff) -> Iterator[str]:
    for alias in diff.first[:MOST_FIRST]:
        feature = diff.features.get(alias)
        causes = feature.causes if feature else ()
        if causes:
            more = f" ({len(causes) - 1} more below)" if len(causes) > 1 else ""
            yield f"`{alias}`: {cause_text(causes[0])}{more}"
        elif not is_path(diff.a) and not is_path(diff.b):
            yield f"`{alias}`: {NO_CAUSE}"


def _brackets(diff: RunDiff) -> Iterator[str]:
    for bracket in diff.brackets[:MOST_FIRST]:
        yield bracket_text(bracket)
        for alias in bracket.suspects[:MOST_FIRST]:
            feature = diff.features.get(alias)
            yield f"`{alias}`: {cause_text(feature.causes[0])}" if feature and feature.causes else f"suspect: `{alias}`"


def _followers(diff: RunDiff) -> Iterator[str]:
    others = in_state(diff, "differs by its inputs")
    if not others:
        return
    own = [feature.alias for feature in others if feature.causes]
    verb = "differs by its" if len(others) == 1 else "differ by their"
    has = "has changes of its" if len(own) == 1 else "have changes of their"
    also = f"; {listing(own)} {has} own, too" if own else ""
    yield f"{format_count(len(others), 'feature')} {verb} inputs{also}."


def _sameness(diff: RunDiff) -> Iterator[str]:
    same, others = in_state(diff, "same"), in_state(diff, "can't be compared")
    yield f"The rows of {format_count(len(same), 'feature')} are the same."
    presumed = sum(feature.presumed_same for feature in others)
    if presumed:
        yield (
            f"{format_count(presumed, 'feature')} more: without rows to compare, but with the same code, parameters, "
            "data and versions."
        )
    if len(others) > presumed:
        names = [feature.alias for feature in others if not feature.presumed_same]
        made = "what is made of it is the same" if len(names) == 1 else "what is made of them is the same"
        yield f"{listing(names)} can't be compared, but {made}."


def _unknown(diff: RunDiff) -> str:
    same, missing = len(in_state(diff, "same")), len(in_state(diff, "can't be compared"))
    missing -= sum(feature.presumed_same for feature in diff.features.values())
    if not same:
        return "A and B can't be compared."
    rows = f"The rows of {format_count(same, 'feature')} are the same"
    return f"A and B can't be compared as a whole. {rows}, those of {format_count(missing, 'feature')} are not known."


def uncompared(diff: RunDiff) -> Iterator[str]:
    """Yields why features could not be compared, of two runs of which others were."""
    if diff.answer != "can't be compared":
        yield from (f"not compared: {line}" for line in _obstacles(diff))


def _obstacles(diff: RunDiff) -> Iterator[str]:
    reasons: dict[str, list[str]] = {}
    for feature in in_state(diff, "can't be compared"):
        if not feature.presumed_same:
            reasons.setdefault(feature.reason or "no rows on both sides", []).append(feature.alias)
    for reason, names in [*reasons.items()][:MOST_FIRST]:
        yield f"{listing(names)}: {reason}"
    others = [name for names in [*reasons.values()][MOST_FIRST:] for name in names]
    if others:
        yield f"and {format_count(len(others), 'feature')} more"
