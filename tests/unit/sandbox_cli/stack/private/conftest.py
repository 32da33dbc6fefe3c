"""An imported run in a stack's store, and an empty private store beside it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
from spark_etl.debugging.trust import trust
from spark_etl.reading import Run, Runs
from spark_etl.store import FeatureInputs, ObjectRecord, RunInputs, SourceRecord, StoredRun, source_path

from tests.support.fake_s3 import FakeS3, fake_s3

ID = "20240229T101112Z-7f3a2c"
SCRATCH = "s3a://scratch"
ROOT = f"{SCRATCH}/elsewhere/shop/{ID}"
ORDERS = "s3a://published/orders/v1/_dt=2024-02-29/part-0.parquet"
CODE = b"an archive"
SHA = hashlib.sha256(CODE).hexdigest()
COMES_FROM = {"from": f"{SCRATCH}/sandbox/shop/{ID}", "bundle": "b" * 64, "at": "now", "by": "ada", "kind": "run"}


@dataclass
class World:
    """Both stores.

    Attributes:
        stack: The stack's.
        private: The place's.
        session: As much of a session as copying needs.
        store: As much of a `PrivateStore`.
        allowed: What the driver's key was made for.
    """

    stack: FakeS3
    private: FakeS3
    session: Any
    store: Any
    allowed: list[tuple[str, list[str]]]

    @property
    def run(self) -> Run:
        return Runs(SCRATCH, self.stack.settings)[ROOT]

    def source(self, original: str, content: bytes, etag: str | None) -> list[Any]:
        """Puts an object that came with the run; returns its line in the list of them."""
        path = source_path(original)
        self.stack.put(f"{ROOT}/{path}", content)
        return [original, path, len(content), hashlib.sha256(content).hexdigest(), etag]


@pytest.fixture
def world() -> Iterator[World]:
    with fake_s3() as stack, fake_s3() as private:
        stack.buckets |= {"scratch", "published"}
        allowed: list[tuple[str, list[str]]] = []
        store = SimpleNamespace(
            client=private.client(),
            settings=private.settings,
            make_buckets=private.buckets.update,
            allow=lambda run, buckets: allowed.append((run, buckets)),
        )
        session = SimpleNamespace(engine=None, store=stack, runs=Runs(SCRATCH, stack.settings))
        found = World(stack, private, session, store, allowed)
        _import_run(found)
        yield found


def _import_run(world: World) -> None:
    stored = StoredRun(ROOT, world.stack.settings)
    document: dict[str, Any] = stored.new_document(
        kind="imported", status="failed", imported=COMES_FROM, start_date="2024-02-29", end_date="2024-02-29"
    ).to_json()
    document |= {"code": {"sha256": SHA, "files": 1, "bytes": 10, "left_out": {}}}
    world.stack.put(f"{ROOT}/run.json", json.dumps(document).encode())
    world.stack.put(f"{SCRATCH}/elsewhere/shop/_code/{SHA}.zip", CODE)
    world.stack.put(f"{ROOT}/net/part-0.parquet", b"x" * 30, b"y", is_plain=False)
    world.stack.put(f"{SCRATCH}/elsewhere/shop/20240301T101112Z-aaaaaa/run.json", b"{}")
    etag = f"{'e' * 32}-2"
    sources = [
        world.source(ORDERS, b"orders", etag),
        world.source("s3://lake/rates.csv", b"rates", None),
        world.source("file:///home/ada/rates.csv", b"mine", None),
    ]
    world.stack.put(f"{ROOT}/_sources.json", json.dumps({"format": 1, "objects": sources}).encode())
    read = SourceRecord(
        "orders", (ObjectRecord(ORDERS, 6, etag), ObjectRecord("s3a://published/gone.parquet", 1, "1" * 32))
    )
    stored.write_inputs(RunInputs({"net": FeatureInputs({"orders": read, "prices": "prices"}, {"hash": "h"})}))
    trust(world.run, SCRATCH, "grace")
