"""The only user of rich: messages go to stderr, data goes to stdout; what others wrote is shown, never obeyed.

On a terminal a stage is one live line that ends as `✓ images  1m42s  6 built`; elsewhere every change of a
stage is a plain line of its own, so that a CI log shows what is being done and how long it took.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console as RichConsole
from rich.status import Status
from rich.table import Table
from rich.text import Text
from spark_etl.printable import printable, printable_json
from spark_etl.units import format_duration

from sandbox_cli import program
from sandbox_cli.errors import SandboxError

WIDE = 250
CLEAR_LINE = "\r\x1b[K"


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
            self._status.update(Text.assemble((self.name, "bold"), " ", printable(detail, one_line=True)))
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
    """Where all output of the command goes.

    Attributes:
        plain: Whether lines stay as they are, without a terminal that redraws them.
        stack: Which stack the commands in messages have to mean; the usual one if empty.
        timings: Seconds of each stage, by name.
    """

    def __init__(self, *, plain: bool | None = None) -> None:
        self._err = RichConsole(stderr=True, highlight=False, soft_wrap=True, emoji=False)
        self._out = RichConsole(highlight=False, soft_wrap=True, emoji=False)
        if not self._out.is_terminal and "COLUMNS" not in os.environ:
            self._out.width = WIDE  # a table for a file or a pipe is not folded
        self.plain = (not self._err.is_terminal) if plain is None else plain
        self.stack = ""
        self.timings: dict[str, float] = {}

    @property
    def columns(self) -> int | None:
        """The width of the terminal that messages go to; None without one."""
        return None if self.plain or not self._err.is_terminal else self._err.width

    @property
    def width(self) -> int:
        """The width of what data goes to: of the terminal, or more than any table needs."""
        return self._out.width

    def live(self, text: str) -> None:
        """Shows on a terminal, and only there, a line that the next one replaces; an empty text clears it."""
        if self.columns is not None:
            self._err.file.write(f"{CLEAR_LINE}{printable(text, one_line=True)[: self._err.width - 1]}")
            self._err.file.flush()

    def as_typed(self, message: str) -> str:
        """Returns a message whose commands can be typed as they are printed."""
        return program.as_typed(message, program.prefix(self.stack))

    def info(self, message: str) -> None:
        """Prints a message line."""
        self._err.print(Text(self._shown(message)))

    def warn(self, message: str) -> None:
        """Prints a warning line."""
        self._err.print(Text.assemble(("warning:", "yellow"), " ", self._shown(message)))

    def error(self, error: SandboxError) -> None:
        """Prints what went wrong and what to do next."""
        self._err.print(Text.assemble(("error:", "bold red"), " ", self._shown(error.message)))
        if error.hint:
            self._err.print(Text.assemble(("  next:", "dim"), " ", self.hint(error.hint, indent=8)))

    def hint(self, text: str, *, indent: int) -> str:
        """Returns a hint as it is shown: a command is a line of its own, and what is said of it stands below.

        Args:
            text: One line, or a command and lines about it.
            indent: How many columns the first line begins after the margin.
        """
        return self._shown(text).replace("\n", f"\n{' ' * indent}")

    def _shown(self, message: str) -> str:
        return printable(self.as_typed(message))

    def data(self, text: str) -> None:
        """Prints to stdout."""
        self._out.print(Text(printable(text)))

    def json(self, value: Any) -> None:
        """Prints one JSON document to stdout, in ASCII."""
        print(printable_json(json.dumps(value, indent=2, default=str)))

    def table(self, columns: list[str], rows: list[list[str]], *, whole: Collection[str] = ()) -> None:
        """Prints a table to stdout; the first column, which one copies from, is never folded within a name.

        Args:
            columns: Their names.
            rows: Their cells.
            whole: Other columns that are not folded within a word, where the terminal is too narrow for the table.
                A range such as `2024-02-27..2024-02-29` then takes two lines.
        """
        lines = [[printable(cell, one_line=True) for cell in row] for row in rows]
        lines = [row for name, *others in lines for row in self._in_view(name, others)]
        folded = [_folded(row, columns, whole) for row in lines]
        words = [max(map(len, column.split())) for column in columns]
        kept = [number for number, column in enumerate(columns) if number == 0 or column in whole]
        # Rich puts a blank on both sides of a cell; in a narrow table it has one on its right only.
        narrow = sum(_widths(columns, lines)) + 2 * (len(columns) - 1) > self._out.width
        least = [width if number in kept else words[number] for number, width in enumerate(_widths(columns, folded))]
        fits = narrow and bool(whole) and sum(least) + len(columns) - 1 <= self._out.width
        table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 1, 0, 0) if narrow else (0, 1))
        for number, column in enumerate(columns):
            no_wrap = number in kept if fits else number == 0
            table.add_column(column, overflow="fold", no_wrap=no_wrap, min_width=words[number] if fits else None)
        for row in folded if fits else lines:
            table.add_row(*map(Text, row))
        self._out.print(table)

    def _in_view(self, name: str, others: list[str]) -> Iterator[list[str]]:
        """Yields a row; of a long path the last part is on a line of its own."""
        if len(name) > self._out.width // 2:
            folder, slash, name = name.rpartition("/")
            yield [folder + slash]
        yield [name, *others]

    def ask(self, question: str) -> bool:
        """Asks on a terminal; without one the answer is no question, so it returns True."""
        if self.plain:
            return True
        prompt = Text.assemble(self._shown(question), " ", ("[y/N]", "bold"), " ")
        return self._err.input(prompt).strip().lower() in {"y", "yes"}

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
        mark = ("✓", "green") if done else ("✗", "red")
        line = f" {stage.name:<10} {format_duration(seconds):>6}  "
        self._err.print(Text.assemble(mark, line, (self._shown(stage.result), "dim")))


def _widths(columns: list[str], lines: list[list[str]]) -> list[int]:
    """Returns how wide the columns of a table are, each with its longest line."""
    cells = [[column, *(row[number] for row in lines if number < len(row))] for number, column in enumerate(columns)]
    return [max(len(line) for cell in column for line in cell.split("\n")) for column in cells]


def _folded(row: list[str], columns: list[str], whole: Collection[str]) -> list[str]:
    """Returns a row with its ranges on two lines."""
    return [
        cell.replace("..", "..\n", 1) if column in whole else cell for column, cell in zip(columns, row, strict=False)
    ]
