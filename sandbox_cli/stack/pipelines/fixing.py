"""`sandbox debug --apply`: what was edited in a debug notebook, put into the project by git.

The patch is tried first, and applied as a whole or not at all. For git, the project is the root of everything: whatever
repository the folder lies in, nothing above it is looked at.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from spark_etl.code.roots import possible_roots
from spark_etl.debugging.trust import owner_of
from spark_etl.errors import ReadError
from spark_etl.printable import printable
from spark_etl.reading import Run, Runs

from sandbox_cli.errors import UsageError
from sandbox_cli.settings import Settings
from sandbox_cli.stack import state
from sandbox_cli.stack.pipelines.patch_file import FileChange, read_patch

FOLDER = "patches"
GIT_SECONDS = 60
# The user's own settings must not mend white space or line ends: the patch is what was edited, byte for byte.
GIT = ("git", "-c", "core.autocrlf=false", "-c", "apply.ignorewhitespace=no", "apply", "--whitespace=nowarn", "-p1")
MOVED = re.compile(r"error: patch failed: (.+):([0-9]+)")
GONE = re.compile(r"error: (.+): No such file or directory")
THERE = re.compile(r"error: (.+): already exists in working directory")
RUN_ID = re.compile(r"(\d{8}T\d{6}Z-[0-9a-f]{6})-.+\.patch")
PATCH = ".patch"


@dataclass(frozen=True)
class Patch:
    """What was edited.

    Attributes:
        name: Of the file that holds it, or would.
        text: In git's format.
        run: The run whose code was edited, by its name; empty where that is not known.
        left_out: What of the notebook is not part of it, and why.
        file: Where it lies on this machine; None if it came from a server.
    """

    name: str
    text: str
    run: str = ""
    left_out: tuple[str, ...] = ()
    file: Path | None = None

    @property
    def changes(self) -> list[FileChange]:
        """What it does, file by file.

        Raises:
            UsageError: It is no patch that may be applied.
        """
        return read_patch(self.text)

    @property
    def content(self) -> bytes:
        """The same as bytes: a project may have files that are not UTF-8."""
        return self.text.encode("utf-8", "surrogateescape")


def read_file(file: Path) -> Patch:
    """Returns the patch of a file of this machine; which run it is of says the name that the notebook gave it.

    Raises:
        UsageError: It can't be read.
    """
    try:
        text = file.read_bytes().decode("utf-8", "surrogateescape")
    except OSError as error:
        raise UsageError(f"--apply {file}: it can't be read: {error.strerror}.") from None
    found = RUN_ID.fullmatch(file.name)
    return Patch(file.name, text, found[1] if found else "", file=file.absolute())


def find_run(runs: Runs, name: str) -> Run | None:
    """Returns the run of a patch; None where it is not known, or not there any more."""
    try:
        return runs[name] if name else None
    except ReadError:
        return None


def project_of(run: Run | None, given: Path | None, scratch: str) -> Path:
    """Returns the folder that a patch goes into: the given one, or that of the run's project on this machine.

    A run that a user may have written does not choose it.

    Args:
        run: Whose code was edited; None where that is not known.
        given: As given, if it is.
        scratch: Where runs are looked for, normalised.

    Raises:
        UsageError: There is no such folder.
    """
    if given is not None:
        if not given.is_dir():
            raise UsageError(f"--project {given}: no such folder.", hint="give the folder that its modules lie in")
        return given.resolve()
    name = str((run.document.options or {}).get("project") or "") if run is not None else ""
    folder = Path(name)
    if run is not None and owner_of(run, scratch) is None and folder.is_absolute() and folder.is_dir():
        return folder.resolve()
    where = f"The project of run {run.name}, {name}, is not on this machine" if run and name else "It is not known here"
    if run is not None and owner_of(run, scratch) is not None:
        where = f"Run {run.name}, which a user has written, does not choose it"
    raise UsageError(
        printable(f"Which project is to be changed? {where}.", one_line=True),
        hint="add --project DIR: the folder that its modules are imported from",
    )


def refuse_outside(changes: Sequence[FileChange], project: Path) -> None:
    """Refuses a patch that goes through a link of the project, which may lead out of it.

    Raises:
        UsageError: It does.
    """
    for change in changes:
        path = project
        for part in change.path.split("/"):
            path /= part
            if path.is_symlink():
                raise UsageError(
                    printable(f"`{change.path}` lies behind a link, {path}; nothing was changed.", one_line=True),
                    hint="add --project DIR with the folder that the link leads to",
                )


def check(settings: Settings, patch: Patch, project: Path) -> bool:
    """Tries the patch, and returns whether it fits; False where the project has all of it already.

    Raises:
        UsageError: It does neither, or git reads something else in it than was shown; files and lines are named.
    """
    numbers = _git(settings, patch, project, "--numstat", "-z")
    expected = {(str(change.added), str(change.removed), change.path) for change in patch.changes}
    found = numbers.stdout.decode("utf-8", "surrogateescape").split("\0")
    if numbers.returncode or {tuple(each.split("\t", 2)) for each in found if each} != expected:
        reason = _said(numbers) or "it takes the patch for another one"
        raise UsageError(f"git can't read the patch: {reason}; nothing was changed.", hint=_by_hand(settings, patch))
    tried = _git(settings, patch, project, "--check")
    if not tried.returncode:
        return True
    if not _git(settings, patch, project, "--check", "--reverse").returncode:
        return False
    raise _does_not_fit(settings, patch, project, tried)


def apply(settings: Settings, patch: Patch, project: Path) -> None:
    """Applies the patch.

    Raises:
        UsageError: It does not fit any more, or a file can't be written.
    """
    done = _git(settings, patch, project)
    if done.returncode:
        raise _does_not_fit(settings, patch, project, done)


def _git(settings: Settings, patch: Patch, project: Path, *options: str) -> subprocess.CompletedProcess[bytes]:
    """Runs `git apply` with the project as its root.

    Raises:
        UsageError: It can't be run.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment |= {"GIT_CEILING_DIRECTORIES": str(project.parent), "LC_ALL": "C"}
    try:
        return subprocess.run(
            [*GIT, *options, "-"],
            cwd=project,
            env=environment,
            input=patch.content,
            capture_output=True,
            timeout=GIT_SECONDS,
            check=False,
        )
    except FileNotFoundError:
        reason = "there is no git on this machine"
    except (OSError, subprocess.SubprocessError) as error:
        reason = f"git can't be run: {error}"
    raise UsageError(f"The patch was not applied: {reason}.", hint=_by_hand(settings, patch))


def _does_not_fit(
    settings: Settings, patch: Patch, project: Path, done: subprocess.CompletedProcess[bytes]
) -> UsageError:
    """Returns the error that names what has moved on since the run."""
    reasons = "; ".join(dict.fromkeys(_reasons(done.stderr.decode(errors="replace"))))
    root = _fitting_root(patch, project)
    hint = f"add --project {shlex.quote(str(root))}" if root else _by_hand(settings, patch)
    message = f"The patch does not fit {project}: {reasons or _said(done)}. Nothing was changed."
    return UsageError(printable(message, one_line=True), hint=hint)


def _reasons(stderr: str) -> Iterator[str]:
    for line in stderr.splitlines():
        if found := MOVED.fullmatch(line):
            yield f"{found[1]} has changed at line {found[2]} since the run"
        elif found := GONE.fullmatch(line):
            yield f"{found[1]} is not there"
        elif found := THERE.fullmatch(line):
            yield f"{found[1]} is there already"


def _fitting_root(patch: Patch, project: Path) -> Path | None:
    """Returns another folder in or above the project that has the files of the patch, if this one has none of them."""
    names = [change.path for change in patch.changes if change.kind != "new"]
    if not names or any((project / name).exists() for name in names):
        return None
    return next((root for root in possible_roots(project) if all((root / name).is_file() for name in names)), None)


def _by_hand(settings: Settings, patch: Patch) -> str:
    """Returns where the patch lies as a file, and how what still fits of it is applied; writes it if it is in none."""
    file = patch.file
    if file is None:
        file = state.private_folder(settings.state_dir / FOLDER) / patch.name
        try:
            file.write_bytes(patch.content)
        except OSError as error:
            raise state.unusable(file, error) from None
    where = printable(shlex.quote(str(file)), one_line=True)
    return f"the patch is in {where}; in the project, `patch -p1 -i {where}` applies what still fits"


def _said(done: subprocess.CompletedProcess[bytes]) -> str:
    lines = done.stderr.decode(errors="replace").strip().splitlines()
    return printable(lines[-1].removeprefix("error: "), one_line=True) if lines else ""
