"""A notebook that is run again for somebody who may leave meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from pathlib import Path
from typing import Any

import pytest
from sandbox_lab import rerun

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

    assert asyncio.run(leave()) == ({"told": "cell 1 of 2"}, -9)
