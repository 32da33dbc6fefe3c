"""The only user of rich: messages go to stderr, data goes to stdout.

On a terminal a stage is one live line that ends as `✓ images  1m42s  6 built`; elsewhere every change of a
stage is a plain line of its own, so that a CI log shows what is being done and how long it took.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console as RichConsole
from rich.markup import escape
from rich.status import Status
from rich.table import Table
from spark_etl.units import format_duration

from sandbox_cli.errors import SandboxError

WIDE = 250


class Stage:
    """One step of a longer command; `update` shows what it is doing now, `result` what it ended with."""

    def __init__(self, console: Console, name: str, status: Status | None) -> None:
        self._console = console
        self._status = status
        self.name = name
        self.result = ""

    def update(self, detail: str) -> None:
        """Shows what the stage is doing now: on the live line, or as a plain line without a terminal."""
        if self._status is not None:
            self._status.update(f"[bold]{self.name}[/] {escape(detail)}")
        else:
            self._console.info(f"[{self.name}] {detail}")

    @property
    def live(self) -> bool:
        """Whether the stage is one line that is redrawn, and not lines one below the other."""
        return self._status is not None

    def ask(self, question: str) -> bool:
        """Asks as `Console.ask` does, with the live line out of the way."""
        if self._status is not None:
            self._status.stop()
        try:
            return self._console.ask(question)
        finally:
            if self._status is not None:
                self._status.start()

    def line(self, detail: str) -> None:
        """Leaves a line that stays, on a terminal too."""
        self._console.info(f"  {detail}" if self._status is not None else f"[{self.name}] {detail}")


class Console:
    """Where all output of the command goes."""

    def __init__(self, *, plain: bool | None = None) -> None:
        self._err = RichConsole(stderr=True, highlight=False, soft_wrap=True, emoji=False)
        self._out = RichConsole(highlight=False, soft_wrap=True, emoji=False)
        if not self._out.is_terminal and "COLUMNS" not in os.environ:
            self._out.width = WIDE  # a table for a file or a pipe is not folded
        self.plain = (not self._err.is_terminal) if plain is None else plain
        self.timings: dict[str, float] = {}

    def info(self, message: str) -> None:
        """Prints a message line."""
        self._err.print(message, markup=False)

    def warn(self, message: str) -> None:
        """Prints a warning line."""
        self._err.print(f"[yellow]warning:[/] {escape(message)}")

    def error(self, error: SandboxError) -> None:
        """Prints what went wrong and what to do next."""
        self._err.print(f"[bold red]error:[/] {escape(error.message)}")
        if error.hint:
            self._err.print(f"  [dim]next:[/] {escape(error.hint)}")

    def data(self, text: str) -> None:
        """Prints to stdout, as it is."""
        self._out.print(text, markup=False)

    def json(self, value: Any) -> None:
        """Prints one JSON document to stdout."""
        print(json.dumps(value, indent=2, default=str))

    def table(self, columns: list[str], rows: list[list[str]]) -> None:
        """Prints a table to stdout."""
        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in columns:
            table.add_column(column, overflow="fold")
        for row in rows:
            table.add_row(*(escape(cell) for cell in row))
        self._out.print(table)

    def ask(self, question: str) -> bool:
        """Asks on a terminal; without one the answer is no question, so it returns True."""
        if self.plain:
            return True
        return self._err.input(f"{escape(question)} [bold]\\[y/N][/] ").strip().lower() in {"y", "yes"}

    @contextmanager
    def stage(self, name: str, *, live: bool = True) -> Iterator[Stage]:
        """Runs the block as a named stage and prints its time and result at the end.

        Args:
            name: Of the stage.
            live: Whether it may redraw its line on a terminal; not where the block prints or asks by itself.
        """
        started = time.monotonic()
        status = self._err.status(f"[bold]{name}[/]") if live and not self.plain else None
        stage = Stage(self, name, status)
        if status is not None:
            status.start()
        elif self.plain:
            self.info(f"[{name}] …")
        done = False
        try:
            yield stage
            done = True
        finally:
            seconds = self.timings[name] = time.monotonic() - started
            if status is not None:
                status.stop()
            self._end_stage(stage, seconds, done=done)

    def _end_stage(self, stage: Stage, seconds: float, *, done: bool) -> None:
        if self.plain:
            word = "done" if done else "failed"
            result = f": {stage.result}" if stage.result else ""
            self.info(f"[{stage.name}] {word} in {format_duration(seconds)}{result}")
            return
        mark = "[green]✓[/]" if done else "[red]✗[/]"
        self._err.print(f"{mark} {stage.name:<10} {format_duration(seconds):>6}  [dim]{escape(stage.result)}[/]")
