"""`sandbox replay` of an imported run: in which order things are done, and what is done when it is interrupted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from spark_etl.debugging.origin import Origin
from spark_etl.reading import Run
from spark_etl.store import RunDocument, StoredRun

from sandbox_cli.console import Console
from sandbox_cli.errors import PipelineError, SandboxError, UsageError
from sandbox_cli.stack.pipelines import replay as replaying
from sandbox_cli.stack.pipelines.replay import Code
from sandbox_cli.stack.private import replay as module
from sandbox_cli.stack.private.collecting import Collected
from sandbox_cli.stack.private.loading import Loaded

ID = "20240229T101112Z-7f3a2c"
ROOT = f"s3a://scratch/elsewhere/shop/{ID}"
SESSION: Any = SimpleNamespace(engine=None, settings=None, runs=SimpleNamespace(scratch="s3a://scratch"))


class Steps(list[str]):
    """What was done, in order."""

    command: list[str]
    options: list[str]
    seconds: float
    refused: list[str]
    ends: BaseException | int = 5


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Steps:
    done = Steps()
    done.refused = []

    @contextmanager
    def place(*_: object) -> Iterator[str]:
        done.append("place")
        try:
            yield "place"
        finally:
            done.append("removed")

    def run(*given: Any, seconds: float) -> int:
        done.append("run")
        *_, done.command, done.options = given
        done.seconds = seconds
        if isinstance(done.ends, BaseException):
            raise done.ends
        return done.ends

    def collect(*_: object, **__: object) -> Collected:
        done.append("collect")
        return Collected(refused=done.refused)

    monkeypatch.setattr(replaying, "driver_options", lambda *_, **__: ["--env", "SPARK_ETL_USER=ada"])
    monkeypatch.setattr(module, "new_place", place)
    monkeypatch.setattr(module, "start_store", lambda *_: done.append("store"))
    monkeypatch.setattr(module, "load", lambda *_: done.append("load") or Loaded(3, 100, ("file:///home/ada/x",)))
    monkeypatch.setattr(module.driver, "run", run)
    monkeypatch.setattr(module, "runs_beside", lambda *_: done.append("look"))
    monkeypatch.setattr(module, "folder_of", lambda *_: tmp_path)
    monkeypatch.setattr(module, "collect", collect)
    return done


@pytest.fixture
def origin() -> Origin:
    document = RunDocument(ID, ROOT, "elsewhere", "shop", kind="imported", imported={"from": "s3a://scratch/a/b/c"})
    return Origin(Run(StoredRun(ROOT), document), "net")


def test_the_store_is_filled_before_the_code_runs_and_looked_at_before_it_goes(
    steps: Steps, origin: Origin, capsys: pytest.CaptureFixture[str]
) -> None:
    assert module.replay(Console(plain=True), SESSION, origin, None, ["--json"]) == 5

    assert steps == ["place", "store", "load", "look", "run", "collect", "removed"]
    assert steps.command[4:] == [f"{ROOT}/net", "--scratch-path", "s3a://scratch", "--local", "--json"]
    assert steps.options == ["--env", "SPARK_ETL_USER=ada"]
    shown = capsys.readouterr()
    assert "3 objects" in shown.err
    assert "rows of them were kept: file:///home/ada/x" in shown.err
    assert shown.out == "", "stdout is the replay's"


def test_an_interrupted_one_is_kept_and_nothing_else_is_left(steps: Steps, origin: Origin) -> None:
    steps.ends = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        module.replay(Console(plain=True), SESSION, origin, None, [])
    assert steps[-2:] == ["collect", "removed"]


def test_spark_is_local_once_and_other_code_is_mounted(
    steps: Steps, origin: Origin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def readable(_settings: object, folder: Path, _say: object) -> Iterator[Path]:
        yield folder

    monkeypatch.setattr(replaying.project, "readable", readable)
    code = Code(tmp_path, "the fix", tmp_path, None)
    module.replay(Console(plain=True), SESSION, origin, code, ["--local"])
    assert steps.command[-5:] == ["--local", "--code", "/project", "--code-name", "the fix"]
    assert steps.options[2:4] == ["--volume", f"{tmp_path}:/project:ro"]


def test_its_code_has_half_an_hour(steps: Steps, origin: Origin) -> None:
    module.replay(Console(plain=True), SESSION, origin, None, [])
    assert steps.seconds == 1800


def test_when_its_time_is_over_it_is_kept_and_the_message_says_how_to_give_it_more(
    steps: Steps, origin: Origin
) -> None:
    steps.ends = module.driver.TimeOverError()
    with pytest.raises(PipelineError, match=r"has run for 5 minutes.*its containers are removed") as raised:
        module.replay(Console(plain=True), SESSION, origin, None, [], minutes=5)
    assert steps.seconds == 300
    assert steps[-2:] == ["collect", "removed"]
    assert raised.value.exit_code == 5
    assert raised.value.hint == f"sandbox replay {ID}/net --time-limit 10"


def test_what_is_not_kept_is_no_answer(steps: Steps, origin: Origin, capsys: pytest.CaptureFixture[str]) -> None:
    """The code says `same rows`, and has left rows that nobody can read."""
    steps.ends, steps.refused = 0, ["s3a://scratch/x/net/part-0.parquet: it does not end as Parquet does"]
    with pytest.raises(SandboxError, match="1 run could not be kept") as raised:
        module.replay(Console(plain=True), SESSION, origin, None, [])
    assert raised.value.exit_code == 1
    assert "does not end as Parquet does" in capsys.readouterr().err


def test_interrupted_it_stays_interrupted_whatever_it_has_left(steps: Steps, origin: Origin) -> None:
    steps.ends, steps.refused = KeyboardInterrupt(), ["a lie"]
    with pytest.raises(KeyboardInterrupt):
        module.replay(Console(plain=True), SESSION, origin, None, [])


def test_a_size_that_is_none_is_refused_before_anything_is_started(
    steps: Steps, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SANDBOX_REPLAY_MAX_GB", "much")
    with pytest.raises(UsageError):
        module.replay(Console(plain=True), SESSION, origin, None, [])
    assert steps == []
