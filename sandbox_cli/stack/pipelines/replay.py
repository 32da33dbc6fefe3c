"""`sandbox replay`: one feature of a run again, in a driver that has what the run had."""

from __future__ import annotations

import io
import os
import re
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from spark_etl.code.git import GitState, read_git_state
from spark_etl.config import load_config, variables
from spark_etl.dates import parse_date
from spark_etl.debugging.origin import Origin, find_origin
from spark_etl.debugging.trust import is_imported, owner_of, refuse_untrusted

from sandbox_cli.console import Console
from sandbox_cli.errors import UsageError
from sandbox_cli.settings import Settings
from sandbox_cli.stack import state
from sandbox_cli.stack.pipelines import driver, packages, project, submit
from sandbox_cli.stack.session import Session

GIT_SECONDS = 60
RECORDED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*==[A-Za-z0-9][A-Za-z0-9.!+_-]*")  # as the runner records a package


@dataclass(frozen=True)
class Code:
    """Other code for the feature.

    Attributes:
        folder: The project.
        text: How it is called.
        shown: Where the user has it.
        git: Its commit, if that is known.
    """

    folder: Path
    text: str
    shown: Path
    git: GitState | None


def find(session: Session, name: str, dates: Sequence[str | None], *, other_code: bool) -> Origin:
    """Returns the run and the feature to be replayed, refused here as far as that can be seen without a driver.

    Args:
        session: The stack.
        name: `RUN/FEATURE`, or `RUN`.
        dates: First and last day, as given.
        other_code: Whether other code than the run's is given.

    Raises:
        spark_etl.errors.SparkEtlError: There is none, what it carries is not trusted, or no days are known.
    """
    origin = find_origin(session.runs, name, other_code=other_code)
    refuse_untrusted(origin.run, session.runs.scratch)
    options = ("--start-date", "--end-date")
    origin.dates(*(parse_date(day, option) if day else None for day, option in zip(dates, options, strict=True)))
    return origin


@contextmanager
def code_of(settings: Settings, origin: Origin, folder: Path | None, commit: str | None) -> Iterator[Code | None]:
    """Gives the code that a command line asks for: a folder, or a commit of the project; None for the run's own.

    Raises:
        UsageError: The folder is not there, or git does not know the commit.
    """
    if folder is not None and commit is not None:
        raise UsageError("--code and --commit exclude each other.", hint="sandbox replay --help")
    if folder is not None:
        if not folder.is_dir():
            raise UsageError(f"--code {folder}: no such folder.")
        found = folder.resolve()
        yield Code(found, str(found), found, read_git_state(found))
    elif commit is not None:
        repository = _repository(origin)
        revision = _git(repository, "rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}").decode().strip()
        with _exported(settings, repository, revision) as exported:
            yield Code(exported, f"commit {revision[:12]}", repository, GitState(revision, dirty=False))
    else:
        yield None


def _repository(origin: Origin) -> Path:
    """Returns the project of the run where it is on this machine, else the folder of the caller.

    A run that another stack has made names a folder of another machine.
    """
    known = None if is_imported(origin.run) else (origin.run.document.options or {}).get("project")
    folder = Path(str(known)) if known else Path()
    return folder if folder.is_absolute() and folder.is_dir() else Path.cwd()


def _git(folder: Path, *arguments: str) -> bytes:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, timeout=GIT_SECONDS, check=True
        )
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip() or f"there is no such commit in {folder}"
        raise UsageError(f"--commit: {said}", hint=f"git -C {folder} log --oneline") from error
    except (OSError, subprocess.SubprocessError) as error:
        raise UsageError(f"--commit: git can't be asked: {error}") from error
    return done.stdout


@contextmanager
def _exported(settings: Settings, repository: Path, revision: str) -> Iterator[Path]:
    """Gives a folder with the files of a commit, of that part of the repository which is the project."""
    parent = state.private_folder(settings.state_dir / "projects")
    with tempfile.TemporaryDirectory(dir=parent) as name:
        folder = Path(name) / "project"
        folder.mkdir()
        with tarfile.open(fileobj=io.BytesIO(_git(repository, "archive", "--format=tar", revision))) as archive:
            archive.extractall(folder, filter="data")
        yield folder


def replay(
    console: Console,
    session: Session,
    origin: Origin,
    code: Code | None,
    arguments: Sequence[str],
    *,
    requirements: Path | None = None,
) -> int:
    """Replays in a driver of its own and returns the runner's exit code.

    Args:
        console: Shows progress.
        session: The stack.
        origin: The run and the feature.
        code: Other code for it.
        arguments: More of the runner's options.
        requirements: Packages for it; None: those that the run had.

    Raises:
        spark_etl.errors.ConfigError: The config of the other code makes no sense.
    """
    with prepared(console, session, origin, code, arguments, requirements=requirements) as (command, options):
        console.live("starting a driver …")
        result = driver.run(session, command, options=options)
        console.live("")
    return result.exit_code


@contextmanager
def prepared(
    console: Console,
    session: Session,
    origin: Origin,
    code: Code | None,
    arguments: Sequence[str],
    *,
    requirements: Path | None = None,
) -> Iterator[tuple[list[str], list[str]]]:
    """Gives the runner's command line and the options of its driver, while what they name is there; see `replay`."""
    options = driver_options(console, session, origin, code, requirements=requirements)
    command = ["python", "-m", "spark_etl", "replay", f"{origin.run.path}/{origin.feature}"]
    command += ["--scratch-path", session.runs.scratch, *arguments]
    if code is None:
        yield command, options
        return
    with project.readable(session.settings, code.folder, console.info) as folder:
        command += ["--code", project.INSIDE, "--code-name", code.text]
        yield command, options + submit.project_options(folder, code.shown, code.git)


def driver_options(
    console: Console, session: Session, origin: Origin, code: Code | None = None, *, requirements: Path | None = None
) -> list[str]:
    """Returns the options of a driver that has what the run had: packages, variables, who has started it.

    Args:
        console: Shows how packages are installed.
        session: The stack.
        origin: The run.
        code: Other code, whose config may mention more variables.
        requirements: Packages; None: those that the run had.
    """
    names = _variables(origin, code)
    key = submit.install_packages(console, session, requirements) or _packages(console, session, origin)
    options = [*submit.terminal_options(console), *submit.user_options()]
    options += [word for name in names for word in ("--env", name)]  # no value: it may be a secret
    return options + (submit.path_options(f"{packages.INSIDE}/{key}") if key else [])


def _variables(origin: Origin, code: Code | None) -> list[str]:
    """Returns the variables of this process's environment that the run's config mentions, or that of other code."""
    file = origin.config_in(code.folder) if code else None
    names = {*variables(origin.run.document.config), *(load_config(file).variables if file else ())}
    return sorted(name for name in names if name in os.environ)


def _refuse_other_requirements(session: Session, origin: Origin) -> None:
    """Refuses lines that the runner does not write: pip would read files and variables of this machine for them.

    Raises:
        UsageError: Somebody else's run has one.
    """
    if owner_of(origin.run, session.runs.scratch) is None:
        return
    for line in origin.run.document.requirements or []:
        if not RECORDED.fullmatch(line):
            raise UsageError(
                f"run {origin.run.name} asks for the package {line[:200]!r}, which is no `name==version`.",
                hint="give a file of your own: --requirements FILE",
            )


def _packages(console: Console, session: Session, origin: Origin) -> str | None:
    """Returns the folder of the packages that the run had; those that are not installed any more are, once more."""
    document = origin.run.document
    if not document.requirements:
        return None
    _refuse_other_requirements(session, origin)
    is_named_here = not is_imported(origin.run)  # else it may be any folder: that of another project's packages
    if is_named_here and document.packages and packages.is_installed(session, document.packages):
        return document.packages
    parent = state.private_folder(session.settings.state_dir / "projects")
    with tempfile.TemporaryDirectory(dir=parent) as name:
        file = Path(name) / "requirements.txt"
        file.write_text("".join(f"{line}\n" for line in document.requirements), encoding="utf-8")
        return submit.install_packages(console, session, file)
