"""Whether a notebook came out the same."""

from __future__ import annotations

from typing import Any

import pytest
from sandbox_lab import comparison
from sandbox_lab.comparison import DOES_NOT_REPRODUCE, REPRODUCES, RUNS, compare_notebooks

PRINTED = {"output_type": "stream", "name": "stdout", "text": "42\n"}
WARNED = {"output_type": "stream", "name": "stderr", "text": "careful\n"}
FAILED = {"output_type": "error", "ename": "ValueError", "evalue": "no", "traceback": ["…"]}


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
    assert compare_notebooks(notebook(before), notebook(again, count=3)) == (REPRODUCES, [], "")


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
    verdict, why, diff = compare_notebooks(notebook(before), notebook(again))

    assert (verdict, diff) == (DOES_NOT_REPRODUCE, "the difference")
    assert [reason in line for line in why] == [True]


def test_a_notebook_that_was_never_run_can_only_run() -> None:
    never = notebook([], [], count=None)

    assert compare_notebooks(never, notebook([PRINTED], [])) == (RUNS, [], "")
    assert compare_notebooks(never, notebook([PRINTED], [FAILED])) == (
        DOES_NOT_REPRODUCE,
        ["code cell 2 failed: ValueError: no"],
        "",
    )


def test_the_cell_that_papermill_adds_for_a_failure_is_no_cell_of_the_notebook() -> None:
    again = notebook([PRINTED])
    marker = {"cell_type": "code", "metadata": {"tags": ["papermill-error-cell-tag"]}, "source": "", "outputs": []}
    again["cells"].insert(0, marker)

    assert compare_notebooks(notebook([PRINTED]), again)[0] == REPRODUCES
