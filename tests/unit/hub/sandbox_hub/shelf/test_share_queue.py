"""Why a notebook could not be shared."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from sandbox_hub.shelf.checkpoints import CheckpointStore
from sandbox_hub.shelf.rerun import RerunResult, RerunServer
from sandbox_hub.shelf.share_queue import ShareJob, ShareQueue
from sandbox_hub.shelf.store import Record, Shelf
from urllib3 import HTTPConnectionPool
from urllib3.exceptions import MaxRetryError

from tests.unit.hub.conftest import errors


class Reruns(RerunServer):
    """A server in which every notebook reproduces."""

    def __init__(self) -> None:
        super().__init__("http://hub", "token", "shelf")

    async def run(self, notebook: bytes, on_progress: Any, author: str) -> RerunResult:
        del on_progress
        return RerunResult(json.loads(notebook), "reproduces", 1.0)


class Gone(CheckpointStore):
    """A store that is away."""

    def __init__(self, error: Exception) -> None:
        super().__init__("http://minio:9000", "us-east-1", lambda _: pytest.fail("not asked"))
        self._error = error

    def pin(self, record: Record) -> str:
        raise self._error


@pytest.mark.parametrize("error", [MaxRetryError(HTTPConnectionPool("minio"), "/", None), ValueError("no keys")])
def test_a_store_that_is_away_is_the_reason(tmp_path: Path, caplog: pytest.LogCaptureFixture, error: Exception) -> None:
    shelf = Shelf(tmp_path)

    async def share() -> ShareJob:
        queue = ShareQueue(shelf, Gone(error), Reruns(), "sandbox/notebook:1")
        job = queue.add("ada", {"path": "late.ipynb", "content": '{"cells": []}'})
        await asyncio.gather(*queue._tasks)
        return job

    job = asyncio.run(share())

    assert job.state == "failed"
    assert job.message.startswith("the S3 store doesn't take its pins: ")
    assert job.message.endswith("See ./sandbox doctor")
    assert errors(caplog) == []
    assert not list(tmp_path.rglob("*.ipynb")), "nothing is on the shelf"
