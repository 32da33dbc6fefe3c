"""The code of runs for their pages: read apart, each answer once while it is remembered."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Sequence
from typing import Any

from spark_etl.errors import CodeNotKeptError
from spark_etl.store import RunDocument, StoredRun

from sandbox_hub.apart.process import run_apart
from sandbox_hub.apart.queue import PageQueue
from sandbox_hub.runs.limits import LARGEST_CODE

READER = "sandbox_hub.runs.code_reader"


class CodePages:
    """Answers questions about the code of runs; see `sandbox_hub.runs.code_reader`."""

    def __init__(self) -> None:
        self._queue = PageQueue()

    async def ask(self, user: str, what: str, runs: Sequence[tuple[StoredRun, RunDocument]], *arguments: str) -> Any:
        """Returns the answer, as JSON has it.

        Args:
            user: Who asks.
            what: The question.
            runs: One run, or two.
            arguments: More of the question.

        Raises:
            CodeNotKeptError: A run has kept none.
            DamagedError: It is not what was kept, or too large.
            BusyError: Others' pages are made for too long, or the user waits for another one.
            PageError: It can't be shown.
        """
        hashes = [_hash_of(document) for _, document in runs]
        key = hashlib.sha256(json.dumps([what, hashes, arguments]).encode("utf-8", "surrogatepass")).hexdigest()

        async def make() -> bytes:
            archives = [
                await asyncio.to_thread(run.code_archive, sha256, largest=LARGEST_CODE)
                for (run, _), sha256 in zip(runs, hashes, strict=True)
            ]
            question = {"what": what, "sizes": [len(each) for each in archives], "arguments": arguments}
            head = json.dumps(question).encode() + b"\n"  # no command line takes every text, nor a long one
            return await run_apart(READER, [], b"".join([head, *archives]), what="code of a run")

        return json.loads(await self._queue.page(key, make, user))


def _hash_of(document: RunDocument) -> str:
    if document.code is None or document.code.sha256 is None:
        reason = (document.code and document.code.reason) or "it is of an earlier version, which kept none"
        raise CodeNotKeptError(f"the run has no code: {reason}")
    return document.code.sha256
