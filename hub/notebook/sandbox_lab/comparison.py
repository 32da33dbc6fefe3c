"""Whether a notebook came out the same when it was run again."""

from __future__ import annotations

import copy
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sandbox_lab.nature import RULES, Rerun, rules_applied

REPRODUCES, RESULTS_EQUAL, DOES_NOT_REPRODUCE = "reproduces", "results equal", "does not reproduce"
RUNS, NOT_PINNED = "runs", "runs, not pinned"
# What differs from one process to the next and means nothing: an object's place in memory.
ADDRESS = re.compile(r"\b0x[0-9a-f]{6,16}\b")
# Warnings and progress bars go to stderr; widgets are a conversation with a kernel that is gone.
IGNORED_MIME_TYPES = ("application/vnd.jupyter.widget-view+json",)
# The line that `spark_etl.spark()` leaves below a cell whose queries took long: no two runs take the same time.
PROGRESS_MARK = ("spark_etl", "progress")
ERROR_TAGS = {"papermill-error-cell-tag"}
MAX_DIFF_CHARS = 20_000
# What is compared to the byte.
PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf")

Notebook = dict[str, Any]


@dataclass(frozen=True)
class Comparison:
    """What came of a notebook that was run again.

    Attributes:
        verdict: One of the five above.
        why: What differs, or what is not pinned, in a line each.
        diff: The difference as nbdime prints it.
        ignored: The rules by which outputs differ by nature; see `sandbox_lab.nature`.
    """

    verdict: str
    why: list[str] = field(default_factory=list)
    diff: str = ""
    ignored: list[str] = field(default_factory=list)


def compare_notebooks(
    original: Notebook, rerun: Notebook, surroundings: Rerun | None = None, not_pinned: str = ""
) -> Comparison:
    """Returns the verdict.

    1. A cell that failed when it was run again doesn't reproduce, unless it failed in the same way before.
    2. A cell reproduces if its outputs are the same, apart from stderr, progress, widgets and addresses in memory.
    3. Its results are equal if the outputs differ only by nature.
    4. A notebook without any output of a run before can't be compared: it runs.
    5. One that doesn't name each run it reads, or reads none, may come out otherwise tomorrow: it is not pinned.

    Args:
        original: The notebook as its author had it.
        rerun: The same as it came out.
        surroundings: Of both; without them, nothing differs by nature.
        not_pinned: Why the notebook counts as not pinned; empty if it is pinned.
    """
    left, right = comparable_cells(original), comparable_cells(rerun)
    if not any(cell["outputs"] or cell.get("run") for cell in left["cells"]):
        failure = _first_failure(right)
        return Comparison(DOES_NOT_REPRODUCE, [failure]) if failure else _judged(RUNS, not_pinned)
    found = [(number, *pair) for number, pair in enumerate(zip(left["cells"], right["cells"], strict=False), 1)]
    differing = {number: _difference(one, other, surroundings) for number, one, other in found}
    why = [_describe_difference(number, one, other) for number, one, other in found if differing[number] is None]
    diff = format_diff(left, right) if any(rules != set() for rules in differing.values()) else ""
    if why:
        return Comparison(DOES_NOT_REPRODUCE, why, diff)
    ignored = set().union(*(rules or () for rules in differing.values()))
    verdict = RESULTS_EQUAL if ignored else REPRODUCES
    return _judged(verdict, not_pinned, diff, [rule for rule in RULES if rule in ignored])


def _judged(verdict: str, not_pinned: str, diff: str = "", ignored: list[str] | None = None) -> Comparison:
    if not_pinned:
        return Comparison(NOT_PINNED, [not_pinned], diff, ignored or [])
    return Comparison(verdict, [], diff, ignored or [])


def _difference(one: dict[str, Any], other: dict[str, Any], surroundings: Rerun | None) -> set[str] | None:
    """Returns the rules by which the outputs of a cell differ; none if they are the same, None if it is no rule."""
    if one["outputs"] == other["outputs"]:
        return set()
    texts, others = list(_texts(one["outputs"])), list(_texts(other["outputs"]))
    if not surroundings or [kind for kind, _ in texts] != [kind for kind, _ in others]:
        return None
    found: set[str] = set()
    for (kind, left), (_, right) in zip(texts, others, strict=True):
        if left != right:
            rules = None if kind in PICTURES else rules_applied(left, right, surroundings)
            if rules is None:
                return None
            found |= rules
    return found


def _texts(outputs: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yields what outputs consist of, each with its kind."""
    for output in outputs:
        if output["output_type"] == "stream":
            yield "stream", output["text"]
        elif output["output_type"] == "error":
            yield f"error {output['ename']}", output["evalue"]
        else:
            for kind, value in sorted(output["data"].items()):
                yield kind, value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def code_cells(notebook: Notebook) -> list[dict[str, Any]]:
    """Returns a notebook's code cells, without what papermill puts in where one failed."""
    cells = [cell for cell in notebook["cells"] if not ERROR_TAGS & set(cell.get("metadata", {}).get("tags", []))]
    return [cell for cell in cells if cell["cell_type"] == "code"]


def cell_source(cell: dict[str, Any]) -> str:
    """Returns a cell's text."""
    return _join_lines(cell.get("source", ""))


def comparable_cells(notebook: Notebook) -> Notebook:
    """Returns a notebook's code cells with what is to be compared of them."""
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {},
        "cells": [
            {
                "id": f"cell-{number}",
                "cell_type": "code",
                "source": cell_source(cell),
                "metadata": {},
                "execution_count": None,
                "outputs": _comparable_outputs(cell.get("outputs", [])),
                "run": cell.get("execution_count") is not None,
            }
            for number, cell in enumerate(code_cells(notebook))
        ],
    }


def _comparable_outputs(outputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for output in map(copy.deepcopy, outputs):
        kind = output["output_type"]
        if output.get("metadata", {}).get(PROGRESS_MARK[0]) == PROGRESS_MARK[1]:
            continue
        if kind == "stream":
            if output.get("name") != "stdout":
                continue
            text = _mask_addresses(_join_lines(output["text"]))
            if found and found[-1]["output_type"] == "stream":
                found[-1]["text"] += text
            else:
                found.append({"output_type": "stream", "name": "stdout", "text": text})
        elif kind == "error":
            found.append(
                {"output_type": "error", "ename": output["ename"], "evalue": output["evalue"], "traceback": []}
            )
        else:
            data = {
                mime: _comparable_data(value)
                for mime, value in output.get("data", {}).items()
                if mime not in IGNORED_MIME_TYPES
            }
            found.append({"output_type": "display_data", "metadata": {}, "data": data})
    return found


def _comparable_data(value: Any) -> Any:
    return _mask_addresses(_join_lines(value)).strip() if isinstance(value, str | list) else value


def _join_lines(text: Any) -> str:
    return "".join(text) if isinstance(text, list) else str(text)


def _mask_addresses(text: str) -> str:
    return ADDRESS.sub("0x…", text)


def _describe_difference(number: int, original: dict[str, Any], rerun: dict[str, Any]) -> str:
    error = next((output for output in rerun["outputs"] if output["output_type"] == "error"), None)
    if error:
        return f"code cell {number} failed: {error['ename']}: {error['evalue']}"[:300]
    first = next((line for line in rerun["source"].splitlines() if line.strip()), "")
    if not original["run"] and not original["outputs"]:
        return f"code cell {number} (`{first[:80]}`) had not been run by its author"
    return f"code cell {number} (`{first[:80]}`) has another output"


def _first_failure(notebook: Notebook) -> str:
    for number, cell in enumerate(notebook["cells"], 1):
        if any(output["output_type"] == "error" for output in cell["outputs"]):
            return _describe_difference(number, cell, cell)
    return ""


def format_diff(left: Notebook, right: Notebook) -> str:
    """Returns how two notebooks differ, as nbdime prints it."""
    import nbformat  # noqa: PLC0415 - a server starts without them
    from nbdime.diffing.notebooks import diff_notebooks  # noqa: PLC0415
    from nbdime.prettyprint import PrettyPrintConfig, pretty_print_notebook_diff  # noqa: PLC0415

    shared, rerun = (
        nbformat.from_dict({**notebook, "cells": [_without_run(cell) for cell in notebook["cells"]]})
        for notebook in (left, right)
    )
    out = io.StringIO()
    config = PrettyPrintConfig(out=out, use_color=False, use_git=False, use_diff=False)
    pretty_print_notebook_diff("shared", "run again", shared, diff_notebooks(shared, rerun), config)
    text = out.getvalue()
    return (
        text
        if len(text) <= MAX_DIFF_CHARS
        else f"{text[:MAX_DIFF_CHARS]}\n… and {len(text) - MAX_DIFF_CHARS:,} characters more"
    )


def _without_run(cell: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in cell.items() if key != "run"}
