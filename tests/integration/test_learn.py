"""Lesson 1 by the command: started, refused, given hints, solved, and still there after the server was stopped."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.hub import HubClient
from tests.support.sandbox import Sandbox

PUPIL = "pupil"
ROWS = "order_id in (select order_id from this group by order_id having count(*) > 1)"
# What a learner types into the project: the row that held on the day of the order.
FIX = """
from pathlib import Path
file = Path.home() / "learn" / "1" / "features" / "pricing.py"
(line,) = [line for line in file.read_text().splitlines() if "orders.join(" in line]
on_its_day = '.where((orders["ordered_on"] >= F.col("valid_from")) & (orders["ordered_on"] < F.col("valid_to")))'
file.write_text(file.read_text().replace(line, line + on_its_day))
print("edited")
"""


@pytest.fixture
def pupil(stack: Sandbox) -> Iterator[HubClient]:
    """A new hire, logged in."""
    stack("users", "add", PUPIL, "--generate")
    with HubClient(stack.port("hub")).login(PUPIL, stack("users", "show", PUPIL).out.strip()) as client:
        yield client
    stack("users", "remove", PUPIL, "--home", "--yes")


@pytest.mark.timeout(900)
def test_lesson_1_is_done_by_the_command(stack: Sandbox, pupil: HubClient) -> None:
    mine = ["--user", PUPIL]
    assert {row["state"] for row in stack("learn", "list", *mine, "--json").json["lessons"]} == {"new"}
    started = stack("learn", "start", "1", *mine, timeout=400)
    assert "# Ticket" in started.out
    assert started.out.splitlines()[-1].endswith(f"/user/{PUPIL}/lab/tree/learn/1/lesson.ipynb")
    (run,) = stack("runs", "list", "--pipeline", "learn-1", "--json").json
    assert run["name"].startswith(f"users/{PUPIL}/learn/learn-1/")

    refused = stack("learn", "check", *mine, code=1, timeout=400)
    assert "The evidence comes before the fix" in refused.out
    assert "hint 1 of 4" in stack("learn", "hint", *mine).out
    evidence = ["--feature", "priced_orders", "--rows", ROWS]
    unchanged = stack("learn", "check", "1", *evidence, *mine, code=1, timeout=400)
    assert "rows: right" in unchanged.out
    assert "the project is as it came" in unchanged.out

    with pupil.kernel() as kernel:
        assert "edited" in kernel.run(FIX).text
    solved = stack("learn", "check", *mine, "--json", timeout=400).json
    assert solved["solved"], solved
    assert "never returns" in solved["after"]

    pupil.stop_server()
    (row, *_) = stack("learn", "list", *mine, "--json").json["lessons"]
    assert (row["state"], row["hints"]) == ("solved", 1)
    stack("learn", "reset", "1", *mine, "--yes")
    assert stack("learn", "list", *mine, "--json").json["lessons"][0]["state"] == "new"
