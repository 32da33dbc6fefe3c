"""`sandbox debug --apply`: what was edited in a debug notebook, put into the project by git.

git applies the patch to copies of the files that it is about, in a folder of their own: whatever repository the project
lies in, git neither sees nor touches it. What comes of that is put into the project as a whole or not at all.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import stat
import subprocess
import tempfile
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
from sandbox_cli.stack.pipelines.file_edits import FOLDER, FileEdit, content_of
from sandbox_cli.stack.pipelines.patch_file import FileChange, moved_text, read_patch

GIT_SECONDS = 60
# The user's own settings must not mend white space or line ends: the patch is what was edited, byte for byte.
GIT = ("git", "--git-dir=/dev/null", "-c", "core.autocrlf=false", "-c", "apply.ignorewhitespace=no")
APPLY = (*GIT, "apply", "--whitespace=nowarn", "-p1")
MOVED = re.compile(r"error: patch failed: (.+):([0-9]+)")
GONE = re.compile(r"error: (.+): No such file or directory")
THERE = re.compile(r"error: (.+): already exists in working directory")
EXECUTABLE = stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH
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
        raise UsageError(
            printable(f"--apply {file}: it can't be read: {error.strerror}.", one_line=True),
            hint="give a .patch file of this machine, or the notebook: its path as JupyterLab shows it, or its page",
        ) from None
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


def plan_edits(settings: Settings, patch: Patch, project: Path) -> list[FileEdit]:
    """Returns what the patch makes of each file, which git finds out on copies; empty where the project has it already.

    Raises:
        UsageError: It does not fit, or git reads something else in it than was shown; files and lines are named.
    """
    with tempfile.TemporaryDirectory(prefix="sandbox-patch-") as name:
        copies = Path(name)
        _copy_files(patch, project, copies)
        numbers = _git(settings, patch, copies, "--numstat", "-z")
        expected = {(str(change.added), str(change.removed), change.path) for change in patch.changes}
        found = numbers.stdout.decode("utf-8", "surrogateescape").split("\0")
        if numbers.returncode or {tuple(each.split("\t", 2)) for each in found if each} != expected:
            reason = _said(numbers) or "it takes the patch for another one"
            raise UsageError(
                f"git can't read the patch: {reason}; nothing was changed.", hint=_by_hand(settings, patch)
            )
        done = _git(settings, patch, copies)
        if not done.returncode:
            return _edits(settings, patch, project, copies)
        if not _git(settings, patch, copies, "--check", "--reverse").returncode:
            return []
        raise _does_not_fit(settings, patch, project, done)


def _copy_files(patch: Patch, project: Path, copies: Path) -> None:
    """Copies the files that a patch is about into a folder, as far as they are there.

    Raises:
        UsageError: One can't be read, or there is something else in its place.
    """
    for change in patch.changes:
        file, copy = project / change.path, copies / change.path
        above = next((each for each in file.parents if each.is_relative_to(project) and each.is_file()), None)
        in_place = above or (file if file.exists() and not file.is_file() else None)
        if in_place is not None:
            what = printable(f"{in_place} is in the place of {change.path}; nothing was changed.", one_line=True)
            raise UsageError(what, hint="move it away, or add --project DIR")
        copy.parent.mkdir(parents=True, exist_ok=True)
        try:
            if file.is_file():
                shutil.copy(file, copy)
        except OSError as error:
            what = printable(f"{file} can't be read: {error.strerror}; nothing was changed.", one_line=True)
            raise UsageError(what) from error


def _edits(settings: Settings, patch: Patch, project: Path, copies: Path) -> list[FileEdit]:
    """Returns the edits that git has made to copies."""
    made = []
    for change in patch.changes:
        file, copy = project / change.path, copies / change.path
        before, after = content_of(file), content_of(copy)
        if (after is None) != (change.kind == "deleted"):
            raise UsageError(f"git has not made `{change.path}`; nothing was changed.", hint=_by_hand(settings, patch))
        mode, before_mode = (stat.S_IMODE(each.stat().st_mode) if each.is_file() else 0 for each in (copy, file))
        if before is not None:
            _refuse_protected(file, before_mode)
            mode = before_mode & ~EXECUTABLE | mode & EXECUTABLE  # git knows no other bits
        made.append(FileEdit(file, before, after, mode, before_mode))
    return made


def _refuse_protected(file: Path, mode: int) -> None:
    if not mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH):
        shown = printable(str(file), one_line=True)
        raise UsageError(f"{shown} is write-protected; nothing was changed.", hint=f"chmod u+w {shlex.quote(shown)}")


def _git(settings: Settings, patch: Patch, folder: Path, *options: str) -> subprocess.CompletedProcess[bytes]:
    """Runs `git apply` with a folder as its root.

    Raises:
        UsageError: It can't be run.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        return subprocess.run(
            [*APPLY, *options, "-"],
            cwd=folder,
            env={**environment, "LC_ALL": "C"},
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
    reasons = "; ".join(dict.fromkeys(_reasons(patch, project, done.stderr.decode(errors="replace"))))
    root = _fitting_root(patch, project)
    hint = f"add --project {shlex.quote(str(root))}" if root else _by_hand(settings, patch)
    message = f"The patch does not fit {project}: {reasons or _said(done)}. Nothing was changed."
    return UsageError(printable(message, one_line=True), hint=hint)


def _reasons(patch: Patch, project: Path, stderr: str) -> Iterator[str]:
    for line in stderr.splitlines():
        if found := MOVED.fullmatch(line):
            yield moved_text(patch.text, found[1], int(found[2]), content_of(project / found[1]) or b"")
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
