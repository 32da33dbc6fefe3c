"""`sandbox runs show RUN --code [FILE]`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from spark_etl.reading import Run
from typer.core import TyperCommand

from sandbox_cli.console import Console

if TYPE_CHECKING:
    from typer._click import Context

CODE = "--code"
ALL_FILES = ""
RUN = re.compile(r"latest|[0-9a-fTZ-]{4,}|(?:.*/)?\d{8}T\d{6}Z-[0-9a-f]{6}")  # by name, a part of an id, or a path


class ShowCommand(TyperCommand):
    """`runs show`, whose `--code` without a value means the list of files."""

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        """Gives `--code` its value, and parses as usual."""
        return super().parse_args(ctx, with_code_value(args))


def with_code_value(arguments: Sequence[str]) -> list[str]:
    """Returns the command line with no file behind a `--code` that is followed by an option, a run or nothing.

    `--code latest` means the run, `latest --code latest` a file.
    """
    if CODE not in arguments:
        return list(arguments)
    position = arguments.index(CODE)
    before, (code, *after) = arguments[:position], arguments[position:]
    following = after[0] if after else "-"
    others = [word for word in (*before, *after[1:]) if not word.startswith("-")]
    is_file = not following.startswith("-") and (bool(others) or not RUN.fullmatch(following))
    return [*before, code, *([] if is_file else [ALL_FILES]), *after]


def show_code(console: Console, run: Run, file: str, *, json: bool) -> None:
    """Prints a file of a run's code, or which files there are and what was left out."""
    if file == ALL_FILES:
        console.json(run.code.to_dict()) if json else console.data(repr(run.code))
    elif json:
        console.json({"file": file, "text": run.code[file]})
    else:
        console.data(run.code[file].removesuffix("\n"))
