"""Runs parts side by side and shows their output as if they had run one after the other."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.run.part import Part
from tests.run.process import PartProcess

POLL_SECONDS = 0.05
CLEANUP_SECONDS = 300.0  # a stack that is up is reset, and what stays of it is removed
Write = Callable[[bytes], object]


@dataclass(frozen=True)
class Result:
    """How a part ended.

    Attributes:
        outcome: `passed`, `failed`, `stopped` (another part had failed, or a signal came) or `not run`.
        code: Its exit code, 0 if it was not run.
    """

    part: Part
    outcome: str
    code: int = 0
    seconds: float = 0.0
    log: Path | None = None


class Runner:
    """One test run.

    The first part to fail ends all others, and its exit code is the run's. A signal ends them too; they get the time
    to clean up, and a second signal takes it from them.
    """

    def __init__(self, parts: Sequence[Part], folder: Path, write: Write) -> None:
        self._parts = parts
        self._folder = folder
        self._write = write
        self._started: dict[str, PartProcess] = {}
        self._outcomes: dict[str, str] = {}
        self._signals: list[int] = []
        self._deadline: float | None = None
        self._shown = 0
        self.code = 0

    def run(self) -> list[Result]:
        """Runs the parts, and returns how each ended, in their order; `code` is the run's exit code then."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as processes, self._recording_signals():
            while True:
                self._react_to_signals()
                self._start_ready(processes)
                self._record_ended()
                self._show()
                if all(name in self._outcomes for name in self._started) and not self._ready():
                    return [self._result(part) for part in self._parts]
                time.sleep(POLL_SECONDS)

    @contextmanager
    def _recording_signals(self) -> Iterator[None]:
        def record(number: int, frame: Any) -> None:
            del frame
            self._signals.append(number)

        before = {number: signal.signal(number, record) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _react_to_signals(self) -> None:
        if not self._signals:
            return
        numbers, self._signals = self._signals, []
        if self._deadline is None:
            self._say(f"{signal.Signals(numbers[0]).name}: the parts clean up; once more ends them at once")
            self._stop(128 + numbers.pop(0))
        if numbers:
            self._deadline = 0.0

    def _stop(self, code: int) -> None:
        self.code = self.code or code
        self._deadline = time.monotonic() + CLEANUP_SECONDS
        for process in self._started.values():
            process.terminate()

    def _ready(self) -> list[Part]:
        """Returns the parts that can start now."""
        if self._deadline is not None:
            return []
        passed = {name for name, outcome in self._outcomes.items() if outcome == "passed"}
        return [part for part in self._parts if part.name not in self._started and passed.issuperset(part.after)]

    def _start_ready(self, processes: ExitStack) -> None:
        for part in self._ready():
            process = PartProcess(part, self._folder / f"{part.name}.log")
            self._started[part.name] = processes.enter_context(process)

    def _record_ended(self) -> None:
        late = self._deadline is not None and time.monotonic() > self._deadline
        for name, process in self._started.items():
            if name in self._outcomes:
                continue
            if late:
                process.kill()
            code = process.poll()
            if code is None:
                continue
            stopped = self._deadline is not None
            self._outcomes[name] = "passed" if code == 0 else "stopped" if stopped else "failed"
            process.kill()  # what it left behind
            if code and not stopped:
                self._stop(code)

    def _show(self) -> None:
        """Prints what is new of the first part that has not ended, and all of those before it; none after a failure."""
        while self._shown < len(self._parts):
            part = self._parts[self._shown]
            process, outcome = self._started.get(part.name), self._outcomes.get(part.name)
            if process is not None:
                self._show_part(process)
            if outcome is None and (process is not None or self._deadline is None):
                return
            self._shown = len(self._parts) if outcome == "failed" else self._shown + 1

    def _show_part(self, process: PartProcess) -> None:
        if not process.shown:
            self._say(f"── {process.part.name}")
        for chunk in process.new_output():
            self._write(chunk)
        process.shown = True

    def _say(self, line: str) -> None:
        self._write(f"{line}\n".encode())

    def _result(self, part: Part) -> Result:
        process = self._started.get(part.name)
        if process is None:
            return Result(part, "not run")
        return Result(part, self._outcomes[part.name], process.poll() or 0, process.seconds, process.log)
