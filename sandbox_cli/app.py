"""The `sandbox` command; the only place where an error becomes an exit code."""

from __future__ import annotations

import signal
import sys
import traceback
from typing import Annotated

import typer
from spark_etl.errors import SparkEtlError

from sandbox_cli import __version__
from sandbox_cli.commands import doctor, down, logs, reset, run, runs, share, status, unshare, up, users
from sandbox_cli.commands import open as open_command
from sandbox_cli.commands.context import Call, renamed
from sandbox_cli.console import Console
from sandbox_cli.errors import SandboxError
from sandbox_cli.settings import Settings, checked_stack

INTERRUPTED = 130
USAGE = 2

app = typer.Typer(
    help="A local, reproducible sandbox for debugging Spark pipelines after the fact.",
    epilog="Exit codes: 0 done, 1 the answer is no, 2 wrong usage, 3 no engine, 4 the stack is not up, "
    "5 the pipeline failed, 130 interrupted.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("up")(up.up)
app.command("down")(down.down)
app.command("status")(status.status)
app.command("logs")(logs.logs)
app.command("doctor")(doctor.doctor)
app.command("open")(open_command.open_page)
app.command("reset")(reset.reset)
app.add_typer(users.app, name="users")
app.command("run", context_settings=run.SETTINGS, epilog=run.EPILOG)(run.run)
app.add_typer(runs.app, name="runs")
app.command("share")(share.share)
app.command("unshare")(unshare.unshare)
# Their names until notebooks were "shared"; scripts may still use them.
app.command("publish", hidden=True)(renamed(share.share, "share"))
app.command("unpublish", hidden=True)(renamed(unshare.unshare, "unshare"))


def _version(value: bool) -> None:
    if value:
        typer.echo(f"sandbox {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def options(
    context: typer.Context,
    *,
    stack: Annotated[str | None, typer.Option(help="Name of the stack; default: SANDBOX_STACK, or sandbox.")] = None,
    plain: Annotated[bool, typer.Option("--plain", help="Plain lines, as without a terminal.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,  # noqa: ARG001 - read by main
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True)] = False,  # noqa: ARG001
) -> None:
    """Takes the global options; without a verb, shows the help."""
    console = Console(plain=True if plain else None)
    if context.invoked_subcommand is None:
        console.info(context.get_help())
        raise typer.Exit(USAGE)
    context.obj = Call(console, Settings(stack=checked_stack(stack)))


def main() -> None:
    """Runs the command line of this process and exits; kill -TERM, which CI sends, ends it as Ctrl-C does."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(run_command(sys.argv[1:]))


def run_command(arguments: list[str]) -> int:
    """Runs a command line and returns its exit code."""
    debug, console = "--debug" in arguments, Console()
    try:
        code = app(arguments, standalone_mode=False, prog_name="sandbox")
    except (SandboxError, SparkEtlError) as error:
        if debug:
            traceback.print_exc()
        console.error(error if isinstance(error, SandboxError) else SandboxError(error.message, hint=error.hint))
        return error.exit_code
    except typer.TyperException as error:
        console.error(_usage_error(error))
        return USAGE
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    if code == INTERRUPTED:  # Typer makes this exit code of a Ctrl-C, and says nothing
        console.info("interrupted")
    return code if isinstance(code, int) else 0


def _usage_error(error: typer.TyperException) -> SandboxError:
    """Returns what is wrong with the command line, with the help of its verb where Typer says which one it is."""
    verb = getattr(getattr(error, "ctx", None), "command_path", "sandbox")
    return SandboxError(error.format_message(), hint=f"{verb} --help")


if __name__ == "__main__":
    main()
