"""How the help lists verbs and options, and what a shell offers for each: the same for every verb."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from typer.core import TyperArgument, TyperGroup, TyperOption

from sandbox_cli.commands import completion

if TYPE_CHECKING:
    from typer._click import Command, Context, HelpFormatter

WHOLE = 10_000  # characters of a summary


class Group(TyperGroup):
    """Verbs, each with its whole summary."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        for command in [self, *self.commands.values()]:
            _improve(command)

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Writes the list of verbs; Typer's own cuts each summary at the end of its line."""
        rows = [(name, self.commands[name].get_short_help_str(WHOLE)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, text in rows if not self.commands[name].hidden])


def _improve(command: Command) -> None:
    """Names what each option takes, and gives what has a known list of values its completion."""
    for param in command.params:
        if completion.has_values(param.name or ""):
            param._custom_shell_complete = _offered
        if isinstance(param, TyperArgument):
            param.metavar = param.metavar or str(param.name).upper()
            setattr(param, "display_type_rich", lambda ctx: None)  # noqa: ARG005, B010 - of this one, not of its class
        elif isinstance(param, TyperOption) and param.metavar is None and not param.is_flag:
            param.metavar = "N" if param.bare_type() in {"int", "float"} else str(param.name).upper()


def _offered(ctx: Context, param: Any, incomplete: str) -> list[str]:
    """Returns what a shell offers for a parameter: never an error, never a word on the screen."""
    find, root = completion.values_of(param.name), ctx.find_root().params
    return completion.offered(lambda: find(completion.stack_of(root), incomplete), incomplete)
