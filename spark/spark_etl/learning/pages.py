"""The notebook of a lesson: the ticket, places to look at the rows, and places for the answer."""

from __future__ import annotations

import json
from typing import Any

from spark_etl.learning.lesson import Assignment

NOTEBOOK = "lesson.ipynb"
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
START = """from spark_etl.learning import open_lesson

learn = open_lesson({number})
learn.run"""
LOOK = """The run has kept the rows of each feature. `learn.run["{frame}"].head()` shows the first of them,
`learn.run["{frame}"].sql("select count(*) as n from this")` asks them in SQL."""
EVIDENCE = """## 1. The evidence

Which feature has the wrong code? Which rows show it? A condition such as `amount < 0` is enough, or a query that
returns `{key}`. With `of="…"`, they are rows of another feature."""
FIX = """## 2. The fix

Edit the project: {files}. Save the file. It is only this feature that is computed again, by local Spark.
`learn.check()` takes about a quarter of a minute."""


def notebook_of(assignment: Assignment) -> str:
    """Returns the notebook of a lesson, as it is written to a file."""
    number, first = assignment.lesson.number, next(iter(assignment.planted.tables))
    files = [f"[{name}]({name})" for name in assignment.project("") if name.endswith(".py") and "__init__" not in name]
    cells = [
        ("markdown", assignment.text("ticket.md").strip()),
        ("code", START.format(number=number)),
        ("markdown", LOOK.format(frame=first)),
        ("code", f'learn.run["{first}"].head()'),
        ("markdown", EVIDENCE.format(key=assignment.key)),
        ("code", 'learn.feature("")'),
        ("code", 'learn.rows("")'),
        ("markdown", FIX.format(files=", ".join(files))),
        ("code", "learn.check()"),
        ("markdown", "Stuck? `learn.hint()` shows one hint more."),
        ("code", "# learn.hint()"),
    ]
    made = [_cell(place, kind, text) for place, (kind, text) in enumerate(cells, 1)]
    metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    return json.dumps({"cells": made, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}, indent=1) + "\n"


def _cell(place: int, kind: str, text: str) -> dict[str, Any]:
    known: dict[str, Any] = {"cell_type": kind, "id": f"learn-{place:02}", "metadata": {}, "source": text}
    return known if kind == "markdown" else {**known, "execution_count": None, "outputs": []}
