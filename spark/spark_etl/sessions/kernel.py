"""Watches the cells of an IPython kernel: their queries' progress, and that an interrupt ends what it interrupts."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NoReturn

from spark_etl.sessions.cell import Cell
from spark_etl.sessions.queries import QueryMonitor
from spark_etl.sessions.screen import CellScreen

LOOK_SECONDS = 0.5
CANCEL_ATTEMPTS, CANCEL_SECONDS = 10, 0.1
CANCELLED_SECONDS = 5.0


def ipython_shell() -> Any | None:
    """Returns the IPython shell of this process, in a kernel or a terminal; None in plain Python."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython else None


def running_shell() -> Any | None:
    """Returns the IPython shell of a notebook's kernel; None in a script or a terminal."""
    shell = ipython_shell()
    return shell if hasattr(shell, "kernel") else None


class CellWatcher:
    """Shows below each cell of a kernel how far its queries are, from the present cell on.

    Args:
        shell: The kernel's IPython shell.
        monitor: Counts the queries' work.
        explain_wait: Returns who holds the cores, given the seconds waited; None where no query waits for cores.
    """

    def __init__(self, shell: Any, monitor: QueryMonitor, explain_wait: Callable[[float], str] | None) -> None:
        self._shell, self._monitor, self._explain_wait = shell, monitor, explain_wait
        self._cell: Cell | None = None
        self._in_cell = threading.Event()
        self._stopped = False
        self._cancelling: threading.Thread | None = None
        shell.events.register("pre_run_cell", self._begin)
        shell.events.register("post_run_cell", self._end)
        threading.Thread(target=self._run, name="spark-progress", daemon=True).start()
        self._begin()

    def stop(self) -> None:
        """Leaves the kernel's cells alone."""
        self._stopped, self._cell = True, None
        self._in_cell.set()
        self._shell.events.unregister("pre_run_cell", self._begin)
        self._shell.events.unregister("post_run_cell", self._end)

    def _begin(self, *_: Any) -> None:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, self._on_interrupt)  # for this cell; the kernel sets its own before each
        if self._cancelling:  # of the cell before: it must not end this one's jobs
            self._cancelling.join(CANCELLED_SECONDS)
        with suppress(Exception):  # the session has ended: then there is nothing to show
            self._monitor.start_cell()
            self._cell = Cell(self._monitor, CellScreen(self._shell.display_pub), self._explain_wait)
            self._in_cell.set()

    def _end(self, *_: Any) -> None:
        self._in_cell.clear()
        cell, self._cell = self._cell, None
        if cell:
            with suppress(Exception):
                cell.end(time.monotonic())

    def _run(self) -> None:
        while not self._stopped:
            self._in_cell.wait()
            time.sleep(LOOK_SECONDS)
            cell = self._cell
            if cell:
                with suppress(Exception):
                    cell.step(time.monotonic())

    def _on_interrupt(self, *_: Any) -> NoReturn:
        self._cancelling = threading.Thread(target=self._cancel, name="spark-cancel", daemon=True)
        self._cancelling.start()  # this thread's own call is cut
        raise KeyboardInterrupt

    def _cancel(self) -> None:
        """Cancels until it succeeds: the cut call may take the first attempt's connection to the JVM along."""
        for _ in range(CANCEL_ATTEMPTS):
            try:
                self._monitor.cancel()
            except Exception:  # noqa: BLE001 - of a session that has ended, the jobs have ended too
                time.sleep(CANCEL_SECONDS)
            else:
                return
