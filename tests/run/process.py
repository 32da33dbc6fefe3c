"""One part while it runs: its process, and its output in a file that is read as it grows."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from types import TracebackType

from tests.run.part import Part

CHUNK = 1 << 16
REAP_SECONDS = 5.0


class PartProcess(AbstractContextManager["PartProcess"]):
    """A part that was started, in a session of its own: Ctrl-C reaches it once, from us, and not by the terminal."""

    def __init__(self, part: Part, log: Path) -> None:
        log.unlink(missing_ok=True)
        self.part = part
        self.log = log
        self.seconds = 0.0
        self.shown = False
        self._killed = False
        self._started = time.monotonic()
        with log.open("wb") as out, ExitStack() as undo:
            self._reader = undo.enter_context(log.open("rb"))
            self._process = subprocess.Popen(
                part.command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
            )
            undo.pop_all()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        self._reader.close()

    def poll(self) -> int | None:
        """Returns the exit code as a shell gives it, None while it runs."""
        code = self._process.poll()
        if code is None:
            return None
        self.seconds = self.seconds or time.monotonic() - self._started
        return code if code >= 0 else 128 - code

    def new_output(self) -> Iterator[bytes]:
        """Yields what it has printed since the last call."""
        while chunk := self._reader.read(CHUNK):
            yield chunk

    def terminate(self) -> None:
        """Asks the process itself to end, not its children: it knows in which order they go."""
        if self.poll() is None:
            self._process.terminate()

    def kill(self) -> None:
        """Ends the process, and whatever it left behind in its session's group; once, since ids are used again."""
        if self._killed:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(REAP_SECONDS)
            self._killed = True
