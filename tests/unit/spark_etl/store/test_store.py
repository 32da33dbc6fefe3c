"""All that belongs to a run, and what else holds on to it."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import pytest
from spark_etl.storage import relative_to, storage_for
from spark_etl.store import (
    FeatureInputs,
    PinnedVersion,
    RunInputs,
    RunStore,
    StoredRun,
    checkpoint_state,
    files_digest,
    manifest_at,
)

from tests.unit.spark_etl.store.conftest import FAILED, FIRST, RESUMED


def run_of(store: RunStore, run_id: str) -> StoredRun:
    return store.open("sandbox", "shop", run_id)


def names(run: StoredRun, objects: list) -> list[str]:  # type: ignore[type-arg]
    return [relative_to(item.path, run.root) for item in objects]


def test_every_object_of_a_run_is_classified_by_what_it_is(earlier: RunStore) -> None:
    run = run_of(earlier, FAILED)
    found = earlier.contents(run)
    assert names(run, found.documents) == ["run.json"]
    assert names(run, found.heartbeat) == ["_heartbeat.json"]
    assert names(run, found.failure_reports) == ["broken/_failure.json"]
    assert list(found.checkpoints) == ["net", "rates"]
    assert list(found.failure_inputs) == ["broken.raw"]
    assert len(found.marks) == 1
    assert found.other == []
    inside = {item.path for item in storage_for(run.root).walk(run.root)}
    assert {item.path for item in found.all()} == inside | {found.marks[0].path}
    assert len(list(found.all())) == len(inside) + 1


def test_a_checkpoint_that_was_read_is_distinguished_from_one_that_is_another_now(earlier: RunStore) -> None:
    folder = run_of(earlier, FIRST).checkpoint_path("net")
    manifest = manifest_at(folder)
    assert manifest
    file = Path(folder.removeprefix("file://"), manifest.files[0].name)
    here = replace(manifest, files=[replace(manifest.files[0], etag=None)])  # S3's
    run_of(earlier, FIRST).write_manifest("net", here)
    digest = files_digest([asdict(file) for file in here.files])
    assert checkpoint_state(folder, digest) == "unchanged"
    assert checkpoint_state(folder, "another") == "changed"
    file.write_bytes(b"x")
    assert checkpoint_state(folder, digest) == "changed"
    file.unlink()
    assert checkpoint_state(folder, digest) == "gone"
    Path(folder.removeprefix("file://"), "_manifest.json").unlink()
    assert checkpoint_state(folder, digest) == "gone"


def test_what_nobody_knows_and_what_was_never_finished_is_reported_too(earlier: RunStore) -> None:
    run = run_of(earlier, FIRST)
    folder = Path(run.root.removeprefix("file://"))
    (folder / "note.txt").write_text("x")
    (folder / "net" / "_manifest.json").unlink()
    found = earlier.contents(run)
    assert names(run, found.other) == ["note.txt"]
    assert names(run, found.publish_decision) == ["_publish.json"]
    assert list(found.unfinished) == ["net"]
    assert list(found.checkpoints) == ["rates"]


def test_a_new_run_has_its_inputs_and_its_log_among_its_contents(scratch: Path) -> None:
    writer = RunStore(str(scratch)).start("team", "shop")
    writer.run.write_inputs(RunInputs({"orders": FeatureInputs()}))
    writer.run.beat(15)
    writer.log.add("begun")
    writer.end("succeeded")
    writer.store_log()
    writer.run.mark_ended(writer.document)
    found = RunStore(str(scratch)).contents(writer.run)
    assert names(writer.run, found.documents) == ["_inputs.json", "run.json"]
    assert names(writer.run, found.log) == ["run.log"]
    assert len(found.marks) == 1
    assert found.other == []
    assert writer.run.log().endswith(" begun\n")


def test_who_reuses_a_run_is_known(earlier: RunStore) -> None:
    assert [run.run_id for run in earlier.reused_by(run_of(earlier, FIRST))] == [RESUMED]
    assert earlier.reused_by(run_of(earlier, RESUMED)) == []


def test_who_pins_a_run_is_known(earlier: RunStore) -> None:
    (pin,) = earlier.pins(run_of(earlier, FIRST))
    assert (pin.feature, pin.notebook) == ("rates", "engineer/five_rates/v2")
    assert earlier.pins(run_of(earlier, FAILED)) == []
    earlier.unpin(PinnedVersion("engineer", "five_rates", 2))
    assert earlier.pins(run_of(earlier, FIRST)) == []


def test_a_pin_is_written_where_it_is_looked_for(earlier: RunStore) -> None:
    run = run_of(earlier, FAILED)
    read = {"path": run.checkpoint_path("net"), "run": FAILED, "feature": "net", "rows": 5}
    where = earlier.pin(PinnedVersion("ada", "look", 1), [read], "2026-11-29T16:00:00+00:00")
    assert where == f"{earlier.scratch}/users/_pins/ada/look/v1.json"
    assert [pin.notebook for pin in earlier.pins(run)] == ["ada/look/v1"]


@pytest.mark.parametrize("content", ["", "[]", '{"checkpoints": 3}', '{"checkpoints": [{"path": 1}, 2]}'])
def test_a_damaged_pin_pins_nothing(earlier: RunStore, scratch: Path, content: str) -> None:
    (scratch / "users/_pins/engineer/five_rates/v2.json").write_text(content)
    assert list(earlier.all_pins()) == []
