"""The author's side of sharing: the notebook and what its kernel has read, sent to the team's shelf."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from spark_etl.errors import DamagedError
from spark_etl.reading.reads import load_reads

from sandbox_lab.errors import RefusedError

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
    file = (root / path.lstrip("/")).resolve()
    if file.suffix != ".ipynb" or not file.is_file() or not _is_below(file, root):
        raise RefusedError(404, f"There is no notebook `{path}` here.", "give its path as JupyterLab shows it")
    return {"path": path.lstrip("/"), "content": file.read_text(encoding="utf-8"), "reads": latest_reads(file)}


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
        method: GET or POST.
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
        raise RefusedError(502, f"The shelf does not answer: {type(error).__name__}", "sandbox status") from None
    try:
        content: dict[str, Any] = answer.json()
    except ValueError:
        content = {"message": answer.text[:200]}
    if not answer.ok:
        raise RefusedError(answer.status_code, str(content.get("message") or answer.reason), "")
    return content
