"""What is kept of a private store, which code of somebody else has written: replays, marked as such."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from spark_etl.debugging.trust import NotTrustedError, is_imported, refuse_untrusted
from spark_etl.reading import Runs

from sandbox_cli.console import Console
from sandbox_cli.stack.private import collecting
from sandbox_cli.stack.private.collecting import collect
from tests.unit.sandbox_cli.stack.private.conftest import ID, ROOT, SCRATCH, World

MADE = "20240302T101112Z-bbbbbb"
PIPELINE = f"{SCRATCH}/elsewhere/shop"
VERDICT = {"answer": "fails in the same way", "of": f"{ID}/net"}


@pytest.fixture
def console(monkeypatch: pytest.MonkeyPatch) -> Console:
    found = Console(plain=True)
    monkeypatch.setattr(found, "warn", warnings.append)
    warnings.clear()
    return found


warnings: list[str] = []


def write(world: World, name: str = MADE, **known: Any) -> None:
    """Lets code in the place write a run."""
    replay = {"run": "x", "path": "s3a://scratch/team/real/run", "feature": "net", "code": "own", "verdict": VERDICT}
    document = {
        "format": 2, "kind": "replay", "status": "failed", "team": "sandbox", "pipeline": "revenue", "order": [],
        "features": {}, "start_date": "", "end_date": "", "path": f"{SCRATCH}/sandbox/revenue/{name}", "replay": replay,
        "config": {"spark": {"spark.plugins": "evil.Plugin"}},
    } | known  # fmt: skip
    world.private.put(f"{PIPELINE}/{name}/run.json", json.dumps(document).encode())
    world.private.put(f"{PIPELINE}/{name}/net/part-0.parquet", b"rows")
    world.private.put(f"{PIPELINE}/{name}/run.log", b"log")


def collected(world: World, console: Console) -> list[str]:
    return collect(console, world.session, world.store, world.run)


def test_a_replay_is_kept_as_one_of_the_run_wherever_it_says_that_it_belongs(world: World, console: Console) -> None:
    write(world)

    assert collected(world, console) == [f"{PIPELINE}/{MADE}"]

    run = Runs(SCRATCH, world.stack.settings)[f"{PIPELINE}/{MADE}"]
    assert (run.path, run.document.team, run.document.pipeline) == (f"{PIPELINE}/{MADE}", "elsewhere", "shop")
    assert run.kind == "replay"
    replay = run.document.replay
    assert replay is not None
    assert (replay.path, replay.feature, replay.verdict) == (ROOT, "net", VERDICT)
    assert run.log == "log"
    assert world.stack.objects[f"scratch/elsewhere/shop/{MADE}/net/part-0.parquet"].content == b"rows"
    assert any(f"{MADE}~failed" in name for name in world.stack.objects), "lists find it"


def test_what_it_carries_is_trusted_no_more_than_the_run(world: World, console: Console) -> None:
    write(world)
    collected(world, console)

    run = Runs(SCRATCH, world.stack.settings)[f"{PIPELINE}/{MADE}"]
    assert is_imported(run)
    with pytest.raises(NotTrustedError):
        refuse_untrusted(run, SCRATCH)


@pytest.mark.parametrize(
    ("known", "why"),
    [
        ({"kind": "run"}, "no replay"),
        ({"kind": "imported"}, "no replay"),
        ({"replay": None}, "no replay"),
        ({"format": "x"}, "no replay"),
    ],
)
def test_nothing_else_is_kept(world: World, console: Console, known: dict[str, Any], why: str) -> None:
    write(world, **known)
    before = dict(world.stack.objects)

    assert collected(world, console) == []
    assert world.stack.objects == before
    assert why in warnings[0]


def test_no_run_of_the_stack_is_written_over(world: World, console: Console) -> None:
    write(world, "20240301T101112Z-aaaaaa")  # which is there
    write(world, ID)  # the run itself
    world.private.put(f"{SCRATCH}/_trust/x.json", b"trust me")
    before = dict(world.stack.objects)

    assert collected(world, console) == []
    assert world.stack.objects == before
    assert "a run of that id already" in warnings[0]


def test_what_was_there_before_is_not_looked_at(world: World, console: Console) -> None:
    """A source may have read a checkpoint of another run of the pipeline."""
    world.private.put(f"{PIPELINE}/{MADE}/orders/part-0.parquet", b"rows")
    before = collecting.runs_beside(world.store, world.run)
    assert before == {f"{PIPELINE}/{MADE}"}
    assert collect(console, world.session, world.store, world.run, before) == []
    assert warnings == []


def test_there_is_a_bound(world: World, console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    write(world)
    monkeypatch.setattr(collecting, "MOST_OBJECTS", 2)
    assert collected(world, console) == []
    assert "more than is kept of a replay (2 objects" in warnings[0]


@pytest.mark.parametrize("is_right", [True, False])
def test_code_is_kept_if_it_is_what_its_name_says(world: World, console: Console, is_right: bool) -> None:
    sha = hashlib.sha256(b"mended").hexdigest()
    write(world, code={"sha256": sha, "files": 1, "bytes": 6, "left_out": {}})
    world.private.put(f"{PIPELINE}/_code/{sha}.zip", b"mended" if is_right else b"other")

    assert collected(world, console) == [f"{PIPELINE}/{MADE}"]
    assert (f"scratch/elsewhere/shop/_code/{sha}.zip" in world.stack.objects) is is_right


def test_a_replay_that_is_kept_neither_runs_nor_publishes(world: World, console: Console) -> None:
    elsewhere = {"state": "reused", "reused_from": "s3a://scratch/users/bob/own/run"}
    own = {"state": "reused", "reused_from": ROOT}
    features = {"net": {"state": "failed"}, "orders": elsewhere, "rates": own}
    write(world, status="running", features=features, order=list(features), graph={name: [] for name in features})
    for name in ("_heartbeat.json", "_publish.json"):
        world.private.put(f"{PIPELINE}/{MADE}/{name}", b"{}")

    collected(world, console)

    run = Runs(SCRATCH, world.stack.settings)[f"{PIPELINE}/{MADE}"]
    assert run.status == "interrupted"
    assert {name: feature.reused_from for name, feature in run.features.items()} == {
        "net": None, "orders": None, "rates": ROOT
    }  # fmt: skip
    assert not [name for name in world.stack.objects if name.endswith(("_heartbeat.json", "_publish.json"))]
