"""What is kept of a private store, which code of somebody else has written: replays, marked as such."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pyarrow as pa
import pytest
from pyarrow import parquet
from spark_etl.bundles import returned
from spark_etl.bundles.footers import check_footers
from spark_etl.code.archive import make_archive
from spark_etl.debugging.trust import NotTrustedError, is_imported, refuse_untrusted
from spark_etl.reading import Runs
from spark_etl.store import DataFile, Manifest, StoredRun, manifest_at
from spark_etl.store.bundle import as_written

from sandbox_cli.console import Console
from sandbox_cli.errors import StackError
from sandbox_cli.stack.private import collecting, room
from sandbox_cli.stack.private.collecting import Collected, collect
from tests.unit.sandbox_cli.stack.private.conftest import ID, ROOT, SCRATCH, World

MADE, LATER = "20240302T101112Z-bbbbbb", "20240302T111112Z-cccccc"
FILE = "part-00000.parquet"
PIPELINE = f"{SCRATCH}/elsewhere/shop"
VERDICT = {"answer": "fails in the same way", "of": f"{ID}/net"}


Change = Callable[[dict[str, Any]], None]


@pytest.fixture
def console(monkeypatch: pytest.MonkeyPatch) -> Console:
    monkeypatch.setattr(room, "refuse_full", lambda _engine, _size: None)
    monkeypatch.setattr(returned, "check_footers", lambda *_: None)
    return Console(plain=True)


@pytest.fixture
def footers(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parquet is looked at in a process of its own, which takes a second."""
    monkeypatch.setattr(returned, "check_footers", check_footers)


def rows(values: Sequence[int] = (1, 2, 3)) -> bytes:
    content = BytesIO()
    parquet.write_table(pa.table({"id": pa.array(values, pa.int64())}), content)
    return content.getvalue()


def write(world: World, name: str = MADE, **known: Any) -> None:
    """Lets code in the place write a run with rows of `orders`, which failed at `net`."""
    replay = {"run": "x", "path": "s3a://scratch/team/real/run", "feature": "net", "code": "own", "verdict": VERDICT}
    content = rows()
    features = {"orders": {"state": "succeeded", "rows": 3, "bytes": len(content)}, "net": {"state": "failed"}}
    document = {
        "format": 2, "kind": "replay", "status": "failed", "team": "sandbox", "pipeline": "revenue",
        "order": ["orders", "net"], "graph": {"orders": [], "net": ["orders"]}, "features": features, "start_date": "",
        "end_date": "", "path": f"{SCRATCH}/sandbox/revenue/{name}", "replay": replay,
        "config": {"spark": {"spark.plugins": "evil.Plugin"}},
    } | known  # fmt: skip
    world.private.put(f"{PIPELINE}/{name}/run.json", json.dumps(document).encode())
    world.private.put(f"{PIPELINE}/{name}/orders/{FILE}", content)
    world.private.put(f"{PIPELINE}/{name}/run.log", b"log")
    file = DataFile(FILE, 3, len(content), "e" * 32)
    manifest = Manifest("orders", name, {"id": "bigint"}, {}, 3, len(content), [file], {}, {}, "2024-03-02T10:11:12Z")
    StoredRun(f"{PIPELINE}/{name}", world.private.settings).write_manifest("orders", manifest)
    report = {"message": "division by zero", "inputs": {"orders": "orders", "rates": f"{ROOT}/rates"}, "not_kept": {}}
    world.private.put(f"{PIPELINE}/{name}/net/_failure.json", json.dumps(report).encode())


def changed(world: World, name: str, change: Change) -> None:
    """Changes a JSON document of the run."""
    path = f"{PIPELINE}/{MADE}/{name}"
    known = json.loads(world.private.objects[path.removeprefix("s3a://")].content)
    change(known)
    world.private.put(path, json.dumps(known).encode())


@pytest.fixture
def collected(world: World, console: Console, tmp_path: Path) -> Callable[..., Collected]:
    """Collects; no file of it is left on this machine, and nothing is written of what is refused."""

    def check(before: Collection[str] = ()) -> Collected:
        there = dict(world.stack.objects)
        found = collect(console, world.session, world.store, world.run, tmp_path, before=before)
        assert list(tmp_path.iterdir()) == []
        if not found.kept:
            assert world.stack.objects == there
        return found

    return check


@pytest.mark.usefixtures("footers")
def test_a_replay_is_kept_as_one_of_the_run_wherever_it_says_that_it_belongs(world: World, collected: Any) -> None:
    write(world)

    assert collected() == Collected([f"{PIPELINE}/{MADE}"], [], ANY)

    run = Runs(SCRATCH, world.stack.settings)[f"{PIPELINE}/{MADE}"]
    assert (run.path, run.document.team, run.document.pipeline) == (f"{PIPELINE}/{MADE}", "elsewhere", "shop")
    assert run.kind == "replay"
    replay = run.document.replay
    assert replay is not None
    assert (replay.path, replay.feature, replay.verdict) == (ROOT, "net", VERDICT)
    assert run.log == "log"
    there = world.stack.objects[f"scratch/elsewhere/shop/{MADE}/orders/{FILE}"]
    manifest = manifest_at(f"{PIPELINE}/{MADE}/orders", world.stack.settings)
    assert manifest is not None
    assert (there.content, manifest.files[0].etag) == (rows(), there.etag)
    assert run.stored.failure_report("net")["message"] == "division by zero"
    assert any(f"{MADE}~failed" in name for name in world.stack.objects), "lists find it"


def test_what_it_carries_is_trusted_no_more_than_the_run(world: World, collected: Any) -> None:
    write(world)
    collected()

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
        ({"format": "x"}, "run.json"),
    ],
)
def test_nothing_else_is_kept(world: World, collected: Any, known: dict[str, Any], why: str) -> None:
    write(world, **known)

    found = collected()
    assert found.kept == []
    assert why in found.refused[0]


def test_no_run_of_the_stack_is_written_over(world: World, collected: Any) -> None:
    write(world, "20240301T101112Z-aaaaaa")  # which is there
    write(world, ID)  # the run itself
    world.private.put(f"{SCRATCH}/_trust/x.json", b"trust me")

    found = collected()
    assert found.kept == []
    assert "a run of that id already" in found.refused[0]


def test_what_was_there_before_is_not_looked_at(world: World, collected: Any) -> None:
    """A source may have read a checkpoint of another run of the pipeline."""
    world.private.put(f"{PIPELINE}/{MADE}/orders/part-0.parquet", b"rows")
    before = collecting.runs_beside(world.store, world.run)
    assert before == {f"{PIPELINE}/{MADE}"}
    assert collected(before) == Collected()


ROWS = f"{PIPELINE}/{MADE}/orders/{FILE}"


@pytest.mark.parametrize(
    ("name", "change", "why"),
    [
        ("orders/_manifest.json", {"data_folder": f"{SCRATCH}/team/real/run/orders"}, "names rows that lie elsewhere"),
        ("orders/_manifest.json", {"rows": 4}, "its rows and bytes are not those of its files"),
        ("orders/_manifest.json", {"run_id": ID}, "is that of another checkpoint"),
        ("orders/_manifest.json", {"files": "all"}, "_manifest.json"),
        ("net/_failure.json", {"inputs": {"orders": f"{SCRATCH}/users/bob/own/run/orders"}}, "rows that lie elsewhere"),
        ("run.json", {"features": {"../../x": {"state": "failed"}}, "order": ["../../x"]}, "run.json"),
        ("run.json", {"graph": 1}, f"{MADE}/run.json: `graph` has"),
    ],
)  # fmt: skip
def test_a_document_that_lies_is_named(
    world: World, collected: Any, name: str, change: dict[str, Any], why: str
) -> None:
    write(world)
    changed(world, name, lambda known: known.update(change))

    found = collected()
    assert found.kept == []
    assert why in found.refused[0]
    assert ".bundle" not in found.refused[0], "it names what lies in the store, no file of this machine"


def test_rows_that_are_missing_are_named(world: World, collected: Any) -> None:
    write(world)
    del world.private.objects[ROWS.removeprefix("s3a://")]

    assert f"{ROWS} is missing" in collected().refused[0]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (rows((1, 2, 3, 4)), "its run says"),
        (rows((1, 2, 3))[:-8] + b"x" * 8, "does not end as Parquet does"),
        (b"PAR1" + rows((1, 2, 3))[4:-12] + b"\xff" * 4 + rows((1, 2, 3))[-8:], "can't be read as Parquet"),
    ],
)
@pytest.mark.usefixtures("footers")
def test_parquet_that_lies_is_named(world: World, collected: Any, content: bytes, why: str) -> None:
    write(world)
    world.private.put(ROWS, content)

    found = collected()
    assert found.kept == []
    assert f"{ROWS}" in found.refused[0]
    assert why in found.refused[0]


@pytest.mark.usefixtures("footers")
def test_parquet_of_other_columns_than_the_manifest_says_is_named(world: World, collected: Any) -> None:
    write(world)
    changed(world, "orders/_manifest.json", lambda known: known.update(columns={"name": "string"}))

    assert f"{ROWS}: it has the columns id" in collected().refused[0]


def test_what_no_document_names_is_left_there(world: World, collected: Any) -> None:
    write(world)
    for name in ("evil.sh", "orders/evil.parquet", "_sources.json", "_sources/file/x", "half/part-0.parquet"):
        world.private.put(f"{PIPELINE}/{MADE}/{name}", b"x" * 100)

    assert collected().kept == [f"{PIPELINE}/{MADE}"]
    names = {name.rpartition(f"{MADE}/")[2] for name in world.stack.objects if f"/{MADE}/" in name}
    assert names == {"run.json", "run.log", "orders/_manifest.json", f"orders/{FILE}", "net/_failure.json"}


def test_documents_that_no_memory_holds_are_not_read(
    world: World, collected: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(world)
    monkeypatch.setattr(as_written, "LARGEST_DOCUMENTS", 100)
    assert "of documents" in collected().refused[0]


def test_one_that_is_damaged_costs_none_of_the_others(world: World, collected: Any) -> None:
    write(world)
    write(world, LATER)
    world.private.put(ROWS, b"x")

    found = collected()
    assert found.kept == [f"{PIPELINE}/{LATER}"]
    assert len(found.refused) == 1


def test_a_replay_reuses_what_another_one_of_the_same_place_has_made(world: World, collected: Any) -> None:
    """With other code, what is above the feature is computed by a run of its own."""
    write(world)
    size = {"rows": 3, "bytes": 100}
    features = {"orders": {"state": "reused", "reused_from": f"{PIPELINE}/{MADE}", **size}, "net": {"state": "failed"}}
    write(world, LATER, features=features)

    assert collected().kept == [f"{PIPELINE}/{MADE}", f"{PIPELINE}/{LATER}"]
    run = Runs(SCRATCH, world.stack.settings)[f"{PIPELINE}/{LATER}"]
    orders = run.features["orders"]
    assert (orders.reused_from, orders.rows) == (f"{PIPELINE}/{MADE}", 3)


# Bounds.


def test_there_are_bounds_of_all_replays_together(
    world: World, collected: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(world)
    one = collected()
    for name in [name for name in world.stack.objects if MADE in name]:
        del world.stack.objects[name]
    write(world, LATER)
    monkeypatch.setattr(room, "most_bytes", lambda: int(one.bytes * 1.5))

    found = collected()
    assert found.kept == [f"{PIPELINE}/{MADE}"]
    assert LATER in found.refused[0]
    assert "SANDBOX_REPLAY_MAX_GB" in found.refused[0]


def test_there_is_a_bound_of_runs_and_of_objects(world: World, collected: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    write(world)
    write(world, LATER)
    monkeypatch.setattr(collecting, "MOST_RUNS", 1)
    found = collected()
    assert found.kept == [f"{PIPELINE}/{MADE}"]
    assert f"{LATER}, which" in found.refused[0]

    monkeypatch.setattr(collecting, "MOST_RUNS", 2)
    monkeypatch.setattr(as_written, "MOST_MEMBERS", 3)
    assert any("more than 3 objects" in text for text in collected().refused)


def test_a_disk_without_room_is_said_before_anything_is_written(
    world: World, collected: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_engine: object, size: int) -> None:
        raise StackError(f"no room for {size > 0}")

    write(world)
    monkeypatch.setattr(room, "refuse_full", full)
    assert "no room for True" in collected().refused[0]


@pytest.mark.parametrize("is_right", [True, False])
def test_code_is_kept_if_it_is_what_its_name_says(
    world: World, collected: Any, tmp_path_factory: pytest.TempPathFactory, is_right: bool
) -> None:
    folder = tmp_path_factory.mktemp("code")
    (folder / "away.py").write_text("ANSWER = 42\n")
    mended = make_archive(folder).content
    sha = hashlib.sha256(mended).hexdigest()
    write(world, code={"sha256": sha, "files": 1, "bytes": 6, "left_out": {}})
    world.private.put(f"{PIPELINE}/_code/{sha}.zip", mended if is_right else b"other")

    assert collected().kept == [f"{PIPELINE}/{MADE}"]
    assert (f"scratch/elsewhere/shop/_code/{sha}.zip" in world.stack.objects) is is_right


def test_a_replay_that_is_kept_neither_runs_nor_publishes(world: World, collected: Any) -> None:
    elsewhere = {"state": "reused", "reused_from": "s3a://scratch/users/bob/own/run", "bytes": 3}
    own = {"state": "reused", "reused_from": ROOT, "bytes": 3}
    features = {"net": {"state": "failed"}, "orders": elsewhere, "rates": own}
    write(world, status="running", features=features, order=list(features), graph={name: [] for name in features})
    for name in ("_heartbeat.json", "_publish.json"):
        world.private.put(f"{PIPELINE}/{MADE}/{name}", b"{}")

    collected()

    run = Runs(SCRATCH, world.stack.settings)[f"{PIPELINE}/{MADE}"]
    assert run.status == "interrupted"
    assert {name: feature.reused_from for name, feature in run.features.items()} == {
        "net": None, "orders": None, "rates": ROOT
    }  # fmt: skip
    assert not [name for name in world.stack.objects if name.endswith(("_heartbeat.json", "_publish.json"))]
