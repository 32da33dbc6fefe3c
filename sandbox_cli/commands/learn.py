"""`sandbox learn [list | start N | hint | check | reset N]`."""

from __future__ import annotations

import importlib.util
import shlex
import sys
import webbrowser
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Protocol

import typer

from sandbox_cli.commands.context import Call, Json, Yes, call, confirm
from sandbox_cli.errors import UsageError
from sandbox_cli.program import ROOT
from sandbox_cli.stack import session
from sandbox_cli.stack.hub import learning, users

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox_cli.console import Stage

app = typer.Typer(
    help="Lessons: find a real bug by its checkpoints, prove the fix: list, start, hint, check, reset.",
    epilog="Exit codes: 0 done, or solved; 1 the answer is not right yet; 2 wrong usage; 3 no engine; 4 the stack is "
    "not up; 5 the run of a lesson can't be made; 130 interrupted.",
    no_args_is_help=False,
)
NEEDS = ("minio", "hub")
COLUMNS = ["lesson", "title", "state", "hints", "checks"]
User = Annotated[str | None, typer.Option(help="In whose server; else `engineer`.")]
Local = Annotated[bool, typer.Option("--local", help="Without a stack: in a folder, by a Spark of this Python.")]
Home = Annotated[
    Path | None, typer.Option(metavar="DIR", help="With --local: below which `learn` is; default: your home.")
]
Number = Annotated[int, typer.Argument(metavar="N", min=1, help="The lesson's number.")]
Current = Annotated[
    int | None, typer.Argument(metavar="[N]", min=1, help="The lesson's number; default: the one begun last.")
]


class Place(Protocol):
    """Where the lessons are: in a user's server, or in a folder of this machine."""

    def list(self) -> Sequence[dict[str, Any]]:
        """Returns the lessons, with how far they are."""

    def act(self, action: str, lesson: int | None, **given: str | None) -> dict[str, Any]:
        """Returns what came of an action, with `lines`."""


@app.callback(invoke_without_command=True)
def overview(
    context: typer.Context, *, user: User = None, local: Local = False, home: Home = None, json: Json = False
) -> None:
    """Lessons, each a pipeline with a bug; without a verb, list them."""
    verb = context.invoked_subcommand
    if verb is None:
        list_lessons(context, user=user, local=local, home=home, json=json)
    elif user is not None or local or home is not None or json:
        raise UsageError(f"Options of `learn` come after the verb `{verb}`.", hint="sandbox learn --help")


@app.command("list")
def list_lessons(
    context: typer.Context, *, user: User = None, local: Local = False, home: Home = None, json: Json = False
) -> None:
    """List the lessons, and how far you are."""
    given = call(context)
    with _place(given, "lessons", user, home, local=local) as place:
        lessons = place.list()
    if json:
        given.console.json({"lessons": lessons})
        return
    given.console.table(COLUMNS, [_cells(lesson) for lesson in lessons], whole={"state", "hints"})
    given.console.info("next: sandbox learn start N")


@app.command("start")
def start(
    context: typer.Context,
    lesson: Number,
    *,
    user: User = None,
    local: Local = False,
    home: Home = None,
    open_page: Annotated[bool, typer.Option("--open", help="Open the notebook in the browser, too.")] = False,
    json: Json = False,
) -> None:
    """Write a lesson's project to ~/learn/N, run it once, and print the ticket and the link of its notebook."""
    given = call(context)
    made = _act(given, "start", lesson, user=user, home=home, local=local, json=json)
    if open_page and (given.console.plain or "link" not in made):
        given.console.info("  not opened: --open needs a terminal, and a notebook on a stack")
    elif open_page:
        webbrowser.open(str(made["link"]))


@app.command("hint")
def hint(
    context: typer.Context,
    lesson: Current = None,
    *,
    user: User = None,
    local: Local = False,
    home: Home = None,
    json: Json = False,
) -> None:
    """Show one hint more."""
    _act(call(context), "hint", lesson, user=user, home=home, local=local, json=json)


@app.command("check")
def check(
    context: typer.Context,
    lesson: Current = None,
    *,
    feature: Annotated[str | None, typer.Option(help="The feature whose code is wrong.")] = None,
    rows: Annotated[
        str | None,
        typer.Option(metavar="SQL", help="Which rows show it: a condition, or a query that returns their keys."),
    ] = None,
    of: Annotated[str | None, typer.Option(metavar="FEATURE", help="Whose rows they are; default: --feature.")] = None,
    user: User = None,
    local: Local = False,
    home: Home = None,
    json: Json = False,
) -> None:
    """Check your answer: the rows against those that the bug concerns, the edited project by a replay.

    The answer is kept in ~/learn/N/answer.yaml; options change it. Exit code 1 as long as it is not right.
    """
    answer = {"feature": feature, "rows": rows, "of": of}
    made = _act(call(context), "check", lesson, user=user, home=home, local=local, json=json, **answer)
    raise typer.Exit(0 if made.get("solved") is True else 1)


@app.command("reset")
def reset(
    context: typer.Context,
    lesson: Number,
    *,
    user: User = None,
    local: Local = False,
    home: Home = None,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Delete your project and your answer of a lesson; the next start plants the bug elsewhere."""
    given = call(context)
    question = f"Delete the project and the answer of lesson {lesson}?"
    where = [*(["--user", user] if user else []), *["--local"] * local, *(["--home", str(home)] if home else [])]
    again = shlex.join(["sandbox", "learn", "reset", str(lesson), *where, "--yes"])
    confirm(given.console, question, yes=yes, json=json, done="deleted", hint=again)
    _act(given, "reset", lesson, user=user, home=home, local=local, json=json)


class _OnStack:
    """Lessons in the server of a user."""

    def __init__(self, found: session.Session, stage: Stage, user: str) -> None:
        self._found, self._stage, self._user = found, stage, user

    def list(self) -> Sequence[dict[str, Any]]:
        return learning.list_lessons(self._found, self._stage, self._user)

    def act(self, action: str, lesson: int | None, **given: str | None) -> dict[str, Any]:
        return learning.act(self._found, self._stage, self._user, action, lesson, **given)


class _Here:
    """Lessons in a folder of this machine."""

    def __init__(self, stage: Stage, home: Path) -> None:
        from spark_etl.learning.desk import Desk  # noqa: PLC0415 - a tenth of the command's start, for these alone

        self._desk = Desk(home, say=stage.update)

    def list(self) -> Sequence[dict[str, Any]]:
        return [asdict(row) for row in self._desk.list()]

    def act(self, action: str, lesson: int | None, **given: str | None) -> dict[str, Any]:
        if action == "hint":
            return self._desk.hint(lesson).to_dict()
        if action == "check":
            return self._desk.check(lesson, **given).to_dict()
        assert lesson is not None  # noqa: S101 - for the type checker: these two take a number
        if action == "start":
            return self._desk.start(lesson).to_dict()
        self._desk.reset(lesson)
        return {"number": lesson, "lines": [f"lesson {lesson} is as if it was never started"]}


@contextmanager
def _place(given: Call, what: str, user: str | None, home: Path | None, *, local: bool) -> Iterator[Place]:
    """Yields where the lessons are, while a stage shows how far it is.

    Raises:
        UsageError: The options make no sense, or this Python has no Spark.
    """
    if local and user is not None:
        raise UsageError("--local takes no --user: its lessons are in a folder.", hint="sandbox learn --help")
    if home is not None and not local:
        raise UsageError("--home belongs to --local.", hint="sandbox learn --help")
    if local and importlib.util.find_spec("pyspark") is None:
        raise UsageError(
            f"--local needs pyspark, which the Python of this command has not: {sys.executable}.", hint=_with_pyspark()
        )
    found = None if local else session.running(given.console, given.settings, NEEDS)
    who = "" if found is None else users.resolve_user(found, user)
    with given.console.stage(what) as stage:
        yield _Here(stage, home or Path.home()) if found is None else _OnStack(found, stage, who)


def _with_pyspark() -> str:
    """Returns what makes a Python in which lessons work, and is needed once."""
    install = f"pip install -e {shlex.quote(f'{ROOT}[pytest]')}"
    return f"{install}\nIn a Python of yours, with Java; then: python -m spark_etl learn"


def _cells(lesson: dict[str, Any]) -> list[str]:
    hints = f"{lesson.get('hints')} of {lesson.get('hints_of')}"
    return [*(str(lesson.get(name)) for name in ("number", "title", "state")), hints, str(lesson.get("checks"))]


def _act(
    given: Call, action: str, lesson: Current, *, user: User, home: Home, local: Local, json: Json, **answer: str | None
) -> dict[str, Any]:
    """Acts where the lessons are, and returns and prints what came of it; the link is the last line of stdout."""
    with _place(given, action if lesson is None else f"{action} {lesson}", user, home, local=local) as place:
        made = place.act(action, lesson, **answer)
    if json:
        given.console.json(made)
    else:
        for line in filter(None, ["\n".join(map(str, made["lines"])), made.get("link")]):
            given.console.data(str(line))
    return made
