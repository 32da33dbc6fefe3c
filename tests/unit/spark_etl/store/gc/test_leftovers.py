"""What belongs to no run, and what only seems to."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from spark_etl.errors import StorageError
from spark_etl.storage.local import LocalStorage
from spark_etl.store import GcOptions, execute_gc, plan_gc

from tests.support.histories import History, path_of, set_age

ALL = GcOptions(timedelta(0), keep_last=0)


def leftovers(history: History, options: GcOptions = ALL) -> list[tuple[str, str]]:
    """Returns kind and path, below the scratch path, of each leftover."""
    base = f"{history.store.scratch}/"
    return sorted((each.kind, each.path.removeprefix(base)) for each in plan_gc(history.store, options).leftovers)


def test_a_history_without_leftovers_has_none(history: History) -> None:
    history.run(30, code="one")
    history.run(29, status="running", code="two")
    assert leftovers(history) == []


def test_a_folder_without_a_document_is_one_when_it_is_a_day_old(history: History) -> None:
    old, young, written = (history.folder_of_run(days) for days in (2, 0.5, 3))
    for run in (old, young, written):
        history.checkpoint(run, "orders")
        history.age(run, 2)
    set_age(history.checkpoint(written, "net") / "part-00000.parquet", 0.1)
    assert leftovers(history) == [("half-written run", f"team/shop/{old.run_id}")]


def test_one_in_which_somebody_is_at_work_is_none(history: History) -> None:
    run = history.folder_of_run(2)
    history.checkpoint(run, "orders")
    run.beat(10 * 86400)
    history.age(run, 2)
    assert leftovers(history) == []


@pytest.mark.parametrize("keeper", ["pin", "run"])
def test_one_of_which_a_checkpoint_is_needed_is_none(history: History, keeper: str) -> None:
    run = history.folder_of_run(3)
    history.checkpoint(run, "orders")
    history.age(run, 3)
    if keeper == "pin":
        history.pin(run)
    else:
        history.run(2, reuses=run)
    assert leftovers(history) == []


def test_an_empty_folder_of_a_run_goes_too(history: History) -> None:
    run = history.folder_of_run(3)
    path_of(run.root).mkdir(parents=True)
    execute_gc(history.store, plan_gc(history.store, ALL))
    assert not path_of(run.root).exists()


def test_files_without_a_manifest_are_left_of_a_run_that_has_ended(history: History) -> None:
    failed, running = history.run(30), history.run(29, status="running")
    for run in (failed, running):
        set_age(history.checkpoint(run, "late", whole=False) / "part-00000.parquet", 2)
        history.checkpoint(run, "fresh", whole=False)
        run.write_failure_report("broken", {})
        history.checkpoint(run, "broken.orders")
    assert leftovers(history) == [("unfinished checkpoint", f"team/shop/{failed.run_id}/late")]
    execute_gc(history.store, plan_gc(history.store, ALL))
    assert {name.split("/")[0] for name in history.files(failed)} == {
        "run.json", "orders", "net", "fresh", "broken", "broken.orders",
    }  # fmt: skip


def test_code_that_no_staying_run_names_goes(history: History) -> None:
    run = history.run(30, code="named")
    going = history.run(31, status="failed", code="going")
    orphan, young = history.code("orphan", run, 2), history.code("young", run, 0.5)
    plan = plan_gc(history.store, ALL)
    assert len([each for each in plan.leftovers if each.kind == "code"]) == 2
    execute_gc(history.store, plan)
    left = {file.stem for file in (path_of(run.root).parent / "_code").iterdir()}
    assert orphan not in left
    assert left == {young, history.code("named", run, 30)}
    assert not path_of(going.root).exists()


def test_code_is_kept_where_a_run_cannot_be_read(history: History) -> None:
    run = history.run(30, status="failed", mark=False)
    history.code("orphan", run, 2)
    path_of(run.document_path).write_text("{half")
    assert leftovers(history) == []


def test_a_mark_without_a_run_goes_at_once(history: History) -> None:
    run = history.run(0.5)
    for file in path_of(run.root).rglob("*"):
        if file.is_file():
            file.unlink()
    ((kind, path),) = leftovers(history)
    assert (kind, f"/{run.run_id}~" in path) == ("mark", True)
    execute_gc(history.store, plan_gc(history.store, ALL))
    assert leftovers(history) == []


def test_what_was_never_written_to_its_end_goes_but_for_a_run_at_work(history: History) -> None:
    ended, running = history.run(30), history.run(29, status="running")
    name = f".part-0.parquet.{'ab' * 16}.tmp"
    for run in (ended, running):
        file = path_of(run.root) / "orders" / name
        file.write_text("half")
        set_age(file, 2)
    fresh = path_of(ended.root) / "net" / name
    fresh.write_text("half")
    assert leftovers(history) == [("unfinished upload", f"team/shop/{ended.run_id}/orders/{name}")]
    assert execute_gc(history.store, plan_gc(history.store, ALL)).bytes == 4
    assert fresh.exists()


def test_a_store_that_does_not_list_uploads_is_noted(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise StorageError("s3a://scratch refused `ada`: AccessDenied")

    monkeypatch.setattr(LocalStorage, "uploads", refuse)
    assert plan_gc(history.store, ALL).notes == (
        "uploads that never ended can't be listed: s3a://scratch refused `ada`: AccessDenied",
    )


def test_requests_to_stop_go_when_the_run_has_ended(history: History) -> None:
    runs = [history.run(30), history.run(29, status="running"), history.run(28, pipeline="users/ada/shop")]
    runs.append(history.folder_of_run(27))
    for run in runs:
        run.request_stop("ada")
    gone = {path.rpartition("/")[2] for kind, path in leftovers(history) if kind == "stop request"}
    assert gone == {f"{run.run_id}.json" for run in (runs[0], runs[2], runs[3])}


def test_trust_in_a_run_goes_with_it(history: History, tmp_path: Path) -> None:
    stays, goes, gone = history.run(30), history.run(31, status="failed"), history.folder_of_run(32)
    elsewhere = History(tmp_path / "other").folder_of_run(33)
    folder = history.folder / "_trust"
    folder.mkdir()
    for number, run in enumerate([stays, goes, gone, elsewhere]):
        (folder / f"{number}.json").write_text(json.dumps({"run": run.root}))
    assert leftovers(history) == [("trust record", "_trust/1.json"), ("trust record", "_trust/2.json")]
    result = execute_gc(history.store, plan_gc(history.store, ALL))
    assert result.skipped == {}
    assert sorted(file.name for file in folder.iterdir()) == ["0.json", "3.json"]


def test_what_users_keep_is_left_alone_unless_asked_for(history: History) -> None:
    run = history.folder_of_run(3, "users/ada/shop")
    history.checkpoint(run, "orders")
    history.age(run, 3)
    data = history.folder / "users" / "ada" / "data" / "table"
    data.mkdir(parents=True)
    (data / f".part.{'ab' * 16}.tmp").write_text("half")
    set_age(data / f".part.{'ab' * 16}.tmp", 3)
    assert leftovers(history) == []
    assert len(leftovers(history, GcOptions(users=True))) == 2
