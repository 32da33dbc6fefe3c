"""The answer's file, which learners edit by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from spark_etl.errors import ArgumentError
from spark_etl.learning.answer import FILE, Answer, read_answer, write_answer


def test_it_comes_back_as_it_was_written(tmp_path: Path) -> None:
    assert read_answer(tmp_path) == Answer()
    answer = Answer("net", "name = 'Ünal: \"x\"' -- # no comment", "orders")
    write_answer(tmp_path, answer)
    assert read_answer(tmp_path) == answer
    assert answer.frame == "orders"
    assert Answer("net", "x").frame == "net"


def test_only_what_is_given_is_changed() -> None:
    answer = Answer("net", "amount < 0", "orders")
    assert answer.with_given(None, None, None) == answer
    assert answer.with_given(" paid ", None, "") == Answer("paid", "amount < 0", "")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("feature: net\nrow: x < 1\n", r"has `row`\. Did you mean `rows`"),
        ("rows: [a\n", "can't be read"),
        ("just words\n", "has no `feature:`"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(ArgumentError, match=message):
        read_answer(tmp_path)
