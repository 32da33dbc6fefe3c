"""Whether a notebook came out the same."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sandbox_lab import comparison
from sandbox_lab.comparison import (
    DOES_NOT_REPRODUCE,
    NOT_PINNED,
    REPRODUCES,
    RESULTS_EQUAL,
    RUNS,
    Comparison,
    compare_notebooks,
)
from sandbox_lab.nature import DURATIONS, ORDER, RULES, RUN_IDS, TIMES, USERS, Rerun, rules_applied

PRINTED = {"output_type": "stream", "name": "stdout", "text": "42\n"}
WARNED = {"output_type": "stream", "name": "stderr", "text": "careful\n"}
FAILED = {"output_type": "error", "ename": "ValueError", "evalue": "no", "traceback": ["…"]}
TABLE = (
    "<table><thead><tr><th>rows</th><th>seconds</th><th>at</th></tr></thead>"
    "<tbody><tr><td>{}</td><td>{}</td><td>a</td></tr></tbody></table>"
)
BEGAN = datetime(2026, 3, 1, 23, 59, 30, tzinfo=UTC)
RERUN = Rerun(("ada", "shelf"), BEGAN, BEGAN + timedelta(seconds=60))


def shown(text: str, kind: str = "text/plain", **more: Any) -> dict[str, Any]:
    return {"output_type": "execute_result", "data": {kind: text}, "metadata": {}, "execution_count": 1} | more


def notebook(*outputs: list[dict[str, Any]], count: int | None = 1) -> dict[str, Any]:
    """A notebook with a cell for each list of outputs."""
    prose = {"cell_type": "markdown", "metadata": {}, "source": "# Prose"}
    cells = [
        {"cell_type": "code", "metadata": {}, "source": f"# cell\ncell({n})", "execution_count": count, "outputs": made}
        for n, made in enumerate(outputs)
    ]
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [prose, *cells]}


@pytest.fixture(autouse=True)
def without_nbdime(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is in the image only; tests/integration reads what it prints."""
    monkeypatch.setattr(comparison, "format_diff", lambda one, other: "the difference")


@pytest.mark.parametrize(
    ("before", "again"),
    [
        ([PRINTED], [PRINTED]),
        ([PRINTED], [WARNED, PRINTED]),
        ([PRINTED], [shown("2 stages, 12 tasks, 3.2s", metadata={"spark_etl": "progress"}), PRINTED]),
        ([PRINTED], [{**PRINTED, "text": ["4", "2\n"]}]),
        ([PRINTED], [{**PRINTED, "text": "4"}, {**PRINTED, "text": "2\n"}]),
        ([shown("<X at 0x7f1234567890>")], [shown("<X at 0x7fabcdefabcd>", execution_count=7)]),
        ([shown("iVBORw0KGgo=\n", "image/png")], [shown("iVBORw0KGgo=", "image/png")]),
        ([FAILED], [{**FAILED, "traceback": ["another"]}]),
        ([], []),
    ],
)
def test_the_same_outputs_reproduce(before: list[dict[str, Any]], again: list[dict[str, Any]]) -> None:
    assert compare_notebooks(notebook(before), notebook(again, count=3)) == Comparison(REPRODUCES)


@pytest.mark.parametrize(
    ("before", "again", "reason"),
    [
        ([PRINTED], [{**PRINTED, "text": "43\n"}], "code cell 1 (`# cell`) has another output"),
        ([PRINTED], [], "code cell 1 (`# cell`) has another output"),
        ([shown("iVBORw0KGgo=", "image/png")], [shown("iVBORw0KGgp=", "image/png")], "has another output"),
        ([PRINTED], [FAILED], "code cell 1 failed: ValueError: no"),
    ],
)
def test_other_outputs_do_not(before: list[dict[str, Any]], again: list[dict[str, Any]], reason: str) -> None:
    for surroundings in (None, RERUN):
        found = compare_notebooks(notebook(before), notebook(again), surroundings)

        assert (found.verdict, found.diff) == (DOES_NOT_REPRODUCE, "the difference")
        assert [reason in line for line in found.why] == [True]


def test_a_notebook_that_was_never_run_can_only_run() -> None:
    never = notebook([], [], count=None)

    assert compare_notebooks(never, notebook([PRINTED], [])) == Comparison(RUNS)
    assert compare_notebooks(never, notebook([PRINTED], [FAILED])) == Comparison(
        DOES_NOT_REPRODUCE, ["code cell 2 failed: ValueError: no"]
    )


def test_the_cell_that_papermill_adds_for_a_failure_is_no_cell_of_the_notebook() -> None:
    again = notebook([PRINTED])
    marker = {"cell_type": "code", "metadata": {"tags": ["papermill-error-cell-tag"]}, "source": "", "outputs": []}
    again["cells"].insert(0, marker)

    assert compare_notebooks(notebook([PRINTED]), again).verdict == REPRODUCES


@pytest.mark.parametrize(
    ("before", "again", "rules"),
    [
        ("run 20260228T101112Z-7f3a2c: 3 rows", "run 20260301T235940Z-0123ab: 3 rows", [RUN_IDS]),
        ("app-20260228101112-0001", "app-20260301235940-0007", [RUN_IDS]),
        (
            "ada in /home/ada/x, s3a://scratch/users/ada/y",
            "shelf in /home/shelf/x, s3a://scratch/users/shelf/y",
            [USERS],
        ),
        ("took 0.4s", "took 12s", [DURATIONS]),
        ("it took 1 min 3 s", "it took 58.25 seconds", [DURATIONS]),
        (
            "CPU times: user 12 ms, sys: 3 ms, total: 15 ms",
            "CPU times: user 9.5 ms, sys: 2 ms, total: 11.5 ms",
            [DURATIONS],
        ),
        ("1.23 µs ± 4 ns per loop", "980 ns ± 12.5 ns per loop", [DURATIONS]),
        ("0:00:01.234567", "0:00:02.5", [DURATIONS]),
        ("3m05s", "42s", [DURATIONS]),
        ("12 ms ± 2 μs per loop (7 runs, 100 loops each)", "9 ms ± 1 μs per loop (7 runs, 10 loops each)", [DURATIONS]),
        (
            "feature  rows  seconds  at\norders      3      0.4  a",
            "feature  rows  seconds  at\norders      3     12.5  a",
            [DURATIONS],
        ),
        (
            "feature  computing  publishing\norders         2.6         5.5\nlate                       5.1",
            "feature  computing  publishing\norders        12.6         5.5\nlate                       0.1",
            [DURATIONS],
        ),
        (
            "<table><tr><th>rows</th><th>computing</th><th>publishing</th></tr><tr><td>3</td><td>2.6</td><td></td></tr>"
            "<tr><td>3</td><td>2.6</td><td>1.5</td></tr></table><p>7.4 s: starting Spark 3.2, else 0.8</p>",
            "<table><tr><th>rows</th><th>computing</th><th>publishing</th></tr><tr><td>3</td><td>1.1</td><td></td></tr>"
            "<tr><td>3</td><td>1.6</td><td>12.5</td></tr></table><p>9.9 s: starting Spark 5.2, else 0.9</p>",
            [DURATIONS],
        ),
        (
            "7.4 s: planning and computing 3.2, nothing else 0.8",
            "7.4 s: planning and computing 3.2, nothing else 0.9",
            None,
        ),
        (
            "feature  rows  seconds  at\norders      3      0.4  a",
            "feature  rows  seconds  at\norders      4      0.4  a",
            None,
        ),
        (TABLE.format(3, 0.4), TABLE.format(3, 12.5), [DURATIONS]),
        (TABLE.format(3, 0.4), TABLE.format(4, 0.4), None),
        (TABLE.format(3, 0.4), TABLE.format(3, 612.5), None),
        ("at 2026-02-28T10:11:12.123456+00:00", "at 2026-03-01T23:59:45+00:00", [TIMES]),
        ("at 2026-02-28 10:11:12 UTC", "at 2026-03-02 00:00:10 UTC", [TIMES]),
        ("started 10:11:12", "started 0:00:20", None),
        ("started 10:11:12", "started 23:59:58", [TIMES]),
        ("datetime.datetime(2026, 2, 28, 10, 11, 12, 5)", "datetime.datetime(2026, 3, 1, 23, 59, 40, 999)", [TIMES]),
        ("Sat Feb 28 10:11:12 2026", "Sun Mar  1 23:59:40 2026", [TIMES]),
        ("| 0.4s   | x |\n|--------|---|", "| 12.25s | x |\n|----------|---|", [DURATIONS]),
        # What is a result, though it looks like one of these.
        ("3 rows in 0.4s", "4 rows in 0.4s", None),
        ("2024-02-29 10:11:12", "2024-02-29 10:11:13", None),
        ("mean delivery: 3.2 h", "mean delivery: 4.5 h", None),
        ("opened at 10:15", "opened at 11:15", None),
        ("adamant", "shelf", None),
        ("on the shelf", "on the ada", None),
        ("total 12.5", "total 13.5", None),
        ("2026-02-28", "2026-03-01", None),
        ("took 0.4s", "took a while", None),
    ],
)
def test_what_differs_by_nature_does_not_count(before: str, again: str, rules: list[str] | None) -> None:
    for kind in ("text/plain", "text/html"):
        found = compare_notebooks(notebook([shown(before, kind)]), notebook([shown(again, kind)]), RERUN)

        assert (found.verdict, found.ignored) == ((RESULTS_EQUAL, rules) if rules else (DOES_NOT_REPRODUCE, [])), found
        assert found.diff == "the difference", "the page shows what was ignored"


@pytest.mark.parametrize(
    ("seconds", "edge", "verdict"), [("12.5s", "b", RESULTS_EQUAL), ("12.5s", "c", DOES_NOT_REPRODUCE)]
)
def test_the_picture_of_a_run_is_compared_by_its_words(seconds: str, edge: str, verdict: str) -> None:
    def picture(seconds: str, edge: str, width: int) -> str:
        svg = (
            f'<svg id="run" aria-labelledby="run-title run-text" width="{width}"><title>run 20260301T235940Z-0123ab'
            f'</title><desc id="run-text">a, reads {edge}</desc><text x="{width}">{seconds}</text></svg>'
        )
        return f'<img src="data:image/svg+xml;base64,{b64encode(svg.encode()).decode()}">'

    one, other = (shown(picture(*made), "text/html") for made in (("0.4s", "b", 120), (seconds, edge, 128)))

    assert compare_notebooks(notebook([one]), notebook([other]), RERUN).verdict == verdict


def test_features_that_are_computed_side_by_side_end_in_any_order() -> None:
    lines = [
        "[1/3] orders  checkpoint  100 rows  0.4s",
        "[2/3] rates   planned",
        "[3/3] usd     checkpoint  9 rows 2s",
    ]
    other = [
        "[1/3] rates   planned",
        "[2/3] orders  checkpoint  100 rows  0.5s",
        "[3/3] usd     checkpoint  9 rows 3s",
    ]
    before, after = ("\n".join(["run", *each, "done"]) for each in (lines, other))

    assert rules_applied(before, after, RERUN) == {ORDER, DURATIONS}
    assert rules_applied(before, before, RERUN) == set()
    assert rules_applied(before, after.replace("100 rows", "101 rows"), RERUN) is None
    assert rules_applied("b\na", "a\nb", RERUN) is None


def test_a_notebook_that_is_not_pinned_is_never_green() -> None:
    same, never = notebook([PRINTED]), notebook([], count=None)

    for before in (same, never):
        assert compare_notebooks(before, same, RERUN, "no run") == Comparison(NOT_PINNED, ["no run"])
    assert compare_notebooks(same, notebook([FAILED]), RERUN, "no run").verdict == DOES_NOT_REPRODUCE


def test_the_shelf_explains_each_verdict_and_each_rule() -> None:
    from sandbox_hub.shelf.verdicts import NATURE, VERDICTS  # noqa: PLC0415 - of the hub's image

    assert set(VERDICTS) == {REPRODUCES, RESULTS_EQUAL, NOT_PINNED, RUNS, DOES_NOT_REPRODUCE}
    assert tuple(NATURE) == RULES
    # It may have failed as before, read no run, or named one of two.
    assert not [words for words in ("to its end", "which runs") if words in VERDICTS[NOT_PINNED].about]
    assert {name for name, verdict in VERDICTS.items() if verdict.tone == "good"} == {REPRODUCES, RESULTS_EQUAL}


@pytest.mark.parametrize("text", ["\0run\0 took 0.4s", "a\0b took 0.4s"])
def test_a_nul_in_an_output_is_a_character_like_others(text: str) -> None:
    one, other = shown(text), shown(text.replace("0.4s", "0.5s"))
    run = shown("20260301T235940Z-0123ab took 0.5s")

    assert compare_notebooks(notebook([one]), notebook([other]), RERUN).verdict == RESULTS_EQUAL
    assert compare_notebooks(notebook([one]), notebook([run]), RERUN).verdict == DOES_NOT_REPRODUCE


@pytest.mark.parametrize("part", ["1,", "12", "[1/2] \n", "<tr", "seconds<tr><td>", "<style>"])
def test_a_text_of_a_megabyte_is_read_once(part: str) -> None:
    """It would take hours if each of its parts were read to the end of the text."""
    text = part * (1024**2 // len(part))
    if part == "<style>":
        text = "data:image/svg+xml;base64," + b64encode(f'<svg id="run-text">{text}'.encode()).decode()

    assert rules_applied(f"{text} x", "y", RERUN) is None


def test_a_text_that_is_too_long_has_to_be_the_same() -> None:
    assert rules_applied("x" * (4 * 1024**2) + " 0.4s", "x" * (4 * 1024**2) + " 0.5s", RERUN) is None
