"""An author publishes no more than a user may hold, since no user can delete what is published."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from sandbox_hub.shelf import room as rooms
from sandbox_hub.shelf import service
from sandbox_hub.shelf.data import Data
from sandbox_hub.shelf.jobs import Job, Jobs
from sandbox_hub.shelf.rerun import Again, Rerun
from sandbox_hub.shelf.room import NoRoomError, Room
from sandbox_hub.shelf.store import Record, Shelf
from traitlets.config import Config

from tests.unit.hub.conftest import errors

MB = 1024**2
LIMIT = 1024 * MB


class Reruns(Rerun):
    """A server that is asked for nothing but outputs of a size."""

    def __init__(self, output: int) -> None:
        super().__init__("http://hub", "token", "keeper")
        self._output, self.runs = output, 0

    async def run(self, notebook: bytes, tell: Any) -> Again:
        del tell
        self.runs += 1
        return Again({**json.loads(notebook), "output": "x" * self._output}, "reproduces", 1.0)


class Pins(Data):
    """A store that takes every pin."""

    def __init__(self) -> None:
        super().__init__("http://minio:9000", "us-east-1", lambda _: pytest.fail("not asked"), "keeper")

    def pin(self, record: Record) -> str:
        return f"s3a://{record.name}"


def room(held: int | Exception) -> Room:
    """Room for ada, who holds so much."""

    async def sizes() -> dict[str, int]:
        if isinstance(held, Exception):
            raise held
        return {"ada": held, "bob": 5 * LIMIT}

    return Room(sizes, LIMIT)


def published(shelf: Path, reruns: Reruns, room: Room, size: int = 0) -> Job:
    """Publishes a notebook of ada's, of so many bytes."""
    content = '{"cells": []}'.ljust(size)

    async def publish() -> Job:
        jobs = Jobs(Shelf(shelf), Pins(), reruns, "sandbox/notebook:1", room)
        job = jobs.add("ada", {"path": "late.ipynb", "content": content})
        await asyncio.gather(*jobs._tasks)
        return job

    return asyncio.run(publish())


@pytest.mark.parametrize(
    ("free", "content", "output", "runs"),
    [(1 * MB, 2 * MB, 0, 0), (3 * MB, 2 * MB, 2 * MB, 1)],
    ids=["the notebook is too much, so nobody runs it", "what came out is too much"],
)
def test_what_there_is_no_room_for_is_not_on_the_shelf(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, free: int, content: int, output: int, runs: int
) -> None:
    reruns = Reruns(output)

    job = published(tmp_path, reruns, room(LIMIT - free), content)

    assert job.state == "failed"
    assert "of ada hold 10" in job.told
    assert "may hold 1.0 GB" in job.told
    assert not list(tmp_path.iterdir())
    assert reruns.runs == runs
    assert errors(caplog) == []


def test_what_there_is_room_for_is_published(tmp_path: Path) -> None:
    assert published(tmp_path, Reruns(MB), room(LIMIT - 3 * MB), MB).state == "done"


def test_a_refusal_names_sizes_limit_and_the_way_out() -> None:
    with pytest.raises(NoRoomError) as refused:
        room(0).check("ada", 1020 * MB, 5 * MB)

    assert str(refused.value) == (
        "home, ~/team, published notebooks and S3 of ada hold 1020 MB, this takes 5 MB more, and they may hold 1.0 GB. "
        "Delete in home, in ~/team/ada or below s3://scratch/users/ada/ what is not needed, then publish again; "
        "published notebooks go by `./sandbox unpublish`, on the host"
    )


@pytest.mark.parametrize("error", [OSError("docker-api is away"), TimeoutError(), ValueError("no sizes")])
def test_sizes_that_can_not_be_known_stop_nobody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    assert published(tmp_path, Reruns(0), room(error)).state == "done"
    assert "how much ada holds of the disk is not known" in caplog.text


def test_the_shelfs_service_adds_up_what_the_guard_does(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (shelf,) = [one for one in config.JupyterHub.services if one["name"] == "shelf"]
    for name, value in {**shelf["environment"], "SANDBOX_HOME_LIMIT": "1m"}.items():
        monkeypatch.setenv(name, value)
    file = tmp_path / "published/ada/late/v1/late.ipynb"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"x" * 7)

    async def engine() -> dict[str, int]:
        return {"ada": 100}

    monkeypatch.setattr(rooms, "secret", lambda _: "the-hubs-own-key")
    monkeypatch.setattr(rooms.docker_api, "disk", engine)
    monkeypatch.setattr(rooms, "in_s3", lambda endpoint, region, key: {"ada": 1000})
    found = rooms.of_this_hub(tmp_path)

    assert asyncio.run(found.held("ada")) == 1107
    found.check("ada", 0, MB)
    with pytest.raises(NoRoomError):
        found.check("ada", 1, MB)

    assert {"DOCKER_HOST", "SANDBOX_HOME_LIMIT"} <= shelf["environment"].keys()


class StartedError(Exception):
    """Ends the service where it would begin to serve."""


def test_the_service_publishes_by_it(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    def jobs(*given: Any) -> None:
        raise StartedError(given[-1])

    (shelf,) = [one for one in config.JupyterHub.services if one["name"] == "shelf"]
    own = {"JUPYTERHUB_SERVICE_URL": shelf["url"], "JUPYTERHUB_API_TOKEN": "its-token"}
    for name, value in {**shelf["environment"], **own}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(rooms, "of_this_hub", lambda root: f"room on {root}")
    monkeypatch.setattr(service, "Jobs", jobs)

    with pytest.raises(StartedError, match=r"room on /srv/team$"):
        asyncio.run(service.main())
