"""The author's side of sharing: the notebook and what its kernel has read, sent to the team's shelf."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from spark_etl import bounded_json
from spark_etl.errors import DamagedError, SparkEtlError
from spark_etl.reading.reads import load_reads

from sandbox_lab.comparison import cell_source, code_cells
from sandbox_lab.errors import RefusedError
from sandbox_lab.pinned import unnamed_runs

HUB = "http://hub:8000"
SECONDS = 30


def share_request(root: Path, path: str) -> dict[str, Any]:
    """Returns what is sent to the shelf to share a notebook: path, content, and what was read.

    Args:
        root: The folder in which the server's files lie.
        path: The notebook's, relative to it.

    Raises:
        RefusedError: There is no such notebook.
    """
    file, content = _notebook(root, path)
    return {"path": path.lstrip("/"), "content": content, "reads": latest_reads(file)}


def share_preview(root: Path, path: str) -> dict[str, Any]:
    """Returns what will be seen of a notebook once it is shared, for the author to look at before.

    Args:
        root: The folder in which the server's files lie.
        path: The notebook's, relative to it.

    Returns:
        `author`, `name` and `versions` as the shelf has them; `cells` and `outputs`, how many code cells there are and
        how many of them have outputs; `reads`, the checkpoints that its kernel has read; `not_pinned`, what to write
        if the code does not name one of their runs, in sentences.

    Raises:
        RefusedError: There is no such notebook, or it can't be shared.
    """
    file, content = _notebook(root, path)
    try:
        cells = code_cells(bounded_json.parse(content.encode(), file.name, finite=False))
        sources = [cell_source(cell) for cell in cells]
    except (SparkEtlError, KeyError, TypeError, AttributeError) as error:
        raise RefusedError(
            422, f"`{path}` is no notebook: {error}", "open it in JupyterLab and save it again"
        ) from None
    reads = latest_reads(file)
    return {
        **call_shelf("GET", f"mine?{urlencode({'path': path.lstrip('/')})}"),
        "cells": len(cells),
        "outputs": sum(bool(cell.get("outputs")) for cell in cells),
        "reads": [{key: read[key] for key in ("run", "feature", "path")} for read in reads],
        "not_pinned": _pins_to_write(unnamed_runs(sources, reads)),
    }


def _pins_to_write(runs: list[str]) -> list[str]:
    """Returns what to do about runs that the code does not name.

    Only the re-run knows which of them the notebook makes itself: those need no name.
    """
    if not runs:
        return []
    which = runs[0] if len(runs) == 1 else f"{len(runs)} of the runs"
    return [
        f"The code does not name {which}. Tomorrow it may read another run.",
        *(f'To pin it, write runs["{run}"] instead of runs.latest(…).' for run in runs),
        "A run that the notebook makes itself needs no name.",
    ]


def _notebook(root: Path, path: str) -> tuple[Path, str]:
    """Returns the file of a notebook, and what is in it."""
    file = (root / path.lstrip("/")).resolve()
    try:
        if file.suffix != ".ipynb" or not file.is_file() or not _is_below(file, root):
            raise RefusedError(404, f"There is no notebook `{path}` here.", "give its path as JupyterLab shows it")
        return file, file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise RefusedError(
            422, f"`{path}` is no notebook: byte {error.start:,} is no UTF-8", "open it and save it"
        ) from None
    except OSError as error:
        raise RefusedError(422, f"`{path}` can't be read: {error.strerror}") from None


def _is_below(file: Path, root: Path) -> bool:
    return file.is_relative_to(root.resolve()) or file.is_relative_to(Path("/team"))


def latest_reads(notebook: Path) -> list[dict[str, Any]]:
    """Returns what the notebook's latest kernel has read, as the reading API wrote it down."""
    folder = os.environ.get("SPARK_ETL_READS")
    files = sorted(Path(folder).glob("*.jsonl"), key=lambda file: file.stat().st_mtime, reverse=True) if folder else []
    for file in files:
        try:
            reads = load_reads(file)
        except DamagedError:
            continue
        if any(read.get("notebook") == str(notebook) for read in reads):
            return reads
    return []


def call_shelf(method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """Returns what the shelf's API answers.

    Args:
        method: GET, POST or DELETE.
        path: Below `/services/shelf/api/`.
        body: What is sent as JSON.

    Raises:
        RefusedError: It refuses, or does not answer.
    """
    import requests  # noqa: PLC0415 - a server starts without it

    headers = {"Authorization": f"token {os.environ['JUPYTERHUB_API_TOKEN']}", "Content-Type": "application/json"}
    if host := os.environ.get("SANDBOX_SHELF_HOST"):  # by which the proxy knows a shelf with an address of its own
        headers["Host"] = host
    try:
        answer = requests.request(
            method,
            f"{HUB}/services/shelf/api/{path}",
            # As they are, characters of other alphabets take two bytes or three; escaped, six.
            data=json.dumps(body, ensure_ascii=False).encode("utf-8", "surrogatepass"),
            headers=headers,
            timeout=SECONDS,
        )
    except requests.RequestException as error:
        raise RefusedError(502, f"The shelf does not answer: {type(error).__name__}", "./sandbox status") from None
    try:
        content: dict[str, Any] = answer.json()
    except ValueError:
        content = {"message": answer.text[:200]}
    if not answer.ok:
        raise RefusedError(answer.status_code, str(content.get("message") or answer.reason), "")
    return content
