"""Whatever way user's code leaves, it is told as its failure."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable

import pytest
from spark_etl.errors import NotReturnedError
from spark_etl.user_code import called, no_hard_exit


class OfTheirOwnError(BaseException):
    """What no `except Exception` sees."""


def leave_by(error: BaseException) -> Callable[[], None]:
    def leave() -> None:
        raise error

    return leave


@pytest.mark.parametrize(
    ("leave", "told"),
    [
        (sys.exit, "it ends the program: sys.exit()"),
        (lambda: sys.exit(0), "it ends the program: sys.exit(0)"),
        (lambda: sys.exit("no rows today"), "it ends the program: sys.exit('no rows today')"),
        (leave_by(OfTheirOwnError("odd")), "it raises OfTheirOwnError: odd"),
        (leave_by(GeneratorExit()), "it raises GeneratorExit"),
    ],
)
def test_a_way_out_that_is_no_return_becomes_an_error(leave: Callable[[], None], told: str) -> None:
    with pytest.raises(NotReturnedError) as raised, called():
        leave()
    assert raised.value.message == told


def test_errors_and_ctrl_c_pass_as_they_are() -> None:
    with pytest.raises(KeyError), called():
        raise KeyError
    with pytest.raises(StopIteration), called():
        raise StopIteration
    with pytest.raises(KeyboardInterrupt), called():
        raise KeyboardInterrupt


def test_an_interrupt_in_another_thread_is_no_signal() -> None:
    raised: list[BaseException] = []

    def work() -> None:
        try:
            with called():
                raise KeyboardInterrupt  # noqa: TRY301 - as a signal would
        except BaseException as error:  # noqa: BLE001 - all of them are looked at
            raised.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert [type(error) for error in raised] == [NotReturnedError]


def test_a_hard_exit_is_noticed_here_and_ends_a_child() -> None:
    before = os._exit
    with pytest.raises(NotReturnedError, match=r"sys\.exit\(0\)"), no_hard_exit(), called():
        os._exit(0)
    assert os._exit is before
    with no_hard_exit():
        child = os.fork()
        if not child:
            os._exit(3)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3
