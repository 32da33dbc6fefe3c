"""Finds runs below a scratch path."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from itertools import islice

from spark_etl.errors import ReadError, RunNotFoundError
from spark_etl.names import alternatives, listing
from spark_etl.reading.run import STATUSES, Run, load_run
from spark_etl.reading.tables import html_table, text_table
from spark_etl.storage import S3Settings, name_of, normalise
from spark_etl.store import RunStore, StoredRun, Summary, first_id

MOST_NAMED = THREADS = 16
DEFAULT_LIMIT = 100
COLUMNS = ("run", "team", "pipeline", "dates", "status", "seconds", "failed at")


class RunTable(list[Run]):
    """Runs, newest first; shows itself as a table."""

    def _rows(self) -> list[list[str]]:
        return [run.summary() for run in self]

    def __repr__(self) -> str:
        return text_table(COLUMNS, self._rows()) if self else "no runs"

    def _repr_html_(self) -> str:
        return html_table(COLUMNS, self._rows())


class Runs:
    """All runs below a scratch path.

    Args:
        scratch: The path; `SANDBOX_SCRATCH` if not given.
        settings: How to reach S3; from the environment if not given.
    """

    def __init__(self, scratch: str | None = None, settings: S3Settings | None = None) -> None:
        self._scratch = scratch
        self._settings = settings

    def at(self, scratch: str, settings: S3Settings | None = None) -> Runs:
        """Returns the runs below another scratch path."""
        return Runs(scratch, settings)

    @property
    def store(self) -> RunStore:
        """The store of these runs.

        Raises:
            ReadError: No scratch path is given.
        """
        return RunStore(self.scratch, self._settings)

    @property
    def scratch(self) -> str:
        """The scratch path.

        Raises:
            ReadError: None is given.
        """
        path = self._scratch or os.environ.get("SANDBOX_SCRATCH")
        if not path:
            raise ReadError("where are the runs?", hint='runs.at("s3a://my-bucket/scratch/"), or set SANDBOX_SCRATCH')
        return normalise(path)

    def list(
        self,
        *,
        team: str | None = None,
        pipeline: str | None = None,
        since: str | date | None = None,
        status: str | None = None,
        limit: int | None = DEFAULT_LIMIT,
    ) -> RunTable:
        """Returns the runs that match, newest first.

        Args:
            team: Only this team's.
            pipeline: Only of this pipeline.
            since: Only those started at that moment or later, in UTC: a date, a datetime or such a text.
            status: Only `running`, `succeeded`, `failed`, `interrupted`, `died` or `damaged`.
            limit: At most so many; None for all.
        """
        if status is not None and status not in STATUSES:
            raise ReadError(f"no status `{status}`. {alternatives(status, STATUSES)}")
        found = self.store.newest_first(team, pipeline, since=_as_id(since), whole=limit is None)
        runs = (run for batch in found for run in _loaded(batch))
        matching = (run for run in runs if status is None or run.status == status)
        return RunTable(islice(matching, limit))

    def latest(self, pipeline: str | None = None, *, team: str | None = None, status: str | None = None) -> Run:
        """Returns the newest run that matches.

        Raises:
            RunNotFoundError: There is none.
        """
        for run in self.list(team=team, pipeline=pipeline, status=status, limit=1):
            return run
        known = sorted({name_of(folder) for folder in self.store.pipelines()})
        if pipeline is not None and pipeline not in known:
            raise RunNotFoundError(
                f"no run of a pipeline `{pipeline}` below {self.scratch}. {alternatives(pipeline, known)}"
            )
        what = " ".join(
            part for part in ["run", f"of {pipeline}" if pipeline else "", f"of team {team}" if team else ""] if part
        )
        raise RunNotFoundError(
            f"no {status + ' ' if status else ''}{what} below {self.scratch}. Pipelines: {listing(known)}",
            hint="sandbox run",
        )

    def __getitem__(self, run_id: str) -> Run:
        """Returns the run of an id, or of the only id that begins or ends so.

        Raises:
            RunNotFoundError: There is none, or more than one.
        """
        found = self.store.called(run_id)
        runs = _loaded([(stored, None) for stored in found[:MOST_NAMED]])
        if len(runs) == 1 and len(found) <= MOST_NAMED:
            return runs[0]
        newest = ", ".join(run.id for run in self.list(limit=3)) or "none"
        many = f"{len(found)} runs are called so" if len(runs) > 1 else "no such run"
        raise RunNotFoundError(f"{run_id!r}: {many} below {self.scratch}. The newest: {newest}", hint="runs.list()")

    def __iter__(self) -> Iterator[Run]:
        return iter(self.list(limit=None))

    def __repr__(self) -> str:
        return f"Runs({self._scratch or os.environ.get('SANDBOX_SCRATCH')!r})"

    def _repr_html_(self) -> str:
        return self.list(limit=20)._repr_html_()


def _loaded(found: Sequence[tuple[StoredRun, Summary | None]]) -> Sequence[Run]:
    """Returns runs with their summary, or with their document; none where that is missing."""
    if all(summary for _, summary in found):
        return [Run(stored, None, summary) for stored, summary in found]

    def one(given: tuple[StoredRun, Summary | None]) -> Run | None:
        stored, summary = given
        return Run(stored, None, summary) if summary else load_run(stored)

    with ThreadPoolExecutor(THREADS) as pool:
        return [run for run in pool.map(one, found) if run is not None]


def _as_id(since: str | date | None) -> str:
    """Returns the smallest id of a run started at that moment."""
    if since is None:
        return ""
    try:
        moment = datetime.fromisoformat(since) if isinstance(since, str) else since
    except ValueError:
        raise ReadError(
            f"since={since!r} is no moment", hint='write it as since="2024-02-29" or "2024-02-29T10:00"'
        ) from None
    if isinstance(moment, datetime):
        return first_id(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    return f"{moment:%Y%m%d}"
