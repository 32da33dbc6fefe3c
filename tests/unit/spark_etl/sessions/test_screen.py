from __future__ import annotations

import contextvars
from threading import Thread
from typing import Any

from spark_etl.sessions.screen import METADATA, MOST_LINES, CellLines, CellScreen

cell_of = contextvars.ContextVar("cell_of", default="none")


class Publisher:
    """What IPython publishes, with the cell that it belongs to."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    def publish(self, **message: Any) -> None:
        self.sent.append({**message, "cell": cell_of.get()})


def shown(lines: list[tuple[str, float | None]]) -> list[dict[str, Any]]:
    publisher = Publisher()
    cell_of.set("this one")
    screen = CellScreen(publisher)
    for line in lines:
        thread = Thread(target=screen.show, args=line)
        thread.start()
        thread.join()
    return publisher.sent


def test_a_line_is_put_in_the_place_of_the_one_before_and_belongs_to_its_cell() -> None:
    sent = shown([("1 of 8", 0.125), ("8 tasks", None)])
    assert [message["update"] for message in sent] == [False, True]
    assert {message["transient"]["display_id"] for message in sent} == {sent[0]["transient"]["display_id"]}
    assert {message["cell"] for message in sent} == {"this one"}
    assert all(message["metadata"] == METADATA for message in sent)


def test_what_is_said_already_is_not_sent_again() -> None:
    assert len(shown([("waiting", None), ("waiting", None)])) == 1


def test_while_it_runs_there_is_a_bar_and_afterwards_there_is_none() -> None:
    running, ended = shown([("1 of 8 <tasks>", 0.125), ("8 tasks", None)])
    assert 'value="0.125"' in running["data"]["text/html"]
    assert "&lt;tasks&gt;" in running["data"]["text/html"]
    assert ended["data"] == {"text/plain": "8 tasks"}


def test_lines_are_one_output_that_grows_and_of_many_the_last_stay() -> None:
    publisher = Publisher()
    lines = CellLines(publisher)
    lines.show(["first"])
    lines.show(["second", "third"])
    assert [message["data"]["text/plain"] for message in publisher.sent] == ["first", "first\nsecond\nthird"]
    assert [message["update"] for message in publisher.sent] == [False, True]
    lines.show([str(number) for number in range(MOST_LINES)])
    assert publisher.sent[-1]["data"]["text/plain"].split("\n") == [str(number) for number in range(MOST_LINES)]
