"""Where a password comes from: a prompt, stdin, or a generator; never the command line."""

from __future__ import annotations

import getpass
import sys

from sandbox_cli.console import Console
from sandbox_cli.errors import UsageError


def chosen(console: Console, *, from_stdin: bool, generate: bool) -> str | None:
    """Returns the password, None if one is to be generated.

    Raises:
        UsageError: The two entries differ, or there is nobody to ask.
    """
    if generate:
        return None
    if from_stdin:
        return sys.stdin.readline().rstrip("\n")
    if console.plain or not sys.stdin.isatty():
        raise UsageError(
            "Without a terminal there is nobody to ask for a password.", hint="--generate, or --password-stdin"
        )
    first = getpass.getpass("password: ")
    if getpass.getpass("again: ") != first:
        raise UsageError("The two passwords differ; nothing was changed.")
    return first
