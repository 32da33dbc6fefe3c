"""The `sandbox` command; the only place where an error becomes an exit code."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from pathlib import Path
from typing import Annotated

import typer
from spark_etl.errors import SparkEtlError
from spark_etl.printable import printable

from sandbox_cli import __version__, program, shells
from sandbox_cli.commands.context import Call
from sandbox_cli.commands.verbs import Verbs
from sandbox_cli.console import Console
from sandbox_cli.errors import SandboxError
from sandbox_cli.settings import Settings, checked_stack
from sandbox_cli.stack import state

INTERRUPTED = 130
USAGE = 2
COMPLETING = "_SANDBOX_COMPLETE"  # set by a shell that asks how a line goes on

app = typer.Typer(
    help="Debug Spark pipelines on your own machine: run them with checkpoints, look at the rows, prove a fix.",
    epilog="Exit codes: 0 done, 1 the answer is no, 2 wrong usage, 3 no engine, 4 the stack is not up, "
    "5 the pipeline failed, 130 interrupted.",
    cls=Verbs,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"sandbox {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def options(
    context: typer.Context,
    *,
    stack: Annotated[str | None, typer.Option(help="Name of the stack; default: SANDBOX_STACK, or sandbox.")] = None,
    plain: Annotated[bool, typer.Option("--plain", help="Print plain lines, without colours or a live line.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,  # noqa: ARG001 - read by main
    version: Annotated[  # noqa: ARG001
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Takes the global options; without a verb, shows the help."""
    console = context.obj if isinstance(context.obj, Console) else Console()
    console.plain = console.plain or plain
    if context.invoked_subcommand is None:
        console.info(context.get_help())
        raise typer.Exit(USAGE)
    settings = Settings(stack=checked_stack(stack))
    console.stack = settings.stack
    context.obj = Call(console, settings)


shells.prepare()


def main() -> None:
    """Runs the command line of this process and exits; kill -TERM, which CI sends, ends it as Ctrl-C does.

    So does a terminal that is closed, unless `nohup` has said otherwise.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)
    sys.excepthook = lambda _type, error, _trace: _print_traceback(error)
    sys.exit(run_command(sys.argv[1:]))


def run_command(arguments: list[str]) -> int:
    """Runs a command line and returns its exit code."""
    debug, console = "--debug" in arguments, Console()
    try:
        code = app(arguments, standalone_mode=False, prog_name=_name(arguments), obj=console)
    except typer.TyperException as error:
        console.error(_usage_error(error))
        return USAGE
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except Exception as error:
        known = _as_known(error)
        if known is None:
            raise
        if debug:
            _print_traceback(error)
        console.error(known)
        return known.exit_code
    if code == INTERRUPTED:  # Typer makes this exit code of a Ctrl-C, and says nothing
        console.info("interrupted")
    return code if isinstance(code, int) else 0


def _print_traceback(error: BaseException) -> None:
    sys.stderr.write(printable("".join(traceback.format_exception(error))))


def _name(arguments: list[str]) -> str:
    """Returns what the help calls the command; a shell completes it by its bare name."""
    for_a_shell = any(argument.endswith("-completion") for argument in arguments) or COMPLETING in os.environ
    return program.NAME if for_a_shell else program.program()


def _as_known(error: Exception) -> SandboxError | None:
    """Returns an error as it is shown; None for a bug."""
    if isinstance(error, SandboxError):
        return error
    if isinstance(error, SparkEtlError):
        known = SandboxError(error.message, hint=program.for_terminal(error.hint) if error.hint else None)
        known.exit_code = error.exit_code
        return known
    if isinstance(error, OSError) and error.filename:
        return state.unusable(Path(os.fsdecode(error.filename)), error)
    return _of_a_library(error) or (_of_the_machine(error) if isinstance(error, OSError) else None)


def _of_a_library(error: Exception) -> SandboxError | None:
    """Returns an error of the store's or the engine's client; one that no verb has imported has raised nothing."""
    if "minio" in sys.modules:
        from sandbox_cli.stack import object_store  # noqa: PLC0415 - a third of the command's start

        if isinstance(error, object_store.FAILURES):
            return object_store.failure(error)
    if "docker" in sys.modules:
        from sandbox_cli.stack.engine import answers  # noqa: PLC0415 - as above

        if isinstance(error, answers.FAILURES):
            return answers.failure(error)
    return None


def _of_the_machine(error: Exception) -> SandboxError:
    """Returns an error of this machine that names no file, such as a full disk."""
    text = (error.strerror if isinstance(error, OSError) else "") or str(error) or type(error).__name__
    return SandboxError(f"{text.rstrip('.')}.")


def _usage_error(error: typer.TyperException) -> SandboxError:
    """Returns what is wrong with the command line, with the help of its verb where Typer says which one it is."""
    verb = getattr(getattr(error, "ctx", None), "command_path", "sandbox")
    return SandboxError(error.format_message(), hint=f"{verb} --help")


if __name__ == "__main__":
    main()
