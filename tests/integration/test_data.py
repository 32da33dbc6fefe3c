"""Data of one's own: into the real store and out of it, as it is or as a snapshot that a source reads."""

from __future__ import annotations

import base64
import os
import signal
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import httpx
import pytest
from pyarrow import parquet
from spark_etl.dates import DateRange
from spark_etl.parquet import filesystem_for
from spark_etl.sources import S3PublishedSource
from spark_etl.storage import S3Settings, storage_for

from tests.support.hub import HubClient
from tests.support.s3 import keys_of
from tests.support.sandbox import Sandbox, until

BASE = "s3a://published/own-data"
DAY = date(2024, 2, 29)
CSV = "order_id,amount,day,zip\n1,2.50,2024-02-29,00123\n2,n/a,2024-02-29,10000\n"
LARGE = 3 << 30  # longer than the second in which it is interrupted, and sparse on this disk


@pytest.fixture
def settings(stack: Sandbox) -> Iterator[S3Settings]:
    """The store with its runner's keys; what these tests have put there goes again."""
    access, secret = keys_of(stack, "runner")
    found = S3Settings(f"http://127.0.0.1:{stack.port('s3')}", "us-east-1", access, secret)
    yield found
    storage_for(BASE, found).clear(BASE)


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    path = tmp_path / "orders.csv"
    path.write_text(CSV)
    return path


def test_a_csv_becomes_a_snapshot_that_the_source_finds(
    stack: Sandbox, settings: S3Settings, orders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = ["data", "put", str(orders), BASE, "--as-snapshot", "orders", "--date", str(DAY)]
    made = stack(*line, "--type", "amount=decimal(12,2)", "--null", "n/a", "--json").json
    assert made["snapshot"]["columns"] == {
        "order_id": "bigint",
        "amount": "decimal(12,2)",
        "day": "date",
        "zip": "string",
    }
    assert "already" in stack(*line, code=2).err

    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", str(settings.endpoint))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", str(settings.access_key))
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", str(settings.secret_key))
    found = S3PublishedSource(f"{BASE}/", "orders").inputs(DateRange(DAY, DAY))
    filesystem, inner = filesystem_for(found[0].path, settings)
    rows = parquet.read_table(inner, filesystem=filesystem, partitioning=None).to_pylist()
    read = [(row["order_id"], str(row["amount"]), row["zip"]) for row in rows]
    assert read == [(1, "2.50", "00123"), (2, "None", "10000")]
    assert stack("data", "head", f"{BASE}/orders", "--json").json["total"] == 2


def test_bytes_come_back_as_they_went_and_go_when_they_are_told_to(
    stack: Sandbox, settings: S3Settings, tmp_path: Path
) -> None:
    content = {"a.bin": os.urandom(12 << 20), "sub/odd name [1].csv": CSV.encode()}  # one in parts, one not
    for name, written in content.items():
        (tmp_path / "mine" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "mine" / name).write_bytes(written)
    assert stack("data", "put", str(tmp_path / "mine"), f"{BASE}/raw", "--json").json["bytes"] == sum(
        map(len, content.values())
    )
    assert [entry["name"] for entry in stack("data", "ls", f"{BASE}/raw", "--json").json["entries"]] == ["a.bin", "sub"]

    stack("data", "get", f"{BASE}/raw", str(tmp_path / "back"))
    assert {name: (tmp_path / "back" / name).read_bytes() for name in content} == content

    assert "--yes" in stack("data", "rm", f"{BASE}/raw", code=2).err
    assert len(stack("data", "rm", f"{BASE}/raw", "--yes", "--json").json["deleted"]) == 2
    assert "nothing lies at" in stack("data", "ls", f"{BASE}/raw", code=2).err


def test_ctrl_c_leaves_no_object_and_no_parts(stack: Sandbox, settings: S3Settings, tmp_path: Path) -> None:
    large = tmp_path / "large.bin"
    with large.open("wb") as file:
        file.truncate(LARGE)
    store = storage_for(BASE, settings)
    with stack.running("data", "put", str(large), f"{BASE}/large/") as process:
        until(lambda: list(store.uploads(f"{BASE}/large")), within=30, what="the upload has begun")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == 130
    assert list(store.walk(f"{BASE}/large")) == []
    assert list(store.uploads(f"{BASE}/large")) == []


def test_a_user_has_a_place_from_the_first_login(
    stack: Sandbox, settings: S3Settings, orders: Path, engineer: HubClient
) -> None:
    engineer.start_server()
    entries = stack("data", "ls", "--user", "engineer", "--json").json["entries"]
    assert "README.md" in [entry["name"] for entry in entries]

    path = stack("data", "put", str(orders), "own/", "--user", "engineer").out.strip()
    assert path == "s3a://scratch/users/engineer/own/orders.csv"
    stack("data", "rm", "own", "--user", "engineer", "--yes")


def test_files_are_dropped_on_the_s3_browser_in_ones_own_place_alone(
    stack: Sandbox, settings: S3Settings, engineer: HubClient
) -> None:
    engineer.start_server()
    content = os.urandom(2_500_000)
    chunks = {1: content[: 1 << 20], 2: content[1 << 20 : 2 << 20], -1: content[2 << 20 :]}

    def drop(path: str, chunk: int | None, part: bytes) -> httpx.Response:
        body = {"path": path, "chunk": chunk, "content": base64.b64encode(part).decode()}
        headers = {"Authorization": f"token {engineer.token()}"}
        return engineer.http.post("/user/engineer/sandbox/upload", json=body, headers=headers)

    own = "scratch/users/engineer/dropped.bin"
    try:
        assert [drop(own, chunk, part).status_code for chunk, part in chunks.items()] == [200, 200, 200]
        assert storage_for(BASE, settings).read(f"s3a://{own}") == content
    finally:
        stack("data", "rm", "dropped.bin", "--user", "engineer", "--yes")
    for path in ("published/x.csv", "scratch/users/admin/x.csv", "scratch/team/x.csv"):
        refused = drop(path, None, b"x")
        assert refused.status_code == 403
        assert "scratch/users/engineer/" in refused.json()["hint"]
