"""What a private store is given: one run and what it had read, where the run looks for it, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from spark_etl.debugging.trust import is_trusted
from spark_etl.reading import Runs
from spark_etl.store import ObjectRecord, SourceRecord, StoredRun

from sandbox_cli.errors import UsageError
from sandbox_cli.stack.private.loading import load
from tests.unit.sandbox_cli.stack.private.conftest import ORDERS, ROOT, SCRATCH, SHA, World


def orders_of(world: World) -> tuple[ObjectRecord, ...]:
    """Returns what the run says in the private store that it had read."""
    inputs = StoredRun(ROOT, world.private.settings).inputs()
    assert inputs is not None
    read = inputs.features["net"].sources["orders"]
    assert isinstance(read, SourceRecord)
    return read.objects


def bring(world: World, *sources: list[Any]) -> None:
    """Makes these the objects that came with the run."""
    world.stack.put(f"{ROOT}/_sources.json", json.dumps({"format": 1, "objects": sources}).encode())


def test_the_run_lies_where_it_lay_and_its_sources_where_they_were_read(world: World) -> None:
    loaded = load(world.session, world.store, world.run)

    paths = world.private.paths()
    assert {f"{ROOT}/run.json", f"{ROOT}/net/part-0.parquet", f"{SCRATCH}/elsewhere/shop/_code/{SHA}.zip"} <= paths
    assert world.private.objects["published/orders/v1/_dt=2024-02-29/part-0.parquet"].content == b"orders"
    assert world.private.objects["lake/rates.csv"].content == b"rates"
    assert not [path for path in paths if "aaaaaa" in path or "/_sources/" in path], "no other run, nothing twice"
    assert loaded.objects == len(world.private.objects)
    assert loaded.elsewhere == ("file:///home/ada/rates.csv",)
    assert world.allowed == [(ROOT, ["lake", "published", "scratch"])]


def test_the_run_is_trusted_there_as_it_is_here(world: World) -> None:
    load(world.session, world.store, world.run)

    assert is_trusted(Runs(SCRATCH, world.private.settings)[ROOT], SCRATCH)


def test_what_was_read_has_the_etags_of_that_store_where_it_is_the_version_that_came_along(world: World) -> None:
    before = {name: item.content for name, item in world.stack.objects.items()}
    load(world.session, world.store, world.run)

    here = world.private.objects["published/orders/v1/_dt=2024-02-29/part-0.parquet"].etag
    assert orders_of(world) == (
        ObjectRecord(ORDERS, 6, here),
        ObjectRecord("s3a://published/gone.parquet", 1, "1" * 32),
    )
    inputs = StoredRun(ROOT, world.private.settings).inputs()
    assert inputs is not None
    assert inputs.features["net"].cache_key == {"hash": "h"}
    assert {name: item.content for name, item in world.stack.objects.items()} == before, "the stack's own stays"


def test_a_source_that_came_in_another_version_is_not_taken_for_the_one_that_was_read(world: World) -> None:
    bring(world, world.source(ORDERS, b"other!", "f" * 32))
    load(world.session, world.store, world.run)

    assert orders_of(world)[0].etag == f"{'e' * 32}-2"


def test_checkpoints_come_along(world: World) -> None:
    load(world.session, world.store, world.run)

    name = f"{ROOT.removeprefix('s3a://')}/net/part-0.parquet"
    assert world.private.objects[name].content == world.stack.objects[name].content


@pytest.mark.parametrize("original", ["s3a://UPPER/x", "s3a://a/x", "s3a://bucket name/x"])
def test_a_bucket_that_none_can_be_is_named(world: World, original: str) -> None:
    bring(world, world.source(original, b"", None))
    with pytest.raises(UsageError, match="no store has a bucket of that name"):
        load(world.session, world.store, world.run)


def test_a_part_of_a_sources_rows_has_the_size_that_it_has(world: World) -> None:
    bring(world, world.source(ORDERS, b"few", f"{'e' * 32}-2"))
    load(world.session, world.store, world.run)

    assert orders_of(world)[0].bytes == 3


@pytest.mark.parametrize(
    "original",
    [
        f"{ROOT}/run.json",
        f"s3://{ROOT[6:]}/net/part-0.parquet",
        f"{SCRATCH}/elsewhere/shop/_code/{SHA}.zip",
        f"{SCRATCH}/_trust/x.json",
    ],
)
def test_no_source_takes_the_place_of_what_was_trusted(world: World, original: str) -> None:
    bring(world, world.source(original, b"something else", None))
    with pytest.raises(UsageError, match="a part of the run"):
        load(world.session, world.store, world.run)
    assert not world.private.objects


def test_a_source_may_have_read_another_run_of_the_pipeline(world: World) -> None:
    bring(world, world.source(f"{SCRATCH}/elsewhere/shop/20240228T101112Z-aaaaaa/net/part-0.parquet", b"rows", None))
    load(world.session, world.store, world.run)
    assert f"{SCRATCH}/elsewhere/shop/20240228T101112Z-aaaaaa/net/part-0.parquet" in world.private.paths()
