"""Finds runs below a scratch path."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from itertools import islice

from spark_etl.errors import ReadError, RunNotFoundError
from spark_etl.names import alternatives, listing
from spark_etl.reading.run import STATUSES, Run
from spark_etl.reading.tables import html_table, text_table
from spark_etl.storage import S3Settings, Storage, join, name_of, normalise, storage_for
from spark_etl.store.layout import USERS, is_run_id
from spark_etl.store.search import THREADS, folders_called, loaded, newest_first, newest_spans

MOST_NAMED = 16
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
        pipelines, first = self._pipelines(team, pipeline), _as_id(since)
        spans = [(first, "")] if limit is None else newest_spans(first)
        runs = newest_first(pipelines, spans, self._settings)
        matching = (run for run in runs if status is None or run.status == status)
        return RunTable(islice(matching, limit))

    def latest(self, pipeline: str | None = None, *, team: str | None = None, status: str | None = None) -> Run:
        """Returns the newest run that matches.

        Raises:
            RunNotFoundError: There is none.
        """
        for run in self.list(team=team, pipeline=pipeline, status=status, limit=1):
            return run
        known = sorted({name_of(folder) for folder in self._pipelines(None, None)})
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
        pipelines = self._pipelines(None, None)
        if is_run_id(run_id):
            found = [join(folder, run_id) for folder in pipelines]
        else:
            found = folders_called(pipelines, run_id, self._settings) if run_id else []
        runs = loaded([(folder, None) for folder in found[:MOST_NAMED]], self._settings)
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

    @property
    def _store(self) -> Storage:
        return storage_for(self.scratch, self._settings)

    def _pipelines(self, team: str | None, pipeline: str | None) -> Sequence[str]:
        """Returns the folders of pipelines."""
        store, scratch = self._store, self.scratch
        names = [team] if team else [name for name in store.folders(scratch) if name != USERS]
        teams = [join(scratch, name) for name in names]
        if pipeline:
            return [join(folder, pipeline) for folder in teams]
        with ThreadPoolExecutor(THREADS) as pool:
            inside = list(pool.map(store.folders, teams))
        return [join(folder, name) for folder, found in zip(teams, inside, strict=True) for name in found]


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
        in_utc = moment.astimezone(UTC) if moment.tzinfo else moment
        return f"{in_utc:%Y%m%dT%H%M%S}"
    return f"{moment:%Y%m%d}"
