"""Several outputs appear together; what a run that was cut has left is put in order by the next."""

from __future__ import annotations

import json
import shutil
import signal
from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import dataset, parquet
from spark_etl.cli import run_main
from spark_etl.errors import PublishRefusedError, RunFailedError, StorageError
from spark_etl.runner import run
from spark_etl.runner.publish import lock
from spark_etl.runner.publish.outputs import Publication
from spark_etl.runner.publish.ownership import Output, describe_existing
from spark_etl.runner.signals import TerminatedError, raise_on_signals
from spark_etl.storage import normalise
from spark_etl.storage.local import LocalStorage
from spark_etl.store import StoredRun
from spark_etl.store.layout import DECISION_FILE, new_run_id

from tests.support.runs import run_writer
from tests.unit.spark_etl.runner.conftest import PUBLISH, Line

NAMES = ("net", "plan")


class Frame:
    """What publishing needs of a DataFrame."""

    schema = SimpleNamespace(
        typeName=lambda: "struct",
        fieldNames=lambda: ["x"],
        fields=[SimpleNamespace(name="x", dataType=SimpleNamespace(typeName=lambda: "long"))],
    )

    def __init__(self, value: int) -> None:
        self._value = value
        self.write = self
        self.sparkSession = SimpleNamespace(version="4.1.4")

    def mode(self, _mode: str) -> Frame:
        return self

    def parquet(self, path: str) -> None:
        folder = Path(path.removeprefix("file://"))
        folder.mkdir(parents=True, exist_ok=True)
        parquet.write_table(pa.table({"x": [self._value]}), folder / f"part-{self._value}.parquet")
        (folder / "_SUCCESS").touch()


class Shop:
    """Two published outputs, and runs that publish to them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def output(self, name: str, *, overwrite: bool = True) -> Output:
        return Output(name, normalise(str(self.folder / name)), overwrite)

    def start(self) -> StoredRun:
        """Leaves what a run that has just started leaves."""
        paths = StoredRun.at(normalise(str(self.folder / "scratch")), "team", "revenue", new_run_id())
        run_writer(paths, {}, {}).store()
        paths.beat(15)
        return paths

    def publication(
        self, paths: StoredRun | None = None, *, overwrite: bool = True, adopt: bool = False
    ) -> Publication:
        outputs = [self.output(name, overwrite=overwrite) for name in NAMES]
        return Publication(outputs, paths or self.start(), "revenue", adopt=adopt)

    def publish(self, value: int, paths: StoredRun | None = None) -> None:
        with self.publication(paths) as publication:
            for name in NAMES:
                publication.stage(Frame(value), self.output(name))
            publication.commit()

    def seen(self) -> list[list[int]]:
        """Returns what a reader sees in each output."""
        return [
            sorted(dataset.dataset(self.folder / name, format="parquet").to_table()["x"].to_pylist()) for name in NAMES
        ]

    def left(self) -> list[str]:
        """Returns what of publishing lies about."""
        return sorted(path.name for name in NAMES for path in (self.folder / name).glob("_publishing*"))


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    shop = Shop(tmp_path)
    shop.publish(1)
    return shop


def test_outputs_replace_what_was_there_and_leave_nothing_else(shop: Shop) -> None:
    assert shop.seen() == [[1], [1]]
    shop.publish(2)
    assert shop.seen() == [[2], [2]]
    assert shop.left() == []
    assert (shop.folder / "net" / "_SUCCESS").exists()
    assert len(list(shop.folder.glob("net/_output-*.json"))) == 1


def test_nothing_is_seen_before_all_is_written(shop: Shop) -> None:
    with shop.publication() as publication:
        for name in NAMES:
            publication.stage(Frame(2), shop.output(name))
            assert shop.seen() == [[1], [1]]
        publication.commit()
    assert shop.seen() == [[2], [2]]


def test_what_is_not_committed_leaves_what_was_published(shop: Shop) -> None:
    with shop.publication() as publication:
        publication.stage(Frame(2), shop.output("net"))
    assert shop.seen() == [[1], [1]]
    assert shop.left() == []


def test_of_two_runs_at_once_the_second_is_refused_by_the_name_of_the_first(shop: Shop) -> None:
    first = shop.start()
    with shop.publication(first):
        with pytest.raises(PublishRefusedError, match=rf"run {first.run_id} is publishing to file://.*/net"):
            shop.publish(3)
        assert shop.left() == ["_publishing.json"] * 2
    shop.publish(3)
    assert shop.seen() == [[3], [3]]


def test_what_has_appeared_meanwhile_is_refused_and_the_locks_are_released(shop: Shop) -> None:
    with pytest.raises(PublishRefusedError, match="already published"), shop.publication(overwrite=False):
        pass
    assert shop.left() == []


def test_the_manifest_outlives_the_runs(shop: Shop) -> None:
    shutil.rmtree(shop.folder / "scratch")
    shop.publish(2)
    assert shop.seen() == [[2], [2]]


def put(file: Path, value: int = 9) -> None:
    """Stands for somebody else who writes there."""
    file.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pa.table({"x": [value]}), file)


@pytest.mark.parametrize("name", ["other.parquet", "_dt=2024-02-29/part-0.parquet", "part-1.parquet"])
def test_what_somebody_else_wrote_is_not_replaced(shop: Shop, name: str) -> None:
    put(shop.folder / "net" / name)
    if name == "part-1.parquet":  # its own name, with other content
        (shop.folder / "net" / name).write_bytes(b"of somebody else")
    before = {file: file.read_bytes() for file in shop.folder.glob("net/**/*") if file.is_file()}
    with pytest.raises(PublishRefusedError, match=rf"`net` would replace .*/net: 1 file, .*did not write them: {name}"):
        shop.publish(2)
    assert {file: file.read_bytes() for file in shop.folder.glob("net/**/*") if file.is_file()} == before


def test_what_is_adopted_is_reported_and_replaced_and_the_rest_is_left(shop: Shop) -> None:
    put(shop.folder / "net" / "other.parquet")
    put(shop.folder / "net" / "_delta_log" / "00.json")
    with shop.publication(adopt=True) as publication:
        (path,) = publication.adopted
        assert "net: 1 file" in describe_existing(path, publication.adopted[path])
        for name in NAMES:
            publication.stage(Frame(2), shop.output(name))
        publication.commit()
    assert shop.seen() == [[2], [2]]
    assert (shop.folder / "net" / "_delta_log" / "00.json").exists()
    shop.publish(3)
    assert shop.seen() == [[3], [3]]


@pytest.mark.parametrize("damage", ["", "[]", "{}", '{"format": 2}', "[" * 100_000, '{"format": 1, "files": 3}'])
def test_an_output_whose_manifest_tells_nothing_is_refused(shop: Shop, damage: str) -> None:
    (manifest,) = shop.folder.glob("net/_output-*.json")
    manifest.write_text(damage)
    with pytest.raises(PublishRefusedError, match=r"this output did not write them: part-1\.parquet"):
        shop.publish(2)
    assert shop.seen() == [[1], [1]]


def test_another_pipelines_output_is_refused_with_its_name(shop: Shop) -> None:
    outputs = [shop.output(name) for name in NAMES]
    with pytest.raises(PublishRefusedError, match="they are pipeline `team/revenue`'s"):
        Publication(outputs, shop.start(), "billing").__enter__()
    assert shop.left() == []


def test_of_another_pipelines_output_that_is_adopted_nothing_is_left(shop: Shop) -> None:
    outputs = [shop.output(name) for name in NAMES]
    with Publication(outputs, shop.start(), "billing", adopt=True) as publication:
        for output in outputs:
            publication.stage(Frame(2), output)
        publication.commit()
    assert shop.seen() == [[2], [2]]
    (manifest,) = shop.folder.glob("net/_output-*.json")
    assert json.loads(manifest.read_text())["pipeline"] == "billing"


def test_what_somebody_else_writes_meanwhile_fails_the_run_and_is_left(shop: Shop) -> None:
    with shop.publication() as publication:
        for name in NAMES:
            publication.stage(Frame(2), shop.output(name))
        put(shop.folder / "net" / "other.parquet")
        with pytest.raises(RunFailedError, match=r"1 file that this output did not write appeared at .*/net"):
            publication.commit()
    assert shop.seen() == [[1, 9], [1]]


class CutError(BaseException):
    """Stands for kill -9: nothing after it is done."""


def cut_at(monkeypatch: pytest.MonkeyPatch, method: str, call: int) -> None:
    """Ends everything at the n-th call of a method of the store."""
    original: Callable[..., Any] = getattr(LocalStorage, method)
    calls = iter(range(1, 1000))

    def cut(self: LocalStorage, *args: Any) -> Any:
        if next(calls) >= call:
            raise CutError
        return original(self, *args)

    monkeypatch.setattr(LocalStorage, method, cut)


def die(shop: Shop, monkeypatch: pytest.MonkeyPatch, method: str, call: int, kind: type[Frame] = Frame) -> None:
    """Publishes 2 by a run that is killed at that moment."""
    paths = shop.start()
    publication = shop.publication(paths).__enter__()
    with monkeypatch.context() as patch:
        for name in NAMES:
            publication.stage(kind(2), shop.output(name))
        cut_at(patch, method, call)
        with pytest.raises(CutError):
            publication.commit()
    monkeypatch.setattr(StoredRun, "is_alive", lambda *_: False)


@pytest.mark.parametrize(
    ("method", "call", "seen", "after"),
    [
        ("write", 1, [[1], [1]], [[1], [1]]),
        ("copy", 1, [[1], [1]], [[2], [2]]),
        ("copy", 3, [[1, 2], [1]], [[2], [2]]),
        ("delete", 1, [[1, 2], [1, 2]], [[2], [2]]),
        ("delete", 2, [[2], [1, 2]], [[2], [2]]),
        ("delete", 3, [[2], [2]], [[2], [2]]),
    ],
)
def test_whoever_comes_after_a_kill_ends_what_had_begun_to_appear(
    shop: Shop,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    call: int,
    seen: list[list[int]],
    after: list[list[int]],
) -> None:
    die(shop, monkeypatch, method, call)
    assert shop.seen() == seen
    assert shop.left()
    with shop.publication():
        assert shop.seen() == after
    assert shop.left() == []
    assert all((shop.folder / name / "_SUCCESS").exists() for name in NAMES)


def test_the_next_run_ends_what_had_begun_to_appear_and_takes_it_for_its_own(
    line: Line, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    line.project.configure(line.features, PUBLISH + "            overwrite: True\n")
    (output,) = line.plan().outputs

    def publication() -> Publication:
        paths = StoredRun.at(normalise(str(line.scratch)), "team", line.plan().pipeline, new_run_id())
        run_writer(paths, {}, {}).store()
        paths.beat(15)
        return Publication([output], paths, line.plan().pipeline)

    for value, kill in ((1, False), (2, True)):
        cut = publication().__enter__()
        cut.stage(Frame(value), output)
        with monkeypatch.context() as patch, pytest.raises(CutError) if kill else nullcontext():
            if kill:
                cut_at(patch, "copy", 2)
            cut.commit()
    folder = line.published / "out" / "net"
    assert len(list(folder.glob("part-*"))) == 2
    assert len(list(folder.glob("_output-*"))) == 1, "the manifest of the new files is not there yet"
    seen: list[str] = []

    def started(*_: object) -> None:
        seen.extend(sorted(path.name for path in folder.glob("part-*")))
        raise OSError("no java")

    monkeypatch.setattr(StoredRun, "is_alive", lambda *_: False)
    monkeypatch.setattr(run, "_started", started)
    assert run_main(line.argv()) == 5
    assert "no java" in capsys.readouterr().err
    assert seen == ["part-2.parquet"]


def test_a_kill_before_all_was_written_is_as_if_nothing_had_been(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    publication = shop.publication().__enter__()
    publication.stage(Frame(2), shop.output("net"))
    monkeypatch.setattr(StoredRun, "is_alive", lambda *_: False)
    shop.publish(3)
    assert shop.seen() == [[3], [3]]
    assert shop.left() == []


def test_a_run_whose_run_json_is_damaged_is_at_work_while_it_says_so(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = shop.start()
    shop.publication(paths).__enter__()
    Path(paths.document_path.removeprefix("file://")).write_bytes(b"{")
    with pytest.raises(PublishRefusedError, match=f"run {paths.run_id} is publishing to"):
        shop.publish(3)
    monkeypatch.setattr(StoredRun, "is_alive", lambda *_: False)
    shop.publish(3)
    assert shop.seen() == [[3], [3]]


@pytest.mark.parametrize(
    "decision",
    [
        {"before": ["{folder}/raw/day.parquet"], "new": []},
        {"before": ["{folder}/net/../raw/day.parquet"], "new": []},
        {"before": [], "new": ["{folder}/raw/day.parquet"]},
        {"before": 3, "new": []},
        [],
        {},
    ],
)
def test_a_lock_that_would_delete_what_is_not_the_outputs_is_refused(shop: Shop, decision: Any) -> None:
    put(shop.folder / "raw" / "day.parquet")
    paths = shop.start()
    decisions = json.dumps({shop.output("net").path: decision}).replace("{folder}", f"file://{shop.folder}")
    LocalStorage().write(f"{paths.root}/{DECISION_FILE}", decisions.encode())
    run_writer(paths, {}, {}).end("failed")
    LocalStorage().write(f"{shop.output('net').path}/{lock.LOCK_FILE}", json.dumps({"run": paths.root}).encode())

    for _ in range(2):
        with pytest.raises(PublishRefusedError, match="Its publish decision can't be read") as caught:
            shop.publish(3)
    assert f"delete file://{shop.folder}/net/_publishing.json" in str(caught.value.hint)
    assert (shop.folder / "raw" / "day.parquet").exists()
    assert shop.seen() == [[1], [1]]
    assert shop.left() == ["_publishing.json"]


def test_of_two_that_come_after_a_kill_one_takes_over(shop: Shop) -> None:
    dead = shop.start()
    shop.publication(dead).__enter__()
    late = datetime.now(UTC) + timedelta(days=1)
    assert dead.is_alive(now=late) is False
    path = shop.output("net").path
    staging = lock.staging_of(path, dead.run_id)
    taker = shop.start()
    assert LocalStorage().create(f"{staging}/{lock.TAKEN}.json", json.dumps({"run": taker.root}).encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(StoredRun, "is_alive", lambda paths: paths.run_id != dead.run_id)
        with pytest.raises(PublishRefusedError, match=f"run {taker.run_id} is publishing to"):
            lock.PublishLock(path, shop.start()).take()


@pytest.fixture
def asleep(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Publication:
    """A run that has written all, and then seems dead for a while."""
    paths = shop.start()
    publication = shop.publication(paths).__enter__()
    for name in NAMES:
        publication.stage(Frame(2), shop.output(name))
    monkeypatch.setattr(StoredRun, "is_alive", lambda run: run.run_id != paths.run_id)
    return publication


@pytest.mark.parametrize("at_work", [True, False])
def test_a_run_that_slept_does_not_touch_what_another_published_meanwhile(
    shop: Shop, asleep: Publication, at_work: bool
) -> None:
    other = shop.publication().__enter__()
    for name in NAMES:
        other.stage(Frame(3), shop.output(name))
    if not at_work:
        other.commit()
    decided = set(shop.folder.rglob(DECISION_FILE))

    with pytest.raises(RunFailedError, match=r"took over the lock of .*/net,"):
        asleep.commit()
    assert set(shop.folder.rglob(DECISION_FILE)) == decided
    asleep.__exit__()

    if at_work:
        assert shop.left().count("_publishing.json") == 2, "the other's locks hold"
        other.commit()
    assert shop.seen() == [[3], [3]]
    assert shop.left() == []


def test_a_lock_that_was_just_taken_counts_while_all_that_is_staged_is_still_there(
    shop: Shop, asleep: Publication, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = shop.start()
    with monkeypatch.context() as patch:
        patch.setattr(LocalStorage, "clear", lambda *_: raised(CutError))
        with pytest.raises(CutError):
            lock.PublishLock(shop.output("plan").path, other).take()
    decided = set(shop.folder.rglob(DECISION_FILE))

    with pytest.raises(RunFailedError, match=f"run {other.run_id} took over the lock of .*/plan,"):
        asleep.commit()
    assert set(shop.folder.rglob(DECISION_FILE)) == decided
    assert shop.seen() == [[1], [1]]


def test_a_run_that_sleeps_while_it_decides_deletes_nothing_of_anothers(
    shop: Shop, asleep: Publication, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide = StoredRun.write_publish_decision

    def late(*decision: Any) -> None:
        monkeypatch.setattr(StoredRun, "write_publish_decision", decide)
        shop.publish(3)
        decide(*decision)

    monkeypatch.setattr(StoredRun, "write_publish_decision", late)
    with pytest.raises(RunFailedError, match="took over the lock"):
        asleep.commit()
    assert shop.seen() == [[3], [3]]


def lose_what_is_staged(shop: Shop) -> None:
    """Stands for a clean-up job."""
    for file in shop.folder.glob("net/_publishing-*/part-*"):
        file.unlink()


def test_a_run_whose_staged_files_are_gone_decides_nothing(shop: Shop) -> None:
    decided = set(shop.folder.rglob(DECISION_FILE))
    with shop.publication() as publication:
        for name in NAMES:
            publication.stage(Frame(2), shop.output(name))
        lose_what_is_staged(shop)
        with pytest.raises(RunFailedError, match=r"1 of 1 files that this run wrote for .*/net are gone"):
            publication.commit()
    assert set(shop.folder.rglob(DECISION_FILE)) == decided
    assert shop.left() == []
    assert shop.seen() == [[1], [1]]


class ManyFiles(Frame):
    """A frame whose rows are in three files."""

    def parquet(self, path: str) -> None:
        for part in range(3):
            Frame(self._value * 10 + part).parquet(path)


@pytest.mark.parametrize("gone", ["*", "part-*", "part-21.parquet"])
@pytest.mark.parametrize("copied", [1, 2, 3])
def test_an_output_of_which_staged_files_are_gone_is_taken_back_whole(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, gone: str, copied: int
) -> None:
    die(shop, monkeypatch, "copy", copied, ManyFiles)
    lost = list(shop.folder.glob(f"*/_publishing-*/{gone}"))
    for file in lost:
        file.unlink()
    with shop.publication():
        whole = ([1], [20, 21, 22])  # what was lost may have been copied before
        assert all(seen in whole for seen in shop.seen()), "neither a part of the new, nor less than all of the old"
        assert [1] in shop.seen()
    assert lost
    assert shop.left() == []


def test_nothing_is_deleted_where_neither_the_new_nor_the_old_is_whole(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    die(shop, monkeypatch, "clear", 1, ManyFiles)
    next(shop.folder.glob("net/part-21.parquet")).unlink()
    next(shop.folder.glob("net/_publishing-*/part-21.parquet")).unlink()
    with shop.publication():
        assert shop.seen()[0] == [20, 22], "what is left of it"
    (staged,) = shop.folder.glob("net/_publishing-*")
    assert {"part-20.parquet", "part-22.parquet"} <= {file.name for file in staged.iterdir()}
    assert f"/net: old files and files of run {staged.name.removeprefix('_publishing-')} are missing" in caplog.text


@pytest.mark.parametrize("error", [CutError, StorageError("the store is away"), KeyboardInterrupt])
def test_a_take_over_that_was_cut_blocks_nobody(
    shop: Shop, asleep: Publication, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    with monkeypatch.context() as patch:
        write = LocalStorage.write

        def cut(store: LocalStorage, path: str, content: bytes) -> None:
            if path.endswith(lock.LOCK_FILE):
                raise error
            write(store, path, content)

        patch.setattr(LocalStorage, "write", cut)
        if error is CutError:  # nothing after it is done
            patch.setattr(LocalStorage, "delete", lambda *_: None)
        with pytest.raises((CutError, StorageError, KeyboardInterrupt)):
            shop.publish(4)
    monkeypatch.setattr(StoredRun, "is_at_work", lambda _: False)

    shop.publish(3)
    shop.publish(4)
    assert shop.seen() == [[4], [4]]
    assert shop.left() == []


def raised(error: BaseException | type[BaseException]) -> Any:
    raise error


def test_what_has_appeared_is_reported_before_a_signal_ends_the_run(shop: Shop) -> None:
    seen_when_published = []

    def appeared() -> None:
        signal.raise_signal(signal.SIGTERM)
        seen_when_published.append(shop.seen())

    with raise_on_signals(), shop.publication() as publication:
        for name in NAMES:
            publication.stage(Frame(2), shop.output(name))
        with pytest.raises(TerminatedError):
            publication.commit(appeared)
    assert seen_when_published == [[[2], [2]]]
    assert shop.left() == []


def test_a_lock_that_names_nobody_is_reported_not_waited_for(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "PAUSE_SECONDS", 0)
    (shop.folder / "net" / lock.LOCK_FILE).write_text("{half of")
    with pytest.raises(PublishRefusedError, match=r"the lock file .*net/_publishing.json does not name a run"):
        shop.publish(3)


def test_a_run_of_another_machine_is_not_taken_for_dead(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "is_s3", lambda path: "scratch" not in path)
    elsewhere = StoredRun.at("file:///elsewhere/scratch", "team", "revenue", new_run_id())
    content = json.dumps({"run": elsewhere.root})
    (shop.folder / "net" / lock.LOCK_FILE).write_text(content)

    with pytest.raises(PublishRefusedError, match=f"run {elsewhere.run_id} on another machine holds"):
        shop.publish(3)
    assert (shop.folder / "net" / lock.LOCK_FILE).read_text() == content
    assert shop.seen() == [[1], [1]]


def test_a_run_of_another_machine_that_takes_over_is_not_taken_for_dead(
    shop: Shop, asleep: Publication, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "is_s3", lambda path: "elsewhere" not in path)
    elsewhere = StoredRun.at("file:///elsewhere/scratch", "team", "revenue", new_run_id())
    left = next((shop.folder / "net").glob("_publishing-*"))
    (left / f"{lock.TAKEN}.json").write_text(json.dumps({"run": elsewhere.root}))

    with pytest.raises(PublishRefusedError, match=f"run {elsewhere.run_id} on another machine"):
        shop.publish(3)
    assert (left / "part-2.parquet").exists()
