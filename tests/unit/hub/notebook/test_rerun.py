"""A notebook that is run again for somebody who may leave meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from sandbox_lab import rerun

RUN = "20240229T101112Z-7f3a2c"
SLOW = """
import sys, time
print("Executing:  50%|#####     | 1/2 [00:00<00:00]", file=sys.stderr, flush=True)
time.sleep(600)
"""


def test_when_nobody_listens_any_more_it_is_not_run_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[asyncio.subprocess.Process] = []

    async def papermill(folder: Path) -> asyncio.subprocess.Process:
        del folder
        begun.append(await asyncio.create_subprocess_exec(sys.executable, "-c", SLOW, stderr=asyncio.subprocess.PIPE))
        return begun[0]

    monkeypatch.setattr(rerun, "_papermill", papermill)

    async def leave() -> tuple[dict[str, Any], int]:
        async with contextlib.aclosing(rerun.rerun({"cells": []})) as events:
            first = await anext(events)
        async with asyncio.timeout(10):
            return first, await begun[0].wait()

    assert asyncio.run(leave()) == ({"progress": "cell 1 of 2"}, -9)


def test_outputs_are_compared_in_a_thread_so_that_the_server_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    async def papermill(folder: Path) -> asyncio.subprocess.Process:
        del folder
        return await asyncio.create_subprocess_exec(sys.executable, "-c", "", stderr=asyncio.subprocess.PIPE)

    monkeypatch.setattr(rerun, "_papermill", papermill)
    monkeypatch.setattr(rerun, "_outcome", lambda *_: {"thread": threading.current_thread()})

    async def run() -> list[dict[str, Any]]:
        return [event async for event in rerun.rerun({"cells": []})]

    assert asyncio.run(run())[-1]["thread"] is not threading.main_thread()


def cell(source: str, *outputs: dict[str, Any], begun: bool = True) -> dict[str, Any]:
    """A code cell as papermill leaves it."""
    metadata = {"papermill": {"start_time": "2024-02-29T10:11:12+00:00" if begun else None, "status": "completed"}}
    run = {"source": source, "outputs": list(outputs), "execution_count": 1 if outputs else None}
    return {"id": source, "cell_type": "code", "metadata": metadata, **run}


PRINTED = {"output_type": "stream", "name": "stdout", "text": "1\n"}
INTERRUPTED = {"output_type": "error", "ename": "KeyboardInterrupt", "evalue": "", "traceback": []}
FAILED = {"output_type": "error", "ename": "ValueError", "evalue": "no rows", "traceback": []}
DEAD = "Traceback (most recent call last):\n  …\nnbclient.exceptions.DeadKernelError: Kernel died\n\n"
TOO_LONG = """Traceback (most recent call last):
nbclient.exceptions.CellTimeoutError: A cell timed out while it was being executed, after 600 seconds.
The message was: Cell execution timed out.
Here is a preview of the cell contents:
-------------------
raise ValueError: no code
-------------------
"""
ODD = "Traceback (most recent call last):\n  …\nRuntimeError: no such kernel\n"


def result_of(folder: Path, before: list[Any], again: list[Any], stderr: str, code: int = 1) -> dict[str, Any]:
    """The result of a notebook that papermill left with this code."""
    (folder / "out.ipynb").write_text(json.dumps({"cells": again}))
    event = rerun._outcome({"cells": before}, folder, code, stderr.encode(), 1.0)
    return dict(event["result"])


@pytest.mark.parametrize(
    ("stderr", "reason"),
    [
        (DEAD, "code cell 2 ended its kernel: did it need more memory than there is?"),
        (TOO_LONG, "code cell 2 did not end within 10 minutes"),
        (ODD, "code cell 2 was not run to its end: RuntimeError: no such kernel"),
        ("", "code cell 2 was not run to its end: papermill: "),
    ],
)
@pytest.mark.parametrize("outputs", [[], [PRINTED]])
def test_a_notebook_that_was_broken_off_does_not_reproduce(
    tmp_path: Path, outputs: list[dict[str, Any]], stderr: str, reason: str
) -> None:
    again = [cell("a", *outputs), cell("b"), cell("c", begun=False)]
    result = result_of(tmp_path, [cell("a", *outputs), cell("b"), cell("c")], again, stderr)
    assert (result["verdict"], result["why"][0]) == ("does not reproduce", reason)


def test_a_kernel_that_dies_after_a_failure_that_was_allowed_does_not_reproduce(tmp_path: Path) -> None:
    result = result_of(tmp_path, [cell("a", FAILED), cell("b")], [cell("a", FAILED), cell("b")], DEAD)
    assert (result["verdict"], result["why"]) == (
        "does not reproduce",
        ["code cell 2 ended its kernel: did it need more memory than there is?"],
    )


def test_a_cell_that_takes_too_long_does_not_reproduce_even_if_its_author_lost_patience_too(tmp_path: Path) -> None:
    result = result_of(tmp_path, [cell("a", INTERRUPTED)], [cell("a", INTERRUPTED)], TOO_LONG)
    assert (result["verdict"], result["why"]) == ("does not reproduce", ["code cell 1 did not end within 10 minutes"])


@pytest.mark.parametrize(
    ("code", "verdict", "why"),
    [
        (f'runs["{RUN}"]', "reproduces", []),
        ("runs.latest()", "runs, not pinned", [f'its code does not name each run that it reads: pin runs["{RUN}"]']),
    ],
)
def test_a_cell_that_fails_as_it_did_for_its_author_counts_as_the_same(
    tmp_path: Path, code: str, verdict: str, why: list[str]
) -> None:
    (tmp_path / "reads").mkdir()
    read = {"at": "", "run": RUN, "feature": "orders", "path": "s3a://scratch/x", "rows": 1, "files": ""}
    (tmp_path / "reads" / "1.jsonl").write_text(json.dumps(read))
    stderr = "papermill.exceptions.PapermillExecutionError: \n---\nValueError: no rows\n"
    result = result_of(tmp_path, [cell(code, FAILED)], [cell(code, FAILED)], stderr)
    assert (result["verdict"], result["why"]) == (verdict, ["it fails in the same way as before", *why])


def test_what_prints_more_than_the_shelf_takes_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rerun, "MAX_NOTEBOOK_BYTES", 3 * 1024**2)
    (tmp_path / "out.ipynb").write_bytes(b" " * 5 * 1024**2)
    event = rerun._outcome({"cells": []}, tmp_path, 0, b"", 1.0)
    assert event["error"] == "what it prints comes to 5 MB, more than the 3 MB that a notebook on the shelf may have"
