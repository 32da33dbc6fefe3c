"""The debug notebook on disk: written beside the unpacked code of its run, never over one that is there."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from html import escape
from itertools import count
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from spark_etl.debugging.notebook.cells import debug_metadata, read_notebook
from spark_etl.debugging.notebook.document import Subject, fingerprint, make_notebook
from spark_etl.debugging.notebook.folder import unpack_once
from spark_etl.debugging.notebook.patch import original_files
from spark_etl.debugging.origin import origin_in
from spark_etl.debugging.trust import NotTrustedError, refuse_untrusted
from spark_etl.errors import ArgumentError, CodeNotKeptError, SparkEtlError
from spark_etl.printable import printable
from spark_etl.reading import Run
from spark_etl.reading.code import RunCode
from spark_etl.storage import is_s3
from spark_etl.store import run_name

FOLDER = "debug"
State = Literal["new", "unchanged", "edited"]


@dataclass(frozen=True)
class DebugNotebook:
    """A debug notebook on disk.

    Attributes:
        path: The file, relative to the home folder.
        state: `new`; or of one that was there already, `unchanged`, or `edited`: changed or run since it was written.
        folder: Where the run's code is unpacked, relative to the home folder.
        feature: The feature.
        run: The run's name.
        trusted: Whether its cells run the code; if not, it only shows it.
    """

    path: str
    state: State
    folder: str
    feature: str
    run: str
    trusted: bool

    def to_dict(self) -> dict[str, Any]:
        """Returns it as plain values."""
        return asdict(self)

    def __repr__(self) -> str:
        return printable(f"debug notebook of {self.run}/{self.feature}, {self.state}: {self.path}", one_line=True)

    def _repr_html_(self) -> str:
        server = os.environ.get("JUPYTERHUB_SERVICE_PREFIX")
        shown = escape(printable(self.path, one_line=True))
        link = f'<a href="{escape(server)}lab/tree/{shown}" target="_blank">{shown}</a>' if server else shown
        return f"<p>{link} ({self.state})</p>"


def write_debug_notebook(
    run: Run, feature: str | None, home: Path, *, scratch: str, new: bool = False
) -> DebugNotebook:
    """Writes the debug notebook of a feature and unpacks the run's code beside it; one that is there stays as it is.

    Nothing of the code is executed.

    Args:
        run: The run.
        feature: The feature; None for the one that the run failed at.
        home: The folder that has `debug/`.
        scratch: The scratch path that the run was looked for in, normalised.
        new: Whether to write another one beside one that is there.

    Raises:
        ArgumentError: The run has no such feature, is running or damaged; or the files can't be written.
        DamagedError: The run's code can't be unpacked.
    """
    alias = origin_in(run, feature, needs_code=False).feature
    stem = f"{FOLDER}/{as_name(run.stored.pipeline)}/{run.id}-{as_name(alias)}"
    code, no_code = _code_of(run)
    subject = Subject(run, alias, scratch, stem, code, no_code, _refusal(run, scratch))
    with _as_argument_error(home):
        return _written(subject, home, stem, new=new)


@contextmanager
def _as_argument_error(home: Path) -> Iterator[None]:
    """Turns what the disk says into an error that names the file and what to do."""
    try:
        yield
    except OSError as error:
        where = printable(str(error.filename or home), one_line=True)
        raise ArgumentError(
            f"the debug notebook can't be written: {where}: {error.strerror}",
            hint="make room there, move away what is in its place, or give another folder: --home DIR",
        ) from error


def as_name(text: str) -> str:
    """Returns a name that others wrote as one of a file."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", text).lstrip("._-") or "unnamed"


def _code_of(run: Run) -> tuple[RunCode | None, str]:
    """Returns the code that a run has kept, or why there is none."""
    try:
        code = run.code
        len(code)  # which reads it
    except CodeNotKeptError as error:
        return None, error.message
    return code, ""


def _refusal(run: Run, scratch: str) -> SparkEtlError | None:
    try:
        refuse_untrusted(run, scratch)
    except NotTrustedError as error:
        return error
    return None


def _written(subject: Subject, home: Path, stem: str, *, new: bool) -> DebugNotebook:
    """Writes the notebook, or returns the newest that is there."""
    numbers = _numbers(home / stem)
    there = _there(subject, home, _name(stem, max(numbers))) if numbers and not new else None
    if there is not None and not _is_trusted_since(subject, home / there.path):
        return there
    for number in count(max(numbers, default=0) + 1):
        name = _name(stem, number)
        subject = replace(subject, folder=name)
        if not os.path.lexists(home / name) or _is_untouched(subject, home / name):
            break
    (home / name).parent.mkdir(parents=True, exist_ok=True)
    _unpack(subject, home / name)
    try:
        _create(home / f"{name}.ipynb", make_notebook(subject))
    except FileExistsError:  # somebody else was faster
        return _there(subject, home, name)
    return _found(subject, name, "new", trusted=subject.refused is None)


def _is_trusted_since(subject: Subject, file: Path) -> bool:
    """Returns whether a notebook was written when its code was not trusted, so that it only shows it, and now it is."""
    if subject.refused is not None or subject.code is None:
        return False
    try:
        return not debug_metadata(read_notebook(file)).get("parts")
    except ArgumentError:
        return False


def _name(stem: str, number: int) -> str:
    return stem if number == 1 else f"{stem}-{number}"


def _numbers(place: Path) -> list[int]:
    """Returns the numbers of the notebooks of a feature that are there; the first one's name has none."""
    name = re.compile(rf"{re.escape(place.name)}(?:-([1-9]\d*))?\.ipynb")
    files = [each.name for each in place.parent.iterdir()] if place.parent.is_dir() else []
    return [int(match[1] or 1) for match in map(name.fullmatch, files) if match]


def _found(subject: Subject, name: str, state: State, *, trusted: bool) -> DebugNotebook:
    run = run_name(subject.run.path, subject.scratch)
    return DebugNotebook(f"{name}.ipynb", state, name, subject.feature, run, trusted)


def _there(subject: Subject, home: Path, name: str) -> DebugNotebook:
    """Returns a notebook that is there, its code unpacked again if that is gone."""
    file = home / f"{name}.ipynb"
    if not file.is_file():
        raise ArgumentError(f"{file} is no file", hint="move it away, or make another one beside it: --new")
    try:
        notebook = read_notebook(file)
        known = debug_metadata(notebook)
    except ArgumentError:  # it is the user's now, whatever it is
        return _found(subject, name, "edited", trusted=subject.refused is None)
    trusted = bool(known.get("parts")) and subject.refused is None
    if trusted and not os.path.lexists(home / name):
        _unpack(subject, home / name)
    cells = [cell for cell in notebook.get("cells") or () if isinstance(cell, dict)]
    was_run = any(cell.get("outputs") or cell.get("execution_count") for cell in cells)
    is_same = fingerprint(cells) == known.get("fingerprint") and (not trusted or _is_untouched(subject, home / name))
    return _found(subject, name, "unchanged" if is_same and not was_run else "edited", trusted=trusted)


def _is_untouched(subject: Subject, folder: Path) -> bool:
    """Returns whether a folder has the files of the run's code as they were unpacked."""
    if subject.code is None:
        return not os.path.lexists(folder)
    return all(
        (folder / path).is_file() and (folder / path).read_bytes() == content
        for path, content in original_files(subject.code).items()
    )


def _unpack(subject: Subject, folder: Path) -> None:
    """Writes the run's code into a folder that is not there yet, all of it or nothing."""
    if subject.code is not None and subject.refused is None:
        unpack_once(subject.code, folder)


def _create(file: Path, notebook: Mapping[str, Any]) -> None:
    """Writes a notebook under a name that nothing has; it is there as a whole, or not at all.

    Raises:
        FileExistsError: Something has that name.
    """
    content = json.dumps(notebook, indent=1) + "\n"  # in ASCII: names may hold what no encoding can write
    with tempfile.TemporaryDirectory(prefix=".debug-", dir=file.parent) as name:
        whole = Path(name) / file.name
        whole.write_text(content, encoding="utf-8")
        try:
            os.link(whole, file)
        except FileExistsError:
            raise
        except OSError:  # a disk without links
            with file.open("x", encoding="utf-8") as target:
                target.write(content)


def default_home(run: Run) -> Path:
    """Returns the folder that gets `debug/`: the user's home; for a run of a local folder, the current folder."""
    return Path.home() if is_s3(run.path) else Path.cwd()


def unpacked_folder(file: Path, known: Mapping[str, Any], home: Path) -> Path:
    """Returns where the code of a notebook was unpacked: beside it, else where it was when the notebook was written.

    Args:
        file: The notebook.
        known: Its metadata.
        home: The home folder that the folder in the metadata is relative to.

    Raises:
        ArgumentError: The metadata names a folder that is no place for code.
    """
    folder = PurePosixPath(str(known.get("folder") or ""))
    if folder.is_absolute() or ".." in folder.parts or folder.parts[:1] != (FOLDER,):
        raise ArgumentError(f"{file} names a folder that is not below {FOLDER}/: {printable(str(folder))}")
    beside = file.parent / folder.name
    return beside if beside.is_dir() else home / folder
