"""Small notebooks that the page of runs opens: rows and profile of a checkpoint, a comparison, a replay.

Each is written once into the home, and opened as it is from then on. Its cells are run by its owner: opening one runs
nothing.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from sandbox_lab.debugging import FEATURE, MAX_NAME, RUN
from sandbox_lab.errors import RefusedError

FOLDER = "runs"
LONGEST_STEM = 200
NO_ROOM = {errno.ENOSPC, errno.EDQUOT}
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


def open_run_notebook(home: Path, kind: str, run: str, feature: str | None, other: str | None) -> dict[str, Any]:
    """Writes a notebook about a run unless it is there, and returns its path.

    Args:
        home: The folder in which the server's files lie.
        kind: One of `KINDS`.
        run: A run of the store.
        feature: A feature of it.
        other: Another run, to compare with.

    Raises:
        RefusedError: There is no such kind, something has no name that it could have, or the home takes no notebook.
    """
    if kind not in KINDS:
        raise RefusedError(422, f"`{kind[:40]}` is no notebook about a run; there are {', '.join(KINDS)}.")
    needed = {"run": run, **({"other": other} if kind == "diff" else {"feature": feature})}
    feature, other = (None, other) if kind == "diff" else (feature, None)
    for name, value in needed.items():
        pattern = FEATURE if name == "feature" else RUN
        if not value or len(value) > MAX_NAME or not pattern.fullmatch(value):
            raise RefusedError(422, f"The address names no `{name}`: {name}={str(value or '')[:80]}")
    path = f"{FOLDER}/{_stem([kind, run, *filter(None, [feature, other])])}.ipynb"
    try:
        _create(home / path, KINDS[kind](run, feature or "", other or ""))
    except OSError as error:
        hint = "make room in your home" if error.errno in NO_ROOM else f"move away what is in the way, in ~/{FOLDER}"
        raise RefusedError(507, f"The notebook can't be written: {error.strerror}.", hint) from None
    return {"path": path}


def _rows(run: str, feature: str, _other: str) -> Iterator[tuple[str, str]]:
    yield "markdown", f"# Rows of `{feature}`\n\nAs run `{run}` kept them."
    yield (
        "code",
        f"from spark_etl import runs\n\nrun = runs[{_text(run)}]\ncheckpoint = run[{_text(feature)}]\ncheckpoint",
    )
    yield "code", "checkpoint.head(20)"
    yield "code", "checkpoint.profile()"
    yield "markdown", "The frame is called `this` in SQL."
    yield "code", 'checkpoint.sql("select count(*) as n from this")'


def _diff(run: str, _feature: str, other: str) -> Iterator[tuple[str, str]]:
    yield "markdown", f"# Where two runs part\n\n`{other}` and `{run}`: the first features whose rows differ, and why."
    yield "code", f"from spark_etl import runs\n\ndifference = runs.diff({_text(other)}, {_text(run)})\ndifference"


def _replay(run: str, feature: str, _other: str) -> Iterator[tuple[str, str]]:
    yield "markdown", f"# Replay of `{feature}`\n\nRun `{run}` once more: this feature alone, on what it had read."
    yield (
        "code",
        f"from spark_etl import runs\n\nrun = runs[{_text(run)}]\nreplay = run.replay({_text(feature)})\nreplay",
    )


KINDS: dict[str, Callable[[str, str, str], Iterator[tuple[str, str]]]] = {
    "rows": _rows,
    "diff": _diff,
    "replay": _replay,
}


def _text(value: str) -> str:
    return json.dumps(value)


def _stem(names: Sequence[str]) -> str:
    """Returns a file's name for what a notebook is about: another one for each run, and not too long for any disk."""
    stem = "-".join(map(_as_name, names))
    is_short = len(stem) <= LONGEST_STEM
    return stem if is_short else f"{stem[:LONGEST_STEM]}-{hashlib.sha256(stem.encode()).hexdigest()[:12]}"


def _as_name(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "_", text)


def _create(file: Path, cells: Iterator[tuple[str, str]]) -> None:
    """Writes a notebook as a whole, unless something has its name."""
    if os.path.lexists(file):
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    made = [_cell(number, kind, text) for number, (kind, text) in enumerate(cells, 1)]
    metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    content = json.dumps({"cells": made, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}, indent=1)
    with tempfile.TemporaryDirectory(prefix=".runs-", dir=file.parent) as name:
        whole = Path(name) / file.name
        whole.write_text(content + "\n", encoding="utf-8")
        whole.rename(file)


def _cell(number: int, kind: str, text: str) -> dict[str, Any]:
    known: dict[str, Any] = {"cell_type": kind, "id": f"runs-{number:02}", "metadata": {}, "source": text}
    return known if kind == "markdown" else {**known, "execution_count": None, "outputs": []}
