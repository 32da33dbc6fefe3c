"""What all verbs share: the console and the settings that the global options made."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from sandbox_cli.console import Console
from sandbox_cli.errors import UsageError
from sandbox_cli.settings import Settings


@dataclass(frozen=True)
class Call:
    """The global part of a command line."""

    console: Console
    settings: Settings

    def with_settings(self, **changed: Any) -> Settings:
        """Returns the settings with what a verb's own options change."""
        return dataclasses.replace(self.settings, **changed)


def call(context: typer.Context) -> Call:
    """Returns the global part of this command line."""
    found = context.obj
    assert isinstance(found, Call)  # noqa: S101 - made by the app's callback
    return found


def renamed(command: Callable[..., None], new: str) -> Callable[..., None]:
    """Returns a command for its old name: it says the new one on stderr, and does the same."""

    @functools.wraps(command)
    def old(context: typer.Context, **options: Any) -> None:
        call(context).console.warn(f"`sandbox {context.info_name}` is called `sandbox {new}` now")
        command(context, **options)

    return old


def confirm(
    console: Console, question: str, *, yes: bool, done: str, hint: str, json: bool = False, refused: str = ""
) -> None:
    """Asks before something that can't be undone; the command ends where the answer is no.

    Args:
        console: Where it is asked.
        question: What is asked.
        yes: Whether nothing is asked.
        done: What is about to be done, as in "nothing is deleted".
        hint: The command that asks nothing.
        json: Whether the answer is one JSON document: then nothing is asked on a terminal either.
        refused: What is said after a no; "nothing was deleted" if not given.

    Raises:
        UsageError: Nobody can be asked, and it is not said that nothing has to be.
        Exit: The answer is no.
    """
    if yes:
        return
    if json:
        raise UsageError(f"With --json, nothing is {done} without --yes.", hint=f"{hint} --json")
    if console.plain:
        raise UsageError(f"Without a terminal, nothing is {done} without --yes.", hint=hint)
    if not console.ask(question):
        console.info(refused or f"nothing was {done}")
        raise typer.Exit(1)


Json = Annotated[bool, typer.Option("--json", help="Print one JSON document to stdout.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing.")]
