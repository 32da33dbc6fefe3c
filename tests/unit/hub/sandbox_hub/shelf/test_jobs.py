"""What a publication that failed tells."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from sandbox_hub.shelf.data import Data
from sandbox_hub.shelf.jobs import Job, Jobs
from sandbox_hub.shelf.rerun import Again, Rerun
from sandbox_hub.shelf.store import Record, Shelf
from urllib3 import HTTPConnectionPool
from urllib3.exceptions import MaxRetryError

from tests.unit.hub.conftest import errors


class Reruns(Rerun):
    """A server in which every notebook reproduces."""

    def __init__(self) -> None:
        super().__init__("http://hub", "token", "keeper")

    async def run(self, notebook: bytes, tell: Any) -> Again:
        del tell
        return Again(json.loads(notebook), "reproduces", 1.0)


class Gone(Data):
    """A store that is away."""

    def __init__(self, error: Exception) -> None:
        super().__init__("http://minio:9000", "us-east-1", lambda _: pytest.fail("not asked"), "keeper")
        self._error = error

    def pin(self, record: Record) -> str:
        raise self._error


@pytest.mark.parametrize("error", [MaxRetryError(HTTPConnectionPool("minio"), "/", None), ValueError("no keys")])
def test_a_store_that_is_away_is_the_reason(tmp_path: Path, caplog: pytest.LogCaptureFixture, error: Exception) -> None:
    shelf = Shelf(tmp_path)

    async def publish() -> Job:
        jobs = Jobs(shelf, Gone(error), Reruns(), "sandbox/notebook:1")
        job = jobs.add("ada", {"path": "late.ipynb", "content": '{"cells": []}'})
        await asyncio.gather(*jobs._tasks)
        return job

    job = asyncio.run(publish())

    assert job.state == "failed"
    assert job.told.startswith("the S3 store doesn't take its pins: ")
    assert job.told.endswith("See ./sandbox doctor")
    assert errors(caplog) == []
    assert not list(tmp_path.rglob("*.ipynb")), "nothing is on the shelf"
