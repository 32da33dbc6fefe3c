"""`sandbox run`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from spark_etl.command_line import option_names, run_options, without_options
from spark_etl.reading.repeat import LATEST, is_incomplete
from typer.core import TyperCommand

from sandbox_cli.commands.context import Call, call
from sandbox_cli.commands.run_completion import offered_in_run
from sandbox_cli.errors import UsageError
from sandbox_cli.stack import session
from sandbox_cli.stack.pipelines import submit

if TYPE_CHECKING:
    from typer._click import Context
    from typer._click.shell_completion import CompletionItem

CONFIG_OPTION, RESUME = "--feature-config", "--resume"  # the command's own
EPILOG = (
    "The runner's own options follow, as spark_etl_runner.py takes them; without --resume, --start-date and --end-date "
    "are required: " + ", ".join(option for option in run_options() if not option.startswith((CONFIG_OPTION, RESUME)))
)


class RunCommand(TyperCommand):
    """`run`, whose options are mostly the runner's, and whose `--resume` without a value means the latest run."""

    allow_extra_args = ignore_unknown_options = True

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        """Gives `--resume` its value, and parses as usual; a line that ends with it is still being typed at TAB."""
        if ctx.resilient_parsing and args[-1:] == [RESUME]:
            return super().parse_args(ctx, [*with_resume_value(args[:-1]), RESUME])
        return super().parse_args(ctx, with_resume_value(args))

    def shell_complete(self, ctx: Context, incomplete: str) -> list[CompletionItem]:
        """Returns options, features of the config, and runs; files are the shell's."""
        from typer._click.shell_completion import CompletionItem  # noqa: PLC0415 - Typer has no public name for it

        config, resumed = (str(ctx.params.get(name) or "") for name in ("config", "resume"))
        return [CompletionItem(text) for text in offered_in_run(config, resumed, ctx.args, incomplete)]


COMMAND_CLASS = RunCommand


def with_resume_value(arguments: Sequence[str]) -> list[str]:
    """Returns the command line with `latest` behind a `--resume` that is followed by an option, a config or nothing."""
    following = [*arguments[1:], "--"]
    return [
        word
        for position, argument in enumerate(arguments)
        for word in ([argument, LATEST] if argument == RESUME and _is_no_run(following[position]) else [argument])
    ]


def _is_no_run(word: str) -> bool:
    if word == LATEST:
        return False
    return word.startswith("-") or word.endswith((".yaml", ".yml")) or Path(word).exists()


def run(
    context: typer.Context,
    config: Annotated[
        Path | None,
        typer.Argument(metavar="CONFIG", help="A feature config, or the folder of a feature_config.yaml."),
    ] = None,
    *,
    requirements: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Packages for driver and executors, in pip's format.")
    ] = None,
    resume: Annotated[
        str | None,
        typer.Option(
            RESUME,
            metavar="[RUN]",
            help="Reuse the checkpoints of a run, where code and data have not changed. Without CONFIG: repeat your "
            "last run, with its config, dates and checkpoints.",
        ),
    ] = None,
) -> None:
    """Run a pipeline on the cluster, with the runner's own options."""
    given = call(context)
    config, arguments = config_and_arguments(context, config, resume)
    request = submit.checked(config, arguments, requirements=requirements)
    found = session.running(given.console, given.settings, session.CLUSTER)
    raise typer.Exit(submit.run(given.console, found, request))


def config_and_arguments(context: typer.Context, config: Path | None, resume: str | None) -> tuple[Path, list[str]]:
    """Returns the config and the runner's arguments of a line, what it leaves out taken from the run that is resumed.

    Raises:
        UsageError: There is no config, and no run to take it from.
    """
    given, arguments = call(context), list(context.args)
    if config is not None and str(config).startswith("-"):  # Typer takes the first of the runner's options for it
        config, arguments = None, [str(config), *arguments]
    if resume is not None:
        arguments += [RESUME, resume]
        if config is None or is_incomplete([CONFIG_OPTION, *option_names(arguments)]):
            config, arguments = _repeated(given, config, resume, arguments)
    if config is None:
        raise UsageError(
            "Missing argument 'CONFIG': a feature config, or the folder of one.",
            hint="name one, or go on from your last run: `sandbox run --resume`",
        )
    return config, arguments


def _repeated(given: Call, config: Path | None, resume: str, arguments: Sequence[str]) -> tuple[Path, list[str]]:
    """Returns config and arguments with what they leave out taken from the run that is resumed."""
    runs = session.running(given.console, given.settings, session.STORE).runs
    taken, completed, text = submit.repeated(runs, resume, without_options(arguments, RESUME), config=config)
    given.console.info(text)
    return taken, completed
