"""What is still wrong with an answer, and what is right."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Part = Literal["feature", "rows", "fix"]
PARTS: tuple[Part, ...] = ("feature", "rows", "fix")


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        part: With which part of the answer.
        kind: In a word, for programs.
        text: In a sentence or two.
    """

    part: Part
    kind: str
    text: str


@dataclass(frozen=True)
class CheckVerdict:
    """What a check says.

    Attributes:
        number: The lesson.
        title: What it is called.
        findings: What is wrong; nothing if the lesson is solved.
        right: The parts that are right.
        after: What it was and how it never returns; empty as long as the lesson is not solved.
        replay: The run that is the replay with the fix; empty where there was none.
        seconds: How long the check took.
        beyond_replay: How much of that was not the replay's.
    """

    number: int
    title: str
    findings: list[Finding] = field(default_factory=list)
    right: list[Part] = field(default_factory=list)
    after: str = ""
    replay: str = ""
    seconds: float = 0.0
    beyond_replay: float = 0.0

    @property
    def solved(self) -> bool:
        """Whether the answer is right in all its parts."""
        return not self.findings and len(self.right) == len(PARTS)

    def lines(self) -> Iterator[str]:
        """Yields the verdict in words."""
        yield f"lesson {self.number}, {self.title}: {'solved' if self.solved else 'not solved yet'}"
        for part in PARTS:
            wrong = [finding.text for finding in self.findings if finding.part == part]
            if part in self.right:
                yield f"  {part}: right"
            elif wrong:
                yield from (f"  {part}: {text}" for text in wrong)
            else:
                yield f"  {part}: not looked at before the rest is right"
        if self.after:
            yield ""
            yield from self.after.splitlines()

    def to_dict(self) -> dict[str, Any]:
        """Returns plain values."""
        return {**asdict(self), "solved": self.solved, "lines": list(self.lines())}
