"""The index only saves time: whatever it says or lacks, a list tells what the runs' own folders tell."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from spark_etl import runs
from spark_etl.errors import RunNotFoundError, StorageError
from spark_etl.storage.local import LocalStorage
from spark_etl.store import ErrorRecord, RunDocument, StoredRun, index
from spark_etl.store.ended_runs import EndedRuns

from tests.unit.spark_etl.reading.conftest import MakeRun

FIRST, SECOND = "20240229T101112Z-aaaaaa", "20240301T101112Z-bbbbbb"


def document_of(run: StoredRun) -> RunDocument:
    document = run.document()
    assert document
    return document


def folder(paths: StoredRun) -> Path:
    return Path(paths.root.removeprefix("file://"))


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache of this test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(index, "_cache", EndedRuns())


@pytest.fixture
def marked(make_run: MakeRun) -> StoredRun:
    paths = make_run(FIRST, status="failed")
    paths.mark_ended(document_of(paths))
    return paths


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The run.json that were read."""
    seen: list[str] = []
    read = LocalStorage.read

    def counted(self: LocalStorage, path: str, *, most: int | None = None) -> bytes | None:
        seen.append(path)
        return read(self, path, most=most)

    monkeypatch.setattr(LocalStorage, "read", counted)
    return seen


def test_a_list_opens_no_run_that_is_marked_and_shows_the_same(marked: StoredRun, opened: list[str]) -> None:
    (shown,) = runs.list(status="failed")
    row = shown.summary()
    assert opened == []
    assert row == runs.list()[0].reload().summary()
    assert opened == [marked.document_path]
    assert shown.content["features"].keys() == {"orders", "net", "late"}


def test_a_run_without_a_mark_is_listed_by_its_run_json(make_run: MakeRun, marked: StoredRun) -> None:
    make_run(SECOND)
    assert [(run.id, run.status) for run in runs.list()] == [(SECOND, "succeeded"), (FIRST, "failed")]


def test_a_mark_whose_run_was_deleted_is_no_run(marked: StoredRun) -> None:
    shutil.rmtree(folder(marked))
    assert runs.list() == []


def test_a_run_that_goes_while_it_is_looked_at_says_so(marked: StoredRun) -> None:
    run = runs.list()[0]
    shutil.rmtree(folder(marked))
    with pytest.raises(RunNotFoundError, match="is not there any more"):
        run.content  # noqa: B018 - reads it


@pytest.mark.parametrize(
    "mark",
    [
        "succeeded~2024-02-29~2024-02-29~1.5~",
        "lost~2024-02-29~2024-02-29~1.5~",
        "succeeded",
        "succeeded~2024-02-29~2024-02-29~soon~",
    ],
    ids=["a second one", "unknown status", "too short", "no number"],
)
def test_a_doubtful_mark_is_not_believed(make_run: MakeRun, mark: str, scratch: Path) -> None:
    paths = make_run(FIRST, status="failed")
    if mark.startswith("succeeded~2024-02-29~2024-02-29~1.5"):
        paths.mark_ended(document_of(paths))
    (scratch / "team" / "revenue" / "_runs" / "2024-02" / f"{FIRST}~{mark}").mkdir(parents=True)
    assert runs.list()[0].status == "failed"


@pytest.mark.parametrize("alias", ["with ~ and /", "späte 🙂 %7E", "a+b&c"])
def test_what_a_mark_tells_may_have_any_signs(make_run: MakeRun, alias: str) -> None:
    paths = make_run(FIRST, status="failed")
    paths.mark_ended(replace(document_of(paths), error=ErrorRecord(feature=alias)))
    assert runs.list()[0].summary()[-1] == alias


def test_what_no_name_can_hold_stays_unmarked(make_run: MakeRun) -> None:
    paths = make_run(FIRST, status="failed")
    paths.mark_ended(replace(document_of(paths), error=ErrorRecord(feature="x" * 300)))
    assert index.summaries(paths.root.rsplit("/", 1)[0]) == {}


def test_a_run_that_goes_on_is_not_marked(make_run: MakeRun) -> None:
    paths = make_run(FIRST, status="running")
    paths.mark_ended(document_of(paths))
    assert runs.list()[0].status == "running"


def test_a_store_that_refuses_the_mark_fails_no_run(make_run: MakeRun, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = make_run(FIRST)
    document = document_of(paths)

    def refuse(*_: object) -> None:
        raise StorageError("no")

    monkeypatch.setattr(LocalStorage, "write", refuse)
    paths.mark_ended(document)
    assert runs.list()[0].status == "succeeded"


def test_a_mark_tells_kind_and_user(make_run: MakeRun, opened: list[str]) -> None:
    run = make_run(FIRST)
    run.mark_ended(replace(document_of(run), kind="replay", by={"user": "ada", "host": "laptop"}))
    opened.clear()
    assert not runs.list()
    (listed,) = runs.list(replays=True)
    assert (listed.kind, listed.user) == ("replay", "ada")
    assert opened == []


def test_a_mark_of_before_kind_and_user_is_still_believed(make_run: MakeRun, scratch: Path, opened: list[str]) -> None:
    make_run(FIRST, status="failed")
    name = f"{FIRST}~failed~2024-02-29~2024-03-01~1.5~late"
    (scratch / "team" / "revenue" / "_runs" / "2024-02" / name).mkdir(parents=True)
    opened.clear()
    (listed,) = runs.list()
    assert listed.summary()[3:] == ["2024-02-29..2024-03-01", "failed", "1.5", "late"]
    assert (listed.kind, listed.user) == ("run", "")
    assert opened == []


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The marks that somebody has tried to write."""
    seen: list[str] = []
    write = LocalStorage.write

    def counted(self: LocalStorage, path: str, content: bytes) -> None:
        seen.append(path)
        write(self, path, content)

    monkeypatch.setattr(LocalStorage, "write", counted)
    return seen


def test_a_list_writes_the_marks_that_are_missing_and_the_next_one_opens_nothing(
    make_run: MakeRun, opened: list[str], written: list[str]
) -> None:
    ids = [f"20240229T10{minute:02}12Z-aaaaaa" for minute in range(30)]
    for run_id in ids:
        make_run(run_id, status="failed")
    make_run(SECOND, status="running")
    opened.clear()
    written.clear()
    first = [run.summary() for run in runs.list(limit=None)]
    assert len([path for path in opened if path.endswith("run.json")]) == 31
    assert len(written) == 30, "a run that goes on gets no mark"
    opened.clear()
    assert [run.summary() for run in runs.list(limit=None)] == first
    assert [path for path in opened if path.endswith("run.json")] == [f"{runs[SECOND].path}/run.json"]
    assert len(written) == 30


def test_whoever_may_not_write_marks_tries_once_and_reads_each_run_once(
    make_run: MakeRun, opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for minute in range(30):
        make_run(f"20240229T10{minute:02}12Z-aaaaaa")
    tried: list[str] = []

    def refuse(self: LocalStorage, path: str, content: bytes) -> None:
        tried.append(path)
        raise StorageError("refused")

    monkeypatch.setattr(LocalStorage, "write", refuse)
    monkeypatch.setattr("spark_etl.reading.catalog.THREADS", 1)
    opened.clear()
    first = [run.summary() for run in runs.list(limit=None)]
    assert (len(opened), len(tried)) == (30, 1)
    opened.clear()
    assert [run.summary() for run in runs.list(limit=None)] == first
    assert (opened, len(tried)) == ([], 1)
    monkeypatch.setattr(index, "_cache", EndedRuns())
    assert [run.summary() for run in runs.list(limit=None)] == first
    assert (opened, len(tried)) == ([], 1), "nor does the next process"


def test_a_cache_that_cant_be_kept_or_is_none_costs_time_alone(
    make_run: MakeRun, opened: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run = make_run(FIRST)
    monkeypatch.setattr(LocalStorage, "write", lambda *_: (_ for _ in ()).throw(StorageError("refused")))
    for content in (b"\xff\xfe", b"one\ttwo\n", f"\t{run.root}\t{SECOND}~failed~a~b~1~\n".encode(), None):
        monkeypatch.setattr(index, "_cache", EndedRuns())
        (tmp_path / "cache" / "spark_etl").mkdir(parents=True, exist_ok=True)
        if content is None:
            monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null/nowhere")
        else:
            (tmp_path / "cache" / "spark_etl" / "ended-runs.txt").write_bytes(content)
        opened.clear()
        assert [run.status for run in runs.list()] == ["succeeded"]
        assert opened == [run.document_path]


def test_a_mark_of_before_the_moment_it_started_was_told_is_still_believed(
    make_run: MakeRun, scratch: Path, opened: list[str]
) -> None:
    make_run(FIRST, status="failed")
    name = f"{FIRST}~failed~2024-02-29~2024-02-29~1.5~late~replay~ada"
    (scratch / "team" / "revenue" / "_runs" / "2024-02" / name).mkdir(parents=True)
    opened.clear()
    (listed,) = runs.list(kind="replay")
    assert (listed.kind, listed.user, listed.started) == ("replay", "ada", None)
    assert opened == []
