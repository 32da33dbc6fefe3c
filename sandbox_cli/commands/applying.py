"""`sandbox debug --apply`: shows what was edited in a debug notebook, asks, and puts it into the project."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from spark_etl.printable import printable
from spark_etl.reading import Run
from spark_etl.units import format_count

from sandbox_cli.commands.context import Call, confirm
from sandbox_cli.console import Console
from sandbox_cli.errors import SandboxError, StackError, UsageError
from sandbox_cli.stack import session
from sandbox_cli.stack.hub import debugging, users
from sandbox_cli.stack.pipelines import file_edits, fixing
from sandbox_cli.stack.pipelines.fixing import Patch
from sandbox_cli.stack.pipelines.patch_file import FileChange
from sandbox_cli.stack.session import Session

NEEDS = ("minio", "hub")


def apply_edits(given: Call, source: str, *, user: str | None, project: Path | None, yes: bool, json: bool) -> None:
    """Applies the edits of a notebook, or a patch of this machine.

    Args:
        given: The console and the settings.
        source: The notebook, by its path or its page, or a file.
        user: In whose server it is.
        project: Where the edits go; None: the project of the run.
        yes: Whether nothing is asked.
        json: Whether the outcome is printed as JSON.

    Raises:
        UsageError: There is no such notebook or project, or the patch does not fit.
        SandboxError: Nothing was edited.
    """
    file = Path(source).expanduser()
    if file.suffix == fixing.PATCH:
        patch = fixing.read_file(file)
        stack = _stack_if_needed(given, patch, project)
    else:
        stack = session.running(given.console, given.settings, NEEDS)
        patch = _fetched(given.console, stack, source, user)
    run = fixing.find_run(stack.runs, patch.run) if stack else None
    changes = patch.changes
    _show_left_out(given.console, patch)
    if not changes:
        raise SandboxError(f"Nothing was edited in {printable(source, one_line=True)}.", hint="save the notebook first")
    folder = fixing.project_of(run, project, stack.runs.scratch if stack else "")
    fixing.refuse_outside(changes, folder)
    _show(given.console, patch, changes, folder, json=json)
    applied = _apply(given, patch, folder, source, user=user, yes=yes, json=json)
    _end(given.console, patch, changes, folder, run, applied=applied, json=json)


def _stack_if_needed(given: Call, patch: Patch, project: Path | None) -> Session | None:
    """Returns the stack that knows the run of a file; without one, the project has to be named.

    Raises:
        StackError: It is not up, and no project is given.
    """
    if not patch.run:
        return None
    try:
        return session.running(given.console, given.settings, session.STORE)
    except StackError:
        if project is None:
            raise
        return None


def _fetched(console: Console, stack: Session, source: str, user: str | None) -> Patch:
    """Returns the edits of a notebook in a user's server."""
    owner, path = debugging.notebook_of(source, stack.links()["hub"])
    if user is not None and owner not in (None, user):
        raise UsageError(f"--user {user}: the page is one of `{owner}`.", hint="leave out --user")
    who = users.resolve_user(stack, user or owner)
    with console.stage("patch") as stage:
        answer = debugging.fetch_patch(stack, stage, who, path)
        left_out = answer.get("left_out")
        patch = Patch(
            name=f"{PurePosixPath(path).stem}{fixing.PATCH}",
            text=str(answer.get("patch") or ""),
            run=str(answer.get("run") or ""),
            left_out=tuple(map(str, left_out)) if isinstance(left_out, list) else (),
        )
        stage.result = f"of run {patch.run}"
    return patch


def _show_left_out(console: Console, patch: Patch) -> None:
    for reason in patch.left_out:
        console.info(f"  left out: {printable(reason, one_line=True)}")


def _show(console: Console, patch: Patch, changes: Sequence[FileChange], folder: Path, *, json: bool) -> None:
    """Shows the patch, and what it does; in JSON it comes with the outcome."""
    if not json:
        console.data(patch.text.removesuffix("\n"))
    console.info(f"in {folder}:")
    for change in changes:
        console.info(f"  {printable(str(change), one_line=True)}")


def _apply(given: Call, patch: Patch, folder: Path, source: str, *, user: str | None, yes: bool, json: bool) -> bool:
    """Applies a patch after a question; returns False if the project has it already.

    Raises:
        UsageError: It does not fit, or nobody can be asked.
    """
    edits = fixing.plan_edits(given.settings, patch, folder)
    if not edits:
        return False
    words = ["debug", "--apply", source, *(["--user", user] if user else []), "--project", str(folder), "--yes"]
    question = f"Change {format_count(len(patch.changes), 'file')} in {folder}?"
    again = f"sandbox {shlex.join(words)}"
    confirm(given.console, question, yes=yes, json=json, done="applied", hint=again, refused="nothing was changed")
    file_edits.put_in_place(given.settings, edits)
    return True


def _end(
    console: Console,
    patch: Patch,
    changes: Sequence[FileChange],
    folder: Path,
    run: Run | None,
    *,
    applied: bool,
    json: bool,
) -> None:
    """Says what was done, and what to do next."""
    if json:
        files = [
            {"path": each.path, "added": each.added, "removed": each.removed, "kind": each.kind} for each in changes
        ]
        known = {"run": run.name if run else patch.run or None, "project": str(folder), "applied": applied}
        console.json({**known, "files": files, "left_out": list(patch.left_out), "patch": patch.text})
    console.info("applied" if applied else "the project has these lines already; nothing was changed")
    if run is not None and run.status == "failed" and run.kind == "run":
        console.info(f"next: sandbox run --resume {shlex.quote(run.name)}")
