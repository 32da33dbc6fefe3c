"""What takes how much of the engine's disk, and when `up` warns of it."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from minio.error import S3Error

from sandbox_cli.errors import StackError
from sandbox_cli.settings import Settings
from sandbox_cli.stack import disk, services
from sandbox_cli.stack.disk import Space
from sandbox_cli.stack.engine import answers, capacity
from sandbox_cli.stack.services import StackContainer
from sandbox_cli.stack.session import Session

GB = 1_000_000_000
USED = {
    "LayersSize": 1000,
    "Images": [
        {"RepoTags": ["sandbox/hub:1a"], "Size": 500, "SharedSize": 300},
        {"RepoTags": ["sandbox/spark:2b", "sandbox/spark:3c"], "Size": 700, "SharedSize": 300},
        {"RepoTags": ["sandbox/hub:0f"], "Size": 310, "SharedSize": 300},
        {"RepoTags": ["postgres:16"], "Size": 90, "SharedSize": 0},
        {"RepoTags": None, "Size": 10, "SharedSize": -1},
    ],
    "Volumes": [
        {"Name": "demo_s3-data", "UsageData": {"Size": 5000}},
        {"Name": "demo_team", "UsageData": {"Size": 40}},
        {"Name": "demo_secrets-hub", "UsageData": {"Size": 4}},
        {"Name": "demo-home-ada", "UsageData": {"Size": 60}},
        {"Name": "demo_private-12ab-data", "UsageData": {"Size": 9}},
        {"Name": "other-home-ada", "UsageData": {"Size": 70}},
        {"Name": "0123abcd", "UsageData": None},
    ],
    "BuildCache": [{"Size": 200, "Shared": False}, {"Size": 300, "Shared": True}],
}
OBJECTS = {
    "published": [("orders/_dt=1/a.parquet", 100), ("orders/_dt=2/a.parquet", 11), ("top.csv", 2)],
    "scratch": [
        ("shop/revenue/20240229T101112Z-7f3a2c/run.json", 10),
        ("shop/revenue/20240229T101112Z-7f3a2c/orders/a.parquet", 1000),
        ("shop/billing/20240229T101112Z-7f3a2d/run.json", 7),
        ("users/ada/mine/20240229T101112Z-7f3a2e/run.json", 30),
        ("_trust/0123.json", 3),
    ],
    "events": [("logs/app-1", 8)],
}


def session_of(store: dict[str, Any] | None = None, used: dict[str, Any] | None = None) -> Session:
    """Returns a session whose engine and store say this."""

    def sizes(bucket: str) -> Iterator[tuple[str, int]]:
        found = (OBJECTS if store is None else store)[bucket]
        if isinstance(found, Exception):
            raise found
        yield from found

    client = SimpleNamespace(df=lambda: USED if used is None else used)
    known = SimpleNamespace(
        engine=SimpleNamespace(client=client), settings=Settings(stack="demo"), store=SimpleNamespace(sizes=sizes)
    )
    return cast("Session", known)


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capacity, "disk", lambda engine: (30 * GB, 100 * GB))


@pytest.mark.usefixtures("seen")
def test_each_part_has_its_owner_and_the_largest_comes_first() -> None:
    found = disk.measure(session_of(), with_store=True)
    assert (found.free, found.total) == (30 * GB, 100 * GB)
    assert list(found.parts) == [
        Space("runs", "shop/revenue", 1010),
        Space("image", "sandbox/spark", 400),
        Space("layers that images share", "", 290),
        Space("image", "sandbox/hub", 210),
        Space("Docker's build cache", "", 200),
        Space("published data", "orders", 111),
        Space("images of others", "", 100),
        Space("volumes of other stacks and programs", "", 70),
        Space("home", "ada", 60),
        Space("shelf: shared notebooks and their versions", "", 40),
        Space("runs of a user", "ada", 30),
        Space("replays of imported code, at work or killed", "", 9),
        Space("Spark's event logs", "", 8),
        Space("runs", "shop/billing", 7),
        Space("records", "_trust", 3),
        Space("published data", "", 2),
    ]


@pytest.mark.usefixtures("seen")
def test_of_a_store_that_is_down_only_its_size_is_known() -> None:
    found = disk.measure(session_of({}), with_store=False)
    assert Space("S3 store", "", 5000) in found.parts
    assert not [part for part in found.parts if part.what.startswith("runs")]


@pytest.mark.usefixtures("seen")
def test_a_store_that_stops_answering_is_named() -> None:
    error = S3Error(None, "SlowDown", "try later", "/", "1", "2")
    with pytest.raises(StackError, match="MinIO does not list what it holds"):
        disk.measure(session_of({"published": error}), with_store=True)


@pytest.mark.usefixtures("seen")
def test_an_engine_that_has_nothing_yet_is_no_error() -> None:
    nothing = {"LayersSize": 0, "Images": None, "Volumes": None, "BuildCache": None}
    store: dict[str, Any] = {"published": [], "scratch": [], "events": []}
    assert list(disk.measure(session_of(store, nothing), with_store=True).parts) == []


@pytest.mark.parametrize(
    ("state", "code", "output", "space"),
    [
        ("running", 0, b"     Avail     1B-blocks\n 9000000000 50000000000\n", (9 * GB, 50 * GB)),
        ("running", 1, b"df: /data: no such file", (None, None)),
        ("running", 0, b"", (None, None)),
        ("exited", 0, b"     Avail     1B-blocks\n 9000000000 50000000000\n", (None, None)),
    ],
)
def test_the_disk_of_a_virtual_machine_is_seen_from_minio(
    monkeypatch: pytest.MonkeyPatch, state: str, code: int, output: bytes, space: tuple[int | None, int | None]
) -> None:
    monkeypatch.setattr(capacity, "disk", lambda engine: None)
    minio = StackContainer("id", "demo-minio-1", "minio", state, "healthy", "Up 3 minutes")
    monkeypatch.setattr(services, "containers", lambda engine, settings: [minio])
    container = SimpleNamespace(exec_run=lambda command: (code, output))
    monkeypatch.setattr(answers, "container", lambda engine, name: container)
    assert disk.space(session_of()) == space


@pytest.mark.parametrize(("free", "warns"), [(9.9, True), (10.0, False), (None, False)])
def test_up_warns_before_the_disk_is_full(monkeypatch: pytest.MonkeyPatch, free: float | None, warns: bool) -> None:
    monkeypatch.setattr(disk, "space", lambda session: (None if free is None else int(free * GB), 100 * GB))
    said = disk.warning(session_of())
    assert (said is not None) == warns
    if said:
        assert "9.9 GB free" in said
        assert "sandbox status --disk" in said
        assert "sandbox gc" in said
