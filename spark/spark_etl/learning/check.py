"""Checks an answer: the evidence first, then the fix by a replay."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path

from spark_etl.debugging.replay import Replayed
from spark_etl.errors import SparkEtlError
from spark_etl.learning.answer import Answer
from spark_etl.learning.evidence import judge_evidence, judge_feature
from spark_etl.learning.finding import CheckVerdict, Finding, Part
from spark_etl.learning.judge import judge_rows
from spark_etl.learning.lesson import Assignment
from spark_etl.learning.project import changed_files, named_keys
from spark_etl.learning.work import Say, replay_fix
from spark_etl.reading import Run, Runs

UNCHANGED = "the project is as it came. Edit the code of `{feature}`, and save the file."
SAME = "the feature returns the same rows as before."
NAMED = "the code names rows of this month ({keys}). Next month they are others: say what these rows have in common."


@dataclass(frozen=True)
class Replay:
    """The replay with a fix.

    Attributes:
        findings: What is wrong with it.
        run: Where it lies; empty where there was none.
        seconds: How long it took.
    """

    findings: list[Finding]
    run: str = ""
    seconds: float = 0.0


def check_answer(
    assignment: Assignment, folder: Path, run: Run, answer: Answer, *, scratch: str, say: Say
) -> CheckVerdict:
    """Returns what is right, and what is still wrong. No fix is looked at before the evidence is right.

    Args:
        assignment: The lesson.
        folder: The edited project.
        run: The run that has happened.
        answer: Feature and rows.
        scratch: Where the replay is kept.
        say: Is given a line for each step.
    """
    began = time.monotonic()
    declared = assignment.lesson.declared
    verdict = CheckVerdict(declared.number, declared.title)
    findings = [*judge_feature(assignment, run, answer), *judge_evidence(assignment, run, answer)]
    right: list[Part] = [part for part in ("feature", "rows") if part not in {one.part for one in findings}]
    replayed = Replay([])
    if not findings:
        replayed = _judge_fix(assignment, folder, run, scratch, say)
        right += [] if replayed.findings else ["fix"]
    seconds = time.monotonic() - began
    verdict = replace(
        verdict,
        findings=findings + replayed.findings,
        right=right,
        replay=replayed.run,
        seconds=round(seconds, 3),
        beyond_replay=round(seconds - replayed.seconds, 3),
    )
    return replace(verdict, after=assignment.text("after.md").strip()) if verdict.solved else verdict


def _judge_fix(assignment: Assignment, folder: Path, run: Run, scratch: str, say: Say) -> Replay:
    if not changed_files(assignment, folder):
        return Replay([Finding("fix", "unchanged", UNCHANGED.format(feature=assignment.feature))])
    if keys := named_keys(assignment, folder):
        return Replay([Finding("fix", "named", NAMED.format(keys=", ".join(keys[:3])))])
    began = time.monotonic()
    try:
        replayed = replay_fix(assignment, folder, run, scratch, say)
    except SparkEtlError as error:
        return Replay([_fails(error.message)], seconds=time.monotonic() - began)
    seconds = time.monotonic() - began
    return Replay(_judge_replay(assignment, replayed, scratch), replayed.outcome.run.root, seconds)


def _judge_replay(assignment: Assignment, replayed: Replayed, scratch: str) -> list[Finding]:
    outcome = replayed.outcome
    if outcome.status == "interrupted":
        raise KeyboardInterrupt
    if outcome.error is not None:
        return [_fails(outcome.error.message)]
    findings = judge_rows(assignment, Runs(scratch)[outcome.run.root][assignment.feature].arrow())
    is_same = replayed.verdict is not None and replayed.verdict.answer == "same rows"
    return [Finding("fix", "same", SAME[:1].upper() + SAME[1:]), *findings] if is_same and findings else findings


def _fails(message: str) -> Finding:
    return Finding("fix", "fails", f"with this code, the feature fails: {message}")
