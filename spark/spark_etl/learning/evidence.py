"""Looks at the evidence of an answer: the feature and the rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from spark_etl.errors import ArgumentError
from spark_etl.learning.answer import Answer, select_keys
from spark_etl.learning.finding import Finding
from spark_etl.learning.lesson import Assignment
from spark_etl.names import alternatives
from spark_etl.reading import Run
from spark_etl.units import format_count

SHOWN = 3


def judge_feature(assignment: Assignment, run: Run, answer: Answer) -> Iterator[Finding]:
    """Yields what is wrong with the feature of an answer."""
    name, graph = answer.feature, run.document.graph
    if not name:
        yield Finding("feature", "none", "name the feature whose code is wrong. The evidence comes before the fix.")
    elif name not in run.features:
        yield Finding("feature", "unknown", f"there is no feature `{name}`. {alternatives(name, run.features)}")
    elif name in _above(graph, assignment.feature):
        yield Finding("feature", "above", f"`{name}` is as it should be. Look at the features that read it.")
    elif name != assignment.feature:
        text = f"`{name}` shows the damage, but what it reads is wrong already: {', '.join(graph.get(name, ()))}."
        yield Finding("feature", "below", text)


def judge_evidence(assignment: Assignment, run: Run, answer: Answer) -> Iterator[Finding]:
    """Yields what is wrong with the rows of an answer."""
    if not answer.rows:
        yield Finding("rows", "none", "name the rows that show it. No fix is looked at without them.")
        return
    if not answer.frame:
        yield Finding("rows", "unknown", "say whose rows they are: name the feature first, or give `of`.")
        return
    try:
        keys = select_keys(run, answer, assignment.key)
    except ArgumentError as error:
        yield Finding("rows", "refused", " ".join(map(_sentence, filter(None, [error.message, error.hint]))))
        return
    planted = assignment.planted.keys
    more, missing = keys - planted, planted - keys
    if not keys:
        yield Finding(
            "rows", "empty", f"the condition holds for no row of `{answer.frame}`.{_elsewhere(assignment, answer)}"
        )
        return
    if more:
        shown = ", ".join(sorted(map(str, more))[:SHOWN])
        text = "1 of them is right as it is" if len(more) == 1 else f"{len(more):,} of them are right as they are"
        yield Finding("rows", "more", f"{text}, such as {assignment.key} {shown}.")
    if missing:
        text = f"{len(missing):,} of the {format_count(len(planted), 'row')} that the bug concerns are not among them."
        yield Finding("rows", "missing", text)


def _elsewhere(assignment: Assignment, answer: Answer) -> str:
    """Returns the way on for rows that are in another feature than the one with the bug; else nothing."""
    if answer.frame == assignment.frame:
        return ""
    return " The rows may be those of a feature that it reads. Say whose rows they are: of (--of FEATURE)."


def _sentence(text: str) -> str:
    """Returns a message as a sentence of one line; DuckDB's has lines that point into the query."""
    line = " ".join(text.split())
    return line[:1].upper() + line[1:] + ("" if line.endswith((".", "?", "!")) else ".")


def _above(graph: Mapping[str, Sequence[str]], feature: str) -> set[str]:
    """Returns the features that a feature reads, directly or not."""
    found: set[str] = set()
    waiting = [*graph.get(feature, ())]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += graph.get(name, ())
    return found
