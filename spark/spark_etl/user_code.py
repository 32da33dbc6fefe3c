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
from types import ModuleType
from typing import Any

from spark_etl.error_text import cut_text
from spark_etl.errors import NotReturnedError
from spark_etl.printable import printable

LONGEST_VALUE = 1000
NOTHING_TO_DO = "where there is nothing to do, return a DataFrame without rows: spark.createDataFrame([], schema)"
WHEN_IMPORTED = 'what a program does when it is started belongs below `if __name__ == "__main__":`'
RAISE = "raise an exception that says what is wrong"
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


class HardExit(SystemExit):
    """Raised instead of an end of the process at once.

    Args:
        code: The exit code.
        call: What was called.
    """

    def __init__(self, code: object, call: str) -> None:
        super().__init__(code)
        self.call = call


HARD_EXITS = ("_exit", "abort", "execv", "execve")  # all of `os.exec…` are made of the last two


@contextmanager
def no_hard_exit() -> Iterator[None]:
    """Makes `os._exit()` and `os.exec…()` raise SystemExit in this process, so that it can be handled.

    Child processes still end, and become other programs.
    """
    builtin = sys.modules[os.name]  # `posix` has them, too
    before = {name: getattr(os, name) for name in HARD_EXITS}
    for name, function in before.items():
        _replace(name, _raising(name, function), builtin)
    try:
        yield
    finally:
        for name, function in before.items():
            _replace(name, function, builtin)


def _replace(name: str, function: Callable[..., Any], builtin: ModuleType) -> None:
    setattr(os, name, function)
    setattr(builtin, name, function)


def _raising(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    process = os.getpid()

    def raise_exit(*arguments: Any) -> Any:
        if os.getpid() != process:
            return function(*arguments)
        code = ", ".join(map(_safe_text, arguments)) if name == "_exit" else ""
        raise HardExit(arguments[0] if code else 1, f"os.{name}({code})")

    return raise_exit


def keep_exit_code(code: int) -> None:
    """Lets no function that the project has registered with `atexit` end this process with another exit code."""
    end, process = os._exit, os.getpid()
    _replace("_exit", lambda status: end(status if os.getpid() != process else code), sys.modules[os.name])


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
    call = error.call if isinstance(error, HardExit) else f"sys.exit({code})"
    return NotReturnedError(f"it ends the program: {call}", hint=_exit_hint({frame.name for frame in frames}))


def _exit_hint(functions: set[str]) -> str:
    if "transform" in functions:
        return NOTHING_TO_DO
    return WHEN_IMPORTED if "<module>" in functions else RAISE


def _safe_text(value: object, show: Callable[[object], str] = repr) -> str:
    """Returns a value of the user's code as text, also where its class fails to make one."""
    try:
        return printable(cut_text(show(value), LONGEST_VALUE))
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001
        return f"<{type(value).__name__} object>"
