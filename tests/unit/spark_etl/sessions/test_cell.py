from __future__ import annotations

import pytest
from spark_etl.sessions.cell import Cell
from spark_etl.sessions.queries import QueryCounts

IDLE = QueryCounts(stages=1, tasks=8, done=8)
STARVED = QueryCounts(stages=1, tasks=8, busy=True)
BUSY = QueryCounts(stages=2, tasks=1_200, done=3, running=2, busy=True)

Timeline = list[tuple[float, QueryCounts]]


class Fake:
    """A monitor that returns the counts it is given, and a screen that keeps its lines."""

    lag = 0.0

    def __init__(self) -> None:
        self.current = QueryCounts()
        self.lines: list[str] = []
        self.bars: list[float | None] = []

    def start_cell(self) -> None:
        pass

    def counts(self) -> QueryCounts:
        return self.current

    def cancel(self) -> None:
        pass

    def show(self, text: str, fraction: float | None) -> None:
        if not self.lines or self.lines[-1] != text:
            self.lines.append(text)
            self.bars.append(fraction)


def lines_of(timeline: Timeline, *, cluster: bool = True) -> list[str]:
    """Returns the lines of a cell over a timeline of (second until which, counts), looked at each half second."""
    fake, second = Fake(), 0.0
    cell = Cell(fake, fake, (lambda waited: f"ada has them, {waited:.0f}") if cluster else None)
    for until, counts in timeline:
        fake.current = counts
        while second < until:
            cell.step(second)
            second += 0.5
    cell.end(second)
    return fake.lines


@pytest.mark.parametrize("timeline", [[(0.9, BUSY), (5, IDLE)], [(9, IDLE)], [(0.9, STARVED)]])
def test_what_takes_less_than_a_second_is_not_worth_a_word(timeline: Timeline) -> None:
    assert lines_of(timeline) == []


def test_a_query_is_reported_in_numbers_and_leaves_one_line() -> None:
    assert lines_of([(2, BUSY), (2.5, IDLE)]) == [
        "3 of 1,200 tasks done, 2 running, 1.0s",
        "3 of 1,200 tasks done, 2 running, 1.5s",
        "1 stage, 8 tasks, 2.0s",
    ]


def test_a_query_that_runs_to_the_end_of_its_cell_is_timed_to_there() -> None:
    assert lines_of([(4, BUSY)])[-1] == "2 stages, 1,200 tasks, 4.0s"


def test_the_time_between_two_queries_is_not_spark_s() -> None:
    assert lines_of([(2, BUSY), (60, IDLE), (62, BUSY)])[-1] == "2 stages, 1,200 tasks, 4.0s"


def test_a_waiting_cell_names_who_holds_the_cores_until_a_task_runs() -> None:
    lines = lines_of([(6, STARVED), (7, BUSY)])
    shares = [line for line in lines if "ada" in line]
    assert shares == ["ada has them, 3", "ada has them, 5"]
    assert lines.index(shares[0]) == len([line for line in lines if line.startswith("0 of 8")])
    assert lines[-2].startswith("3 of 1,200 tasks done")


def test_between_two_tasks_nobody_waits() -> None:
    gaps = [(float(second), QueryCounts(1, 8, second, 0, busy=True)) for second in range(1, 8)]
    assert "ada" not in " ".join(lines_of(gaps))


def test_where_there_is_no_master_nobody_is_asked() -> None:
    assert "ada" not in " ".join(lines_of([(9, STARVED)], cluster=False))


def test_an_answer_that_comes_after_the_cell_has_ended_is_not_shown() -> None:
    fake = Fake()
    fake.current = STARVED

    def ended_meanwhile(_: float) -> str:
        cell.end(9.0)
        return "too late"

    cell = Cell(fake, fake, ended_meanwhile)
    for second in range(6):
        cell.step(float(second))
    assert fake.lines[-1] == "1 stage, 8 tasks, 9.0s"


def test_the_bar_is_what_is_done() -> None:
    fake = Fake()
    fake.current = QueryCounts(1, 8, 2, 1, busy=True)
    cell = Cell(fake, fake, None)
    for second in range(2):
        cell.step(float(second))
    cell.end(2.0)
    assert fake.bars == [0.25, None]
