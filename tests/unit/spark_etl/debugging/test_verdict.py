"""A verdict in words and as an exit code."""

from __future__ import annotations

import json

import pytest
from spark_etl.debugging.verdict import EXIT_CODES, Answer, Verdict


@pytest.mark.parametrize(
    ("answer", "code", "text"),
    [
        ("same rows", 0, "same rows: 7 rows, as R/report has them"),
        ("no longer fails", 0, "no longer fails: 7 rows, where R/report failed"),
        ("other rows", 1, "other rows: 7 rows, where R/report has 8"),
        ("nothing to compare with", 1, "nothing to compare with: 7 rows; of R/report no rows were kept"),
        ("fails in the same way", 5, "fails in the same way: division by zero"),
        ("fails in another way", 5, "fails in another way: division by zero"),
        ("fails", 5, "fails: division by zero; how R/report failed is not known"),
        ("fails now", 5, "fails now: division by zero; R/report did not fail"),
    ],
)
def test_each_answer(answer: Answer, code: int, text: str) -> None:
    verdict = Verdict(answer, "R/report", 7, 8, message="division by zero")
    assert verdict.exit_code == code
    assert [*verdict.lines()] == [text]
    assert json.loads(json.dumps(verdict.to_dict()))["exit_code"] == code


def test_every_answer_is_tried() -> None:
    assert len(EXIT_CODES) == 8


def test_a_message_cannot_look_like_a_verdict() -> None:
    verdict = Verdict("fails in another way", "R/report", message="no\nsame rows: 7 rows", notes=["a\nb"])
    shown = "\n".join(verdict.lines()).splitlines()
    assert [line for line in shown if not line.startswith("  ")] == ["fails in another way: no"]


def test_what_it_rests_on_is_said() -> None:
    notes = ["another version: python 3.13.1, now 3.13.2"]
    verdict = Verdict("other rows", "R/report", 7, 8, ["1 row only in the run"], deterministic=False, notes=notes)
    lines = [*verdict.lines()]
    assert lines[1] == "  1 row only in the run"
    assert "gives other rows each time" in lines[2]
    assert lines[3] == "  note: another version: python 3.13.1, now 3.13.2"
