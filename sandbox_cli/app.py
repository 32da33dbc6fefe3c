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
from sandbox_cli.commands import (
    data,
    diff,
    doctor,
    down,
    exporting,
    gc,
    images,
    importing,
    learn,
    logs,
    new,
    plan,
    replay,
    reset,
    run,
    runs,
    share,
    status,
    trust,
    unshare,
    up,
    users,
)
from sandbox_cli.commands import debug as debug_command
from sandbox_cli.commands import open as open_command
from sandbox_cli.commands.context import Call, renamed
from sandbox_cli.commands.group import Group
from sandbox_cli.console import Console
from sandbox_cli.errors import SandboxError
from sandbox_cli.settings import Settings, checked_stack
from sandbox_cli.stack import object_store, state
from sandbox_cli.stack.engine import answers

INTERRUPTED = 130
FAILURES = (*answers.FAILURES, *object_store.FAILURES)
USAGE = 2
COMPLETING = "_SANDBOX_COMPLETE"  # set by a shell that asks how a line goes on

app = typer.Typer(
    help="Debug Spark pipelines on your own machine: run them with checkpoints, look at the rows, prove a fix.",
    epilog="Exit codes: 0 done, 1 the answer is no, 2 wrong usage, 3 no engine, 4 the stack is not up, "
    "5 the pipeline failed, 130 interrupted.",
    cls=Group,
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
app.add_typer(users.app, name="users", cls=Group)
app.command("run", cls=run.RunCommand, context_settings=run.SETTINGS, epilog=run.EPILOG)(run.run)
app.add_typer(runs.app, name="runs", cls=Group)
app.command("plan", cls=run.RunCommand, context_settings=run.SETTINGS, epilog=plan.EPILOG)(plan.plan)
app.command("new")(new.new)
app.add_typer(images.app, name="images", cls=Group)
app.add_typer(data.app, name="data", cls=Group)
app.command("debug", epilog=debug_command.EPILOG)(debug_command.debug)
app.command("replay", epilog=replay.EPILOG)(replay.replay)
app.command("diff", epilog=diff.EPILOG)(diff.diff)
app.command("export", epilog=exporting.EPILOG)(exporting.export)
app.command("import", epilog=importing.EPILOG)(importing.import_run)
app.command("trust")(trust.trust)
app.command("gc")(gc.gc)
app.add_typer(learn.app, name="learn", cls=Group)
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
    except (SandboxError, SparkEtlError, OSError, *FAILURES) as error:
        known = _as_known(error)
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


def _as_known(error: Exception) -> SandboxError:
    """Returns an error as it is shown."""
    if isinstance(error, SandboxError):
        return error
    if isinstance(error, SparkEtlError):
        known = SandboxError(error.message, hint=program.for_terminal(error.hint) if error.hint else None)
        known.exit_code = error.exit_code
        return known
    if isinstance(error, OSError) and error.filename:
        return state.unusable(Path(os.fsdecode(error.filename)), error)
    if isinstance(error, object_store.FAILURES):
        return object_store.failure(error)
    return answers.failure(error) if isinstance(error, answers.FAILURES) else _of_the_machine(error)


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
