"""Whatever way user's code leaves, it is reported as its failure."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from spark_etl import user_code
from spark_etl.errors import NotReturnedError
from spark_etl.user_code import guard_user_code


class OfTheirOwnError(BaseException):
    """What no `except Exception` sees."""


class Unspeakable:
    """What fails when it is shown."""

    def __repr__(self) -> str:
        raise ValueError


def leave_by(error: BaseException) -> Callable[[], None]:
    def leave() -> None:
        raise error

    return leave


@pytest.mark.parametrize(
    ("leave", "expected"),
    [
        (sys.exit, "it ends the program: sys.exit()"),
        (lambda: sys.exit(0), "it ends the program: sys.exit(0)"),
        (lambda: sys.exit("no rows today"), "it ends the program: sys.exit('no rows today')"),
        (leave_by(OfTheirOwnError("odd")), "it raises OfTheirOwnError: odd"),
        (leave_by(GeneratorExit()), "it raises GeneratorExit"),
        (lambda: sys.exit(Unspeakable()), "it ends the program: sys.exit(<Unspeakable object>)"),
        (leave_by(OfTheirOwnError(Unspeakable())), "it raises OfTheirOwnError: <OfTheirOwnError object>"),
    ],
)
def test_a_way_out_that_is_no_return_becomes_an_error(leave: Callable[[], None], expected: str) -> None:
    with pytest.raises(NotReturnedError) as raised, guard_user_code():
        leave()
    assert raised.value.message == expected


def test_errors_and_ctrl_c_pass_as_they_are() -> None:
    with pytest.raises(KeyError), guard_user_code():
        raise KeyError
    with pytest.raises(StopIteration), guard_user_code():
        raise StopIteration
    with pytest.raises(KeyboardInterrupt), guard_user_code():
        raise KeyboardInterrupt


def test_an_interrupt_in_another_thread_is_no_signal() -> None:
    raised: list[BaseException] = []

    def work() -> None:
        try:
            with guard_user_code():
                raise KeyboardInterrupt  # noqa: TRY301 - as a signal would
        except BaseException as error:  # noqa: BLE001 - all of them are looked at
            raised.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert [type(error) for error in raised] == [NotReturnedError]


HARD_EXITS = """
import os, sys
from spark_etl.errors import NotReturnedError
from spark_etl.user_code import guard_user_code, no_hard_exit
before = os._exit
try:
    with no_hard_exit(), guard_user_code():
        {leave}
except NotReturnedError as error:
    print(error.message)
assert os._exit is before
with no_hard_exit():
    child = os.fork()
    if not child:
        os._exit(3)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    """Runs code in a process of its own, which might end without a word."""
    environment = {**os.environ, "PYTHONPATH": str(Path(user_code.__file__).parents[1])}
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60, env=environment
    )


@pytest.mark.parametrize(
    ("leave", "call"),
    [
        ("os._exit(0)", "os._exit(0)"),
        ("__import__('posix')._exit(0)", "os._exit(0)"),
        ("os.execlp('true', 'true')", "os.execv()"),
        ("os.execve('/bin/true', ['true'], {{}})", "os.execve()"),
    ],
)
def test_a_hard_exit_is_noticed_here_and_ends_a_child(leave: str, call: str) -> None:
    done = run_python(HARD_EXITS.format(leave=leave.format()))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [f"it ends the program: {call}", "3"]


def test_what_the_project_does_at_the_end_does_not_change_the_exit_code() -> None:
    done = run_python(
        "import atexit, os, sys; from spark_etl.user_code import keep_exit_code\n"
        "atexit.register(lambda: os._exit(0)); keep_exit_code(5); sys.exit(5)"
    )
    assert (done.returncode, done.stderr) == (5, "")
