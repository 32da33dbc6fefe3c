"""What the code of a project does to the process of a lesson."""

from __future__ import annotations

from pathlib import Path

import pytest
from spark_etl.learning.work import own_modules


def test_what_it_prints_is_not_in_the_answer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with own_modules(tmp_path):
        print("here I am")
    print("the answer")
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("the answer\n", "here I am\n")
