from __future__ import annotations

import re

from spark_etl.store.log import MOST_LOG, RunLog


def test_each_line_has_its_time_and_nothing_new_is_not_written_again() -> None:
    log = RunLog()
    assert log.take_changed() is None
    log.add("begun")
    first = log.take_changed()
    assert first
    assert re.fullmatch(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z begun\n", first)
    assert log.take_changed() is None


def test_of_very_much_beginning_and_end_are_there_and_what_is_missing_is_said() -> None:
    log = RunLog()
    for number in range(40_000):
        log.add(f"line {number:05} {'x' * 60}")
    content = log.take_changed() or b""
    assert len(content) <= MOST_LOG + 100
    lines = content.decode().splitlines()
    assert " line 00000 " in lines[0]
    assert " line 39999 " in lines[-1]
    (gap,) = [line for line in lines if "left out" in line]
    assert int(gap.split()[1].replace(",", "")) == 40_000 - (len(lines) - 1)


def test_a_line_without_end_is_cut() -> None:
    log = RunLog()
    log.add("x" * MOST_LOG)
    assert len(log.take_changed() or b"") < 20_000
