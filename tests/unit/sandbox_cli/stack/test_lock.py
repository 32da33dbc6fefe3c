"""One change of a stack, and one build of images, at a time; who has to wait is shown for whom."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox_cli.console import Console
from sandbox_cli.errors import StackError
from sandbox_cli.settings import Settings
from sandbox_cli.stack import lock
from sandbox_cli.stack.lock import build_lock

HOLD = """
import sys
from pathlib import Path
from sandbox_cli.console import Console
from sandbox_cli.settings import Settings
from sandbox_cli.stack import lock
with lock.stack_lock(Console(plain=True), Settings(stack="demo", state_home=Path(sys.argv[1])), "reset"):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(stack="demo", state_home=tmp_path, wait_for_lock=False)


@pytest.fixture
def holder(settings: Settings) -> Iterator[subprocess.Popen[str]]:
    """Another `sandbox reset` of the same stack, which ends when it gets a line on stdin."""
    argv = [sys.executable, "-c", HOLD, str(settings.state_home)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_without_waiting_the_holder_is_named(settings: Settings, holder: subprocess.Popen[str]) -> None:
    with (
        pytest.raises(StackError, match="`demo` is being changed by") as caught,
        lock.stack_lock(Console(), settings, "up"),
    ):
        pytest.fail("two at once")
    assert f"`sandbox reset` (process {holder.pid}, since " in caught.value.message


def test_waiting_is_shown_once_and_ends_with_the_holder(
    settings: Settings, holder: subprocess.Popen[str], capsys: pytest.CaptureFixture[str]
) -> None:
    waiting = dataclasses.replace(settings, wait_for_lock=True)
    got = threading.Event()

    def wait() -> None:
        with lock.stack_lock(Console(plain=True), waiting, "up"):
            got.set()

    thread = threading.Thread(target=wait)
    thread.start()
    assert not got.wait(lock.POLL_SECONDS * 2)
    holder.communicate("\n")
    thread.join(10)

    assert got.is_set()
    assert capsys.readouterr().err.count("waiting for `sandbox reset`") == 1


def test_a_lock_goes_with_a_holder_that_was_killed(settings: Settings, holder: subprocess.Popen[str]) -> None:
    holder.kill()
    holder.wait()
    with lock.stack_lock(Console(plain=True), settings, "up"):
        pass


def test_a_lock_is_free_after_an_error_and_names_no_holder(settings: Settings) -> None:
    with pytest.raises(ZeroDivisionError), lock.stack_lock(Console(plain=True), settings, "up"):
        raise ZeroDivisionError

    assert (settings.state_dir / "up.lock").read_text() == ""
    with lock.stack_lock(Console(plain=True), settings, "up"):
        assert f'"pid": {os.getpid()}' in (settings.state_dir / "up.lock").read_text()


def test_stacks_do_not_wait_for_each_other(settings: Settings, holder: subprocess.Popen[str]) -> None:
    with lock.stack_lock(Console(plain=True), dataclasses.replace(settings, stack="other"), "up"):
        pass


@pytest.mark.parametrize("record", ["", "{", "[]", "{}", '"x"'])
def test_a_holder_without_a_record_is_named_somehow(settings: Settings, record: str) -> None:
    path = settings.state_dir / "up.lock"
    path.parent.mkdir()
    path.write_text(record)
    with path.open("a+") as file:
        assert lock._holder(file) == "another `sandbox` command"


class Stage:
    def __init__(self) -> None:
        self.shown: list[str] = []
        self.updated = threading.Event()

    def update(self, detail: str) -> None:
        self.shown.append(detail)
        self.updated.set()


def test_a_second_builder_waits_and_shows_for_whom(tmp_path: Path) -> None:
    stage, entered = Stage(), threading.Event()

    def build() -> None:
        with build_lock(stage, tmp_path / "lock"):
            entered.set()

    with build_lock(Stage(), tmp_path / "lock"):
        second = threading.Thread(target=build)
        second.start()
        assert stage.updated.wait(5)
        assert not entered.is_set()
    assert entered.wait(5)
    second.join(5)
    assert stage.shown == ["waiting: another `sandbox up` is building images"]


def test_a_builder_alone_does_not_wait(tmp_path: Path) -> None:
    stage = Stage()
    with build_lock(stage, tmp_path / "lock"):
        pass
    assert stage.shown == []


def test_a_process_is_alive_as_long_as_it_is_inside(tmp_path: Path) -> None:
    sign = tmp_path / "sign"
    assert not lock.is_alive(sign)
    with lock.alive(sign):
        assert lock.is_alive(sign)
    assert not lock.is_alive(sign)
    sign.touch()
    assert not lock.is_alive(sign), "one that a killed process has left"


def test_a_sign_that_is_left_is_deleted_and_one_of_a_process_that_lives_is_not(tmp_path: Path) -> None:
    sign = tmp_path / "sign"
    lock.remove_dead(sign)
    sign.touch()
    lock.remove_dead(sign)
    assert not sign.exists()
    with lock.alive(sign):
        lock.remove_dead(sign)
        assert lock.is_alive(sign)


def test_a_sign_that_is_deleted_before_it_is_locked_is_made_once_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign, locked = tmp_path / "sign", lock.fcntl.flock

    def late(file: Any, how: int) -> None:
        monkeypatch.setattr(lock.fcntl, "flock", locked)
        sign.unlink()
        locked(file, how)

    monkeypatch.setattr(lock.fcntl, "flock", late)
    with lock.alive(sign):
        assert lock.is_alive(sign)
