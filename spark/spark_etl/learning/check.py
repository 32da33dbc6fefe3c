"""Checks an answer: the evidence first, then the fix by a replay."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path

from spark_etl.debugging.judge import checkpoint_of
from spark_etl.debugging.replay import Replayed
from spark_etl.errors import FeatureError, SparkEtlError
from spark_etl.learning.answer import Answer
from spark_etl.learning.elsewhere import compute_elsewhere
from spark_etl.learning.evidence import judge_evidence, judge_feature
from spark_etl.learning.finding import CheckVerdict, Finding, Part
from spark_etl.learning.judge import judge_rows
from spark_etl.learning.lesson import Assignment
from spark_etl.learning.project import changed_files
from spark_etl.learning.work import Say, replay_fix
from spark_etl.reading import Run
from spark_etl.runner.execute import Execution

UNCHANGED = "the project is as it came. Edit the code of `{feature}`, and save the file."
SAME = "The feature returns the same rows as before."
NAMED = (
    "right for these rows, wrong for others: the code names rows, texts or days of this month. Say in the code what "
    "such rows have in common. The lesson has computed the feature on rows of other days, too."
)


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
    looked = _Rows(assignment, say)
    began = time.monotonic()
    try:
        replayed = replay_fix(assignment, folder, run, scratch, say, also=looked.at)
    except SparkEtlError as error:
        return Replay([_fails(error.message)], seconds=time.monotonic() - began)
    seconds = time.monotonic() - began - looked.seconds
    return Replay(_judge_replay(replayed, looked.findings), replayed.outcome.run.root, seconds)


class _Rows:
    """Looks at the rows of a replay while its session is there.

    Attributes:
        findings: What is wrong with them.
        seconds: How long it took.
    """

    def __init__(self, assignment: Assignment, say: Say) -> None:
        self._assignment = assignment
        self._say = say
        self.findings: list[Finding] = []
        self.seconds = 0.0

    def at(self, execution: Execution) -> None:
        """Compares the rows with the right ones, and if they are those, the rows that the fix gives elsewhere."""
        began = time.monotonic()
        found = checkpoint_of(execution, self._assignment.feature).arrow()
        self.findings = judge_rows(self._assignment, found) or self._elsewhere(execution)
        self.seconds = time.monotonic() - began

    def _elsewhere(self, execution: Execution) -> list[Finding]:
        self._say("the rows are right; computing others, of other days")
        try:
            found = compute_elsewhere(self._assignment, execution)
        except FeatureError as error:
            why = f"the feature fails: {error.message}"
        else:
            findings = judge_rows(self._assignment, found, elsewhere=True)
            if not findings:
                return []
            why = findings[0].text
        return [Finding("fix", "named", f"{NAMED} There: {why}")]


def _judge_replay(replayed: Replayed, findings: list[Finding]) -> list[Finding]:
    outcome = replayed.outcome
    if outcome.status == "interrupted":
        raise KeyboardInterrupt
    if outcome.error is not None:
        return [_fails(outcome.error.message)]
    is_same = replayed.verdict is not None and replayed.verdict.answer == "same rows"
    return [Finding("fix", "same", SAME), *findings] if is_same and findings else findings


def _fails(message: str) -> Finding:
    return Finding("fix", "fails", f"with this code, the feature fails: {message}")
