"""The verbs of `sandbox`. A verb's module, with all that it needs, is imported when the verb is called.

The list of verbs, and what a shell offers for one, need none of these modules: their summaries are here as well.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand
from typer.main import get_group

from sandbox_cli.commands.group import Group

if TYPE_CHECKING:
    from typer._click import Command, Context

# Verb → a module of this package and its function or `Typer` there; then the first sentence of its help. The order is
# the help's. What has no sentence is an old name, for scripts only.
VERBS = {
    "up": ("up:up", "Start everything, run the sample pipeline once, test that it works."),
    "down": ("down:down", "Stop everything, users' servers included; keep all data."),
    "status": ("status:status", "Show which services run, and their links."),
    "logs": ("logs:logs", "Show the logs of the services, or of a user's server."),
    "doctor": (
        "doctor:doctor",
        "Check every part of the stack: name what is broken or stopped, and how to fix it.",
    ),
    "open": ("open:open_page", "Open a page of the stack in the browser; without a terminal, print its link."),
    "reset": ("reset:reset", "Delete the stack and all its data, after listing it and asking."),
    "run": ("run:run", "Run a pipeline on the cluster, with the runner's own options."),
    "plan": ("plan:plan", "Show what a run would do with each feature, and why; nothing of it is run."),
    "new": ("new:new", "Make a project that runs as it is: a config, two features, a test and a little data."),
    "debug": ("debug:debug", "Open a feature of a run, by default the failed one, in a notebook, on its real rows."),
    "replay": (
        "replay:replay",
        "Compute one feature of a run again, on the rows that it had read, and compare the result.",
    ),
    "diff": ("diff:diff", "Compare two runs: show the first features that differ, the cause, and the rows."),
    "export": ("exporting:export", "Write a run into one file: its rows, its inputs, config, code and log."),
    "import": ("importing:import_run", "Make a run from a bundle."),
    "trust": (
        "trust:trust",
        "Allow the code of a run to be executed here: a user wrote the run, or it was imported.",
    ),
    "gc": ("gc:gc", "Delete old runs that nothing needs, and leftovers of killed runs."),
    "share": (
        "share:share",
        "Share a notebook with the team: run it again in a fresh server, and put it on the shelf with the verdict.",
    ),
    "unshare": ("unshare:unshare", "Remove a shared notebook from the team's shelf, with its files and its pins."),
    "publish": ("share:publish", ""),
    "unpublish": ("unshare:unpublish", ""),
    "users": ("users:app", "The hub's accounts: add, list, show, passwd, remove."),
    "runs": ("runs:app", "The runs and their checkpoints: list, show, verify, adopt, attach, stop, rm."),
    "images": ("images:app", "The sandbox's images: list, keep in a file, load, prune."),
    "data": ("data:app", "Data of your own in the store: put, ls, head, get, rm."),
    "learn": (
        "learn:app",
        "Lessons: find a real bug by its checkpoints, prove the fix: list, start, hint, check, reset.",
    ),
}


class Verbs(Group):
    """The verbs as they are listed; one that is called is loaded first."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        for name, (_, summary) in VERBS.items():
            self.commands[name] = TyperCommand(name, help=summary, hidden=not summary, rich_markup_mode=None)

    def resolve_command(self, ctx: Context, args: list[str]) -> tuple[str | None, Command | None, list[str]]:
        """Returns the verb of a command line, loaded, and the words behind it."""
        name, _, following = super().resolve_command(ctx, args)
        return name, load(name) if name else None, following


def load(name: str) -> Command:
    """Returns a verb; its module says what is special about it: `EPILOG` and `COMMAND_CLASS`."""
    place, _, attribute = VERBS[name][0].partition(":")
    module = import_module(f"{__package__}.{place}")
    found, holder = getattr(module, attribute), typer.Typer(cls=Group, rich_markup_mode=None)
    if isinstance(found, typer.Typer):
        holder.add_typer(found, name=name, cls=Group)
    else:
        kind, epilog = getattr(module, "COMMAND_CLASS", None), getattr(module, "EPILOG", None)
        holder.command(name, cls=kind, epilog=epilog, hidden=not VERBS[name][1])(found)
    return get_group(holder).commands[name]
