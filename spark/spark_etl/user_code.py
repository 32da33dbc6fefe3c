"""Guards calls of the user's code: a way out that is no return and no `Exception` becomes one."""

from __future__ import annotations

import argparse
import os
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from spark_etl.errors import NotReturnedError

NOTHING_TO_DO = "where there is nothing to do, return a DataFrame without rows: spark.createDataFrame([], schema)"
WHEN_IMPORTED = 'what a program does when it is started belongs below `if __name__ == "__main__":`'
NO_COMMAND_LINE = "a feature's values come from `params:` in the config, not from the command line"


@contextmanager
def guard_user_code() -> Iterator[None]:
    """Runs user's code.

    Raises:
        NotReturnedError: It has left by `sys.exit()` or by another exception that is no `Exception`. A
            KeyboardInterrupt passes in the main thread, the only one that a signal reaches.
    """
    try:
        yield
    except Exception:
        raise
    except KeyboardInterrupt as error:
        if threading.current_thread() is threading.main_thread():
            raise
        raise _as_not_returned_error(error) from error
    except BaseException as error:
        raise _as_not_returned_error(error) from error


@contextmanager
def no_hard_exit() -> Iterator[None]:
    """Makes `os._exit()` raise SystemExit in this process, so that it can be handled; child processes still end."""
    before, process = os._exit, os.getpid()
    builtin = sys.modules[os.name]  # `posix` has it, too

    def raise_exit(status: int) -> NoReturn:
        if os.getpid() != process:
            before(status)
        raise SystemExit(status)

    os._exit = builtin._exit = raise_exit  # type: ignore[attr-defined]
    try:
        yield
    finally:
        os._exit = builtin._exit = before  # type: ignore[attr-defined]


def location_in(error: BaseException, folder: Path) -> str:
    """Returns the innermost line of a folder's files that an error came by, as ` (file:line)`; empty for none."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if frame.filename.startswith("<"):  # such as `quit()` itself
            continue
        file = Path(frame.filename).resolve()
        if file.is_relative_to(folder):
            return f" ({file.relative_to(folder)}:{frame.lineno})"
    return ""


def _as_not_returned_error(error: BaseException) -> NotReturnedError:
    if not isinstance(error, SystemExit):
        return NotReturnedError(f"it raises {type(error).__name__}: {_safe_text(error, str)}".rstrip(": "))
    frames = traceback.extract_tb(error.__traceback__)
    if any(frame.filename == argparse.__file__ for frame in frames):
        return NotReturnedError(
            f"its argparse reads the runner's command line, and ends the program: sys.exit({_safe_text(error.code)})",
            hint=NO_COMMAND_LINE,
        )
    code = "" if error.code is None else _safe_text(error.code)
    at_the_top = any(frame.name == "<module>" for frame in frames)
    return NotReturnedError(
        f"it ends the program: sys.exit({code})", hint=WHEN_IMPORTED if at_the_top else NOTHING_TO_DO
    )


def _safe_text(value: object, show: Callable[[object], str] = repr) -> str:
    """Returns a value of the user's code as text, also where its class fails to make one."""
    try:
        return show(value)
    except Exception:  # noqa: BLE001
        return f"<{type(value).__name__} object>"
