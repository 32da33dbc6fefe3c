"""Runs a notebook again from its first cell to its last, by papermill, and reports the verdict.

This server was started for it and ends afterwards: what a notebook leaves behind goes with it.
"""

from __future__ import annotations

import asyncio
import importlib.metadata
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from spark_etl import bounded_json
from spark_etl.errors import DamagedError
from spark_etl.reading.reads import load_reads

from sandbox_lab.comparison import DOES_NOT_REPRODUCE, cell_source, code_cells, compare_notebooks
from sandbox_lab.nature import Rerun
from sandbox_lab.pinned import not_pinned_reason

CELL_SECONDS = 600
PROGRESS = re.compile(rb"(\d+)/(\d+) \[")
ERROR_LINE = re.compile(r"^(?:\w+\.)*(\w+(?:Error|Exception)): (.*)$", re.MULTILINE)
TAIL = 2000
# What the shelf takes of one notebook; see `sandbox_hub.shelf.validation`.
MAX_NOTEBOOK_BYTES = 32 * 1024**2


async def rerun(notebook: dict[str, Any], author: str = "") -> AsyncGenerator[dict[str, Any]]:
    """Yields `{"progress": line}` for each step, then `{"result": …}`; see `sandbox_hub.shelf.rerun.RerunResult`."""
    started, began = time.monotonic(), datetime.now(UTC)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "in.ipynb").write_text(json.dumps(notebook))
        process = await _papermill(folder)
        stderr = b""
        try:
            async for line, stderr_tail in _progress(process):
                stderr = stderr_tail
                if line:
                    yield {"progress": line}
            code = await process.wait()
        finally:  # the client may have left
            if process.returncode is None:
                process.kill()
        seconds = time.monotonic() - started
        surroundings = Rerun((author, os.environ.get("JUPYTERHUB_USER", "")), began, datetime.now(UTC))
        # In a thread: the server answers meanwhile, however large the outputs are.
        yield await asyncio.to_thread(_outcome, notebook, folder, code, stderr, seconds, surroundings)


async def _papermill(folder: Path) -> asyncio.subprocess.Process:
    home = Path.home() / "notebooks"
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "papermill", str(folder / "in.ipynb"), str(folder / "out.ipynb")),
        *("--kernel", "python3", "--progress-bar", "--no-log-output", "--execution-timeout", str(CELL_SECONDS)),
        cwd=home if home.is_dir() else folder,
        env={**os.environ, "SPARK_ETL_READS": str(folder / "reads")},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )


async def _progress(process: asyncio.subprocess.Process) -> AsyncIterator[tuple[str, bytes]]:
    """Yields how far papermill is, when it is another cell, and the end of its stderr."""
    stderr, last = b"", ""
    assert process.stderr  # noqa: S101 - it is a pipe
    while chunk := await process.stderr.read(4096):
        stderr = (stderr + chunk)[-TAIL:]
        found = PROGRESS.findall(stderr)
        line = f"cell {int(found[-1][0])} of {int(found[-1][1])}" if found else last
        yield (line if line != last else ""), stderr
        last = line


def _outcome(  # noqa: PLR0917 - what is known once papermill has ended
    notebook: dict[str, Any], folder: Path, code: int, stderr: bytes, seconds: float, surroundings: Rerun | None = None
) -> dict[str, Any]:
    surroundings = surroundings or Rerun()
    out = folder / "out.ipynb"
    if not out.exists():
        return {"error": f"papermill ended with {code}: {stderr.decode(errors='replace').strip()[-500:]}"}
    if out.stat().st_size > MAX_NOTEBOOK_BYTES:
        what = f"what it prints comes to {out.stat().st_size / 1024**2:.0f} MB"
        return {
            "error": f"{what}, more than the {MAX_NOTEBOOK_BYTES // 1024**2} MB that a notebook on the shelf may have"
        }
    try:
        result = bounded_json.parse(out.read_bytes(), "what comes out of it", finite=False)
        reads = recorded_reads(folder / "reads")
    except DamagedError as error:
        return {"error": error.message}
    not_pinned = not_pinned_reason([cell_source(cell) for cell in code_cells(notebook)], reads, surroundings.began)
    comparison = compare_notebooks(notebook, result, surroundings, not_pinned)
    verdict, why = comparison.verdict, comparison.why
    if reason := early_end_reason(result, stderr.decode(errors="replace")) if code else "":
        verdict, why = DOES_NOT_REPRODUCE, [reason, *(why if verdict == DOES_NOT_REPRODUCE else [])]
    elif code and verdict != DOES_NOT_REPRODUCE:
        why = ["it fails in the same way as before", *why]
    return {
        "result": {
            "notebook": result,
            "verdict": verdict,
            "why": why,
            "diff": comparison.diff,
            "ignored": comparison.ignored,
            "seconds": seconds,
            "reads": reads,
            "packages": installed_packages(),
        }
    }


def early_end_reason(result: dict[str, Any], stderr: str) -> str:
    """Returns why papermill stopped early; empty if a cell raised, which its outputs show.

    Args:
        result: The notebook as papermill left it.
        stderr: The end of what papermill wrote there.
    """
    raised = ERROR_LINE.findall(stderr)
    kind, text = raised[-1] if raised else ("", stderr.strip().rsplit("\n", 1)[-1])
    cells = code_cells(result)
    begun = [number for number, cell in enumerate(cells, 1) if cell["metadata"].get("papermill", {}).get("start_time")]
    cell = f"code cell {begun[-1]}" if begun else "its first cell"
    if kind == "CellTimeoutError":
        return f"{cell} did not end within {CELL_SECONDS // 60} minutes"
    if kind == "DeadKernelError":
        return f"{cell} ended its kernel: did it need more memory than there is?"
    if any(output["output_type"] == "error" for each in cells for output in each["outputs"]):
        return ""
    return f"{cell} was not run to its end: {kind or 'papermill'}: {text}"[:300]


def recorded_reads(folder: Path) -> list[dict[str, Any]]:
    """Returns what the reading API wrote down in a folder, each checkpoint once, in order.

    Raises:
        DamagedError: Something else has written there.
    """
    reads = [read for file in sorted(folder.glob("*.jsonl")) for read in load_reads(file)]
    return list({read["path"]: read for read in sorted(reads, key=lambda read: str(read["at"]))}.values())


def installed_packages() -> dict[str, str]:
    """Returns the Python packages of this server, name → version."""
    found = ((package.metadata["Name"], package.version) for package in importlib.metadata.distributions())
    return {name: version for name, version in sorted(found) if name}
