"""How a replay compares with its run, in words, as JSON and as an exit code."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from spark_etl.units import format_count

Answer = Literal[
    "same rows",
    "other rows",
    "fails in the same way",
    "fails in another way",
    "fails",
    "fails now",
    "no longer fails",
    "nothing to compare with",
]
EXIT_CODES: dict[Answer, int] = {
    "same rows": 0,
    "no longer fails": 0,
    "other rows": 1,
    "nothing to compare with": 1,
    "fails in the same way": 5,
    "fails in another way": 5,
    "fails": 5,
    "fails now": 5,
}


@dataclass
class Verdict:
    """How one feature, computed again, compares with a run.

    Attributes:
        answer: In a word.
        of: The run and the feature, as RUN/FEATURE.
        rows: Rows of the replay; None where it has failed.
        rows_then: Rows of the run; None where it has none to compare with.
        difference: What differs, a line each: of the rows, or of the failures.
        rows_diff: What differs of the rows, for programs.
        deterministic: Whether the feature gives the same rows each time; None where that was not tried.
        message: What the replay has failed with.
        notes: What else one has to know to rely on the answer, a line each.
    """

    answer: Answer
    of: str
    rows: int | None = None
    rows_then: int | None = None
    difference: list[str] = field(default_factory=list)
    rows_diff: dict[str, Any] | None = None
    deterministic: bool | None = None
    message: str | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """0: same rows, or no longer fails; 1: other rows, or none to compare with; 5: it fails."""
        return EXIT_CODES[self.answer]

    def to_dict(self) -> dict[str, Any]:
        """Returns plain values."""
        return {**vars(self), "exit_code": self.exit_code, "text": "\n".join(self.lines())}

    def lines(self) -> Iterator[str]:
        """Yields the answer in words, with what it rests on; more lines of a message are no lines of its own."""
        yield from (line.rstrip().replace("\n", "\n    ") for line in self._lines())

    def _lines(self) -> Iterator[str]:
        yield f"{self.answer}: {self._headline()}"
        yield from (f"  {line}" for line in self.difference)
        if self.answer == "other rows" and self.deterministic is False:
            yield "  the feature gives other rows each time it is computed, with the same code on the same rows"
        yield from (f"  note: {line}" for line in self.notes)

    def _headline(self) -> str:
        rows = format_count(self.rows or 0, "row")
        headlines = {
            "same rows": f"{rows}, as {self.of} has them",
            "other rows": f"{rows}, where {self.of} has {self.rows_then or 0:,}",
            "nothing to compare with": f"{rows}; of {self.of} no rows were kept",
            "no longer fails": f"{rows}, where {self.of} failed",
            "fails now": f"{self.message}; {self.of} did not fail",
            "fails": f"{self.message}; how {self.of} failed is not known",
        }
        return headlines.get(self.answer, str(self.message))
