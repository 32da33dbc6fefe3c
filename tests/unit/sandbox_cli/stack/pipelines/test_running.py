"""A running run is found in its container, followed and ended; one that has ended, or runs elsewhere, is refused."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from docker.errors import NotFound
from spark_etl.reading import Runs
from spark_etl.store import RunStore, RunWriter

from sandbox_cli.errors import SandboxError, UsageError
from sandbox_cli.settings import Settings
from sandbox_cli.stack import services
from sandbox_cli.stack.pipelines import running

HOST = "0123456789ab"


class FakeContainer:
    """A container whose stop ends the run in it."""

    def __init__(self, record: RunWriter, *, driver: bool = True, stack: str = "sandbox") -> None:
        self.record, self.id, self.name = record, HOST * 5, "sandbox-user-ada"
        own = {services.STACK: stack, services.USER: "ada"}
        label = {services.ONE_OFF: "True", services.PROJECT: stack} if driver else own
        self.labels, self.removed, self.killed = label, False, [""]

    def stop(self, timeout: int) -> None:
        self.record.end("interrupted")

    def remove(self, *, force: bool) -> None:
        self.removed = True

    def exec_run(self, command: list[str]) -> Any:
        self.killed = command
        self.record.end("interrupted")
        return SimpleNamespace(exit_code=0, output=b"")


@pytest.fixture
def record(tmp_path: Path) -> RunWriter:
    writer = RunStore(str(tmp_path)).start("team", "shop", by={"user": "ada", "host": HOST, "pid": "7"})
    writer.beat(15)
    return writer


@pytest.fixture
def users_record(tmp_path: Path) -> RunWriter:
    writer = RunStore(str(tmp_path)).start("users/ada", "shop", by={"user": "ada", "host": HOST, "pid": "7"})
    writer.beat(15)
    return writer


def session_of(tmp_path: Path, container: FakeContainer | None) -> Any:
    def get(name: str) -> FakeContainer:
        if container is None or not container.id.startswith(name):
            raise NotFound(name)
        return container

    client = SimpleNamespace(containers=SimpleNamespace(get=get))
    return SimpleNamespace(runs=Runs(str(tmp_path)), engine=SimpleNamespace(client=client), settings=Settings())


def test_a_driver_is_stopped_and_the_run_is_interrupted(record: RunWriter, tmp_path: Path) -> None:
    container = FakeContainer(record)
    found = running.find(session_of(tmp_path, container), record.run.run_id[-6:])
    assert found.is_driver
    assert running.stop(found) == "interrupted"
    assert container.removed


def test_in_a_users_server_only_the_runs_own_process_is_ended(users_record: RunWriter, tmp_path: Path) -> None:
    container = FakeContainer(users_record, driver=False)
    found = running.find(session_of(tmp_path, container), f"users/ada/shop/{users_record.run.run_id}")
    assert running.stop(found) == "interrupted"
    assert container.killed == ["kill", "-TERM", "7"]
    assert not container.removed


def test_a_users_document_names_no_container_of_others(
    users_record: RunWriter, record: RunWriter, tmp_path: Path
) -> None:
    name = f"users/ada/shop/{users_record.run.run_id}"
    driver, server = FakeContainer(users_record), FakeContainer(users_record, driver=False)
    server.labels[services.USER] = "bob"
    for container in (driver, server):
        with pytest.raises(SandboxError, match="is not of this machine"):
            running.find(session_of(tmp_path, container), name)
    with pytest.raises(SandboxError, match="is not of this machine"):
        running.find(session_of(tmp_path, server), record.run.run_id)


def test_there_the_log_is_followed_as_it_is_kept(
    users_record: RunWriter, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    users_record.log.add("one")
    users_record.log.add("two \x1b]52;c;aGk=\x07")
    users_record.store_log()
    session = session_of(tmp_path, FakeContainer(users_record, driver=False))
    found = running.find(session, f"users/ada/shop/{users_record.run.run_id}")

    def end(_seconds: float) -> None:
        users_record.log.add("three")
        users_record.store_log()
        users_record.end("failed")

    monkeypatch.setattr(running.time, "sleep", end)
    assert running.attach(session, found, tail=1) == 5
    shown = capsys.readouterr().err
    assert [line.split()[1] for line in shown.splitlines()] == ["two", "three"]
    assert "\x1b" not in shown


def test_a_run_that_has_ended_is_refused(record: RunWriter, tmp_path: Path) -> None:
    record.end("succeeded")
    with pytest.raises(UsageError, match="is not running: succeeded"):
        running.find(session_of(tmp_path, None), record.run.run_id)


@pytest.mark.parametrize("owner", [None, "other"])
def test_a_run_of_another_machine_or_stack_is_refused(record: RunWriter, tmp_path: Path, owner: str | None) -> None:
    container = FakeContainer(record, stack=owner) if owner else None
    with pytest.raises(SandboxError, match=f"is not of this machine: it runs on `{HOST}`"):
        running.find(session_of(tmp_path, container), record.run.run_id)
