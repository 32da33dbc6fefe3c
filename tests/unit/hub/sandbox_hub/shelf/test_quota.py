"""An author shares no more than a user may hold, since no user can delete what is shared."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from sandbox_hub.disk.usage import FILE_BYTES
from sandbox_hub.shelf import quota as quotas
from sandbox_hub.shelf import service
from sandbox_hub.shelf.checkpoints import CheckpointStore
from sandbox_hub.shelf.quota import Quota, QuotaExceededError
from sandbox_hub.shelf.rerun import RerunResult, RerunServer
from sandbox_hub.shelf.share_queue import ShareJob, ShareQueue
from sandbox_hub.shelf.store import Record, Shelf
from traitlets.config import Config

from tests.unit.hub.conftest import errors, service_environment

MB = 1024**2
LIMIT = 1024 * MB


class Reruns(RerunServer):
    """A server in which every notebook comes out with outputs of a size."""

    def __init__(self, output: int) -> None:
        super().__init__("http://hub", "token", "shelf")
        self._output, self.runs = output, 0

    async def run(self, notebook: bytes, on_progress: Any, author: str) -> RerunResult:
        del on_progress
        self.runs += 1
        return RerunResult({**json.loads(notebook), "output": "x" * self._output}, "reproduces", 1.0)


class Pins(CheckpointStore):
    """A store that takes every pin."""

    def __init__(self) -> None:
        super().__init__("http://minio:9000", "us-east-1", lambda _: pytest.fail("not asked"))

    def pin(self, record: Record) -> str:
        return f"s3a://{record.name}"


def quota(used: int | Exception) -> Quota:
    """The quota of ada, who holds so much."""

    async def sizes() -> dict[str, int]:
        if isinstance(used, Exception):
            raise used
        return {"ada": used, "bob": 5 * LIMIT}

    return Quota(sizes, LIMIT)


def shared(shelf: Path, reruns: Reruns, quota: Quota, size: int = 0) -> ShareJob:
    """Shares a notebook of ada's, of so many bytes."""
    content = '{"cells": []}'.ljust(size)

    async def share() -> ShareJob:
        queue = ShareQueue(Shelf(shelf), Pins(), reruns, "sandbox/notebook:1", quota)
        job = queue.add("ada", {"path": "late.ipynb", "content": content})
        await asyncio.gather(*queue._tasks)
        return job

    return asyncio.run(share())


@pytest.mark.parametrize(
    ("free", "content", "output", "runs"),
    [(1 * MB, 2 * MB, 0, 0), (3 * MB, 2 * MB, 2 * MB, 1)],
    ids=["the notebook is too much, so nobody runs it", "what came out is too much"],
)
def test_what_there_is_no_room_for_is_not_on_the_shelf(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, free: int, content: int, output: int, runs: int
) -> None:
    reruns = Reruns(output)

    job = shared(tmp_path, reruns, quota(LIMIT - free), content)

    assert job.state == "failed"
    assert "of ada hold 10" in job.message
    assert "may hold 1.0 GiB" in job.message
    assert not list(tmp_path.iterdir())
    assert reruns.runs == runs
    assert errors(caplog) == []


def test_what_there_is_room_for_is_shared(tmp_path: Path) -> None:
    assert shared(tmp_path, Reruns(MB), quota(LIMIT - 3 * MB), MB).state == "done"


def test_a_refusal_names_sizes_limit_and_the_way_out() -> None:
    with pytest.raises(QuotaExceededError) as refused:
        quota(0).check("ada", 1020 * MB, 5 * MB)

    assert str(refused.value) == (
        "home, ~/team, shared notebooks and S3 of ada hold 1020.0 MiB, this takes 5.0 MiB more, and "
        "they may hold 1.0 GiB. "
        "Delete in home, in ~/team/ada or below s3://scratch/users/ada/ what is not needed, then share it again; "
        "shared notebooks are removed by `./sandbox unshare`, on the host"
    )


@pytest.mark.parametrize("error", [OSError("docker-api is away"), TimeoutError(), ValueError("no sizes")])
def test_sizes_that_can_not_be_known_stop_nobody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    assert shared(tmp_path, Reruns(0), quota(error)).state == "done"
    assert "how much ada holds of the disk is not known" in caplog.text


def test_the_shelfs_service_adds_up_what_the_guard_does(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = service_environment(config, "shelf.service")
    for name, value in {**environment, "SANDBOX_HOME_LIMIT": "1m"}.items():
        monkeypatch.setenv(name, value)
    file = tmp_path / "published/ada/late/v1/late.ipynb"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"x" * 7)

    async def engine() -> tuple[dict[str, int], dict[str, int]]:
        return {"ada": 100}, {}

    monkeypatch.setattr(quotas, "read_secret", lambda _: "the-hubs-own-key")
    monkeypatch.setattr(quotas.docker_api, "disk_usage", engine)
    monkeypatch.setattr(quotas, "in_s3", lambda endpoint, region, key: {"ada": 1000})
    found = quotas.quota_from_env(tmp_path)

    assert asyncio.run(found.used("ada")) % FILE_BYTES == 1107
    found.check("ada", 0, MB)
    with pytest.raises(QuotaExceededError):
        found.check("ada", 1, MB)

    assert {"DOCKER_HOST", "SANDBOX_HOME_LIMIT"} <= environment.keys()


class StartedError(Exception):
    """Ends the service where it would begin to serve."""


def test_the_service_shares_by_it(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    def queue(*given: Any) -> None:
        raise StartedError(given[-1])

    for name, value in service_environment(config, "shelf.service").items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(service, "quota_from_env", lambda root: f"quota on {root}")
    monkeypatch.setattr(service, "ShareQueue", queue)

    with pytest.raises(StartedError, match=r"quota on /srv/team$"):
        asyncio.run(service.main())
