"""Keeps from being read what the run did not write: names the file that is another, and what makes it again."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from spark_etl.errors import CheckpointError, DamagedFileError
from spark_etl.printable import printable
from spark_etl.reading.part_files import (
    FileProblem,
    first_problem,
    footer_problem,
    listed_problems,
    may_be_damage,
    read_errors,
)
from spark_etl.reading.warn import warn_user
from spark_etl.storage import S3Settings, is_s3
from spark_etl.store import DataFile, Manifest, run_name
from spark_etl.units import format_count

MOST_LISTED = 2_000  # files: two requests to a store
Remake = Callable[[bool], str]


class FileGuard:
    """Looks at a checkpoint's files before they are read, and when a read has failed.

    Args:
        path: The checkpoint's folder.
        manifest: What was written.
        settings: How to reach S3; from the environment if not given.
        remake: Returns the command that makes it again, given whether `--resume` sees what is wrong.
    """

    def __init__(self, path: str, manifest: Manifest, settings: S3Settings | None, remake: Remake) -> None:
        self._path = path
        self._manifest = manifest
        self._settings = settings
        self._remake = remake
        self._is_listed = False

    def refuse_other_files(self) -> None:
        """Looks once whether the files lie there as they were written; of very many, only where one can't be read.

        A file of the same size and another ETag may be a copy, as of a run that was brought from another bucket: it is
        read if its footer fits, with a warning. Not so one that was adopted: what lies there was written in its place,
        as others write there at any time, so that these are always looked at.

        Raises:
            DamagedFileError: They do not.
        """
        is_long = len(self._manifest.files) > MOST_LISTED and not self._manifest.is_adopted
        if self._is_listed or is_long:
            return
        problems = list(listed_problems(self._path, self._manifest, self._settings, times=False))
        changed = [problem for problem in problems if problem.kind == "changed"]
        for problem in problems:
            if problem.kind not in ({"added"} if self._manifest.is_adopted else {"added", "changed"}):
                raise self._damaged(problem)
        self._check_changed({problem.file for problem in changed})
        if changed:
            self._warn(changed)
        self._is_listed = True

    def _check_changed(self, names: set[str]) -> None:
        for file in self._manifest.files:
            if file.name in names:
                problem = self._footer_problem(file)
                if problem:
                    raise self._damaged(problem)

    def _footer_problem(self, file: DataFile) -> FileProblem | None:
        path = self._manifest.file_path(self._path, file.name)
        return footer_problem(path, file, self._manifest, self._settings)

    def _warn(self, changed: list[FileProblem]) -> None:
        what = f"`{self._manifest.feature}` of run {self._manifest.run_id}: {format_count(len(changed), 'file')}"
        name = printable(changed[0].file, one_line=True)
        warn_user(f"{what} written again, or copied, after the run, such as {name}; .verify() looks closer")

    @contextmanager
    def explain(self) -> Iterator[None]:
        """Turns an error about a file that is damaged into one that names it.

        Raises:
            DamagedFileError: In place of what pyarrow or DuckDB has raised, if a file is damaged.
        """
        refusals: tuple[type[BaseException], ...] = (CheckpointError, *read_errors())
        try:
            yield
        except DamagedFileError:
            raise
        except refusals as error:
            problem = first_problem(self._path, self._manifest, self._settings) if may_be_damage(error) else None
            if problem is None:
                raise
            raise self._damaged(problem) from error

    def _damaged(self, problem: FileProblem) -> DamagedFileError:
        run = self._manifest.run_id
        file = self._manifest.file_path(self._path, problem.file)
        is_not = "is not what was adopted" if self._manifest.is_adopted else "is damaged"
        message = f"`{self._manifest.feature}` of run {run} {is_not}. {file}: {problem.reason}"
        name = shlex.quote(run_name(self._path.rpartition("/")[0]))
        others = f"; to see what else is damaged: ./sandbox runs verify {name}" if is_s3(self._path) else ""
        again = "adopts what is there now" if self._manifest.is_adopted else "makes it again"
        hint = f"{self._remake(problem.is_seen_by_resume)} {again}{others}"
        return DamagedFileError(printable(message, one_line=True), hint=printable(hint, one_line=True))
