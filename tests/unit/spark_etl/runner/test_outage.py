from __future__ import annotations

import io

import pytest
from spark_etl.errors import FeatureError, StorageError
from spark_etl.runner import outage as outage_module
from spark_etl.runner.outage import StoreOutage
from spark_etl.runner.report.progress import Progress
from spark_etl.store import RunStore, RunWriter, StoredRun


class Store:
    """Whether the store answers: each time it is asked the next of these, and then the last one again."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.answers = [True]
        monkeypatch.setattr(StoredRun, "store_answers", lambda _run: self.next())
        monkeypatch.setattr(outage_module.time, "sleep", lambda _seconds: None)

    def next(self) -> bool:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Store:
    return Store(monkeypatch)


@pytest.fixture
def record(tmp_path: object) -> RunWriter:
    return RunStore(str(tmp_path)).start("team", "shop")


def watched(record: RunWriter) -> tuple[StoreOutage, io.StringIO]:
    stream = io.StringIO()
    return StoreOutage(record, Progress((), stream)), stream


def test_a_short_pause_ends_nothing_and_is_said(record: RunWriter) -> None:
    outage, stream = watched(record)
    for second in range(0, 21, 4):
        outage.step(float(second), answers=False)
    outage.step(24.0, answers=True)
    assert outage.error is None
    assert not record.is_paused
    warning, over = stream.getvalue().splitlines()
    assert warning.endswith("does not answer; the run waits for it")
    assert over == "the store answers again after 24s"


def test_a_long_one_ends_the_run_with_one_error_and_the_command_that_goes_on(record: RunWriter) -> None:
    outage, stream = watched(record)
    ended: list[bool] = []
    outage.on_give_up = lambda: ended.append(True)
    for second in range(0, 60, 4):
        if outage.error is None:
            outage.step(float(second), answers=False)
    outage.give_up("net")
    assert ended == [True]
    assert stream.getvalue().count("error:") == 1
    assert "does not answer any more\n  next: once it is up again: " in stream.getvalue()
    assert f"--resume {record.run.run_id}" in stream.getvalue()


def test_a_feature_that_fails_meanwhile_is_named(record: RunWriter, store: Store) -> None:
    outage, _ = watched(record)
    store.answers = [False]
    assert outage.explains(StorageError("s3a://scratch/run.json at http://minio:9000 does not answer: refused"))
    assert not outage.explains(KeyError("CHF"))
    error = outage.give_up("net")
    assert isinstance(error, FeatureError)
    assert error.feature == "net"


def test_the_run_is_recorded_once_the_store_is_back(record: RunWriter, store: Store) -> None:
    outage, stream = watched(record)
    outage.give_up()
    record.end("failed")
    assert (record.run.document() or record.document).status == "running", "nothing is written meanwhile"
    store.answers = [False, False, True]
    assert outage.wait()
    record.end("failed")
    document = record.run.document()
    assert document is not None
    assert document.status == "failed"
    assert "waiting up to 2m00s" in stream.getvalue()


def test_a_store_that_stays_away_is_not_waited_for_for_ever(
    record: RunWriter, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outage_module, "WAIT_SECONDS", 0.0)
    outage, stream = watched(record)
    outage.give_up()
    store.answers = [False]
    assert not outage.wait()
    outage.report_unrecorded()
    assert "`died`" in stream.getvalue()
