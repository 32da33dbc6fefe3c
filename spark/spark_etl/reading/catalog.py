"""Finds runs below a scratch path."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from itertools import islice
from typing import TYPE_CHECKING

from spark_etl.errors import ArgumentError, ReadError, RunNotFoundError
from spark_etl.names import alternatives, is_segment, listing
from spark_etl.reading.comparing import ComparedRuns
from spark_etl.reading.run import STATUSES, Run, load_run
from spark_etl.reading.tables import html_table, text_table
from spark_etl.storage import S3Settings, is_s3, join, name_of, normalise
from spark_etl.store import KINDS, REPLAY, USERS, RunStore, StoredRun, Summary, first_id, looks_like_a_path, run_name

if TYPE_CHECKING:
    from spark_etl.adopting import OnProgress

MOST_NAMED = THREADS = 16
DEFAULT_LIMIT = 100
COLUMNS = ("run", "team", "pipeline", "dates", "status", "seconds", "failed at")


class RunTable(list[Run]):
    """Runs, newest first; shows itself as a table.

    Args:
        runs: The runs.
        limit: How many were asked for; None for all.
    """

    def __init__(self, runs: Iterable[Run] = (), *, limit: int | None = None) -> None:
        super().__init__(runs)
        self.is_cut = limit is not None and len(self) >= limit

    @property
    def _note(self) -> str:
        return f"the newest {len(self)}; limit=None lists all" if self.is_cut else ""

    def _rows(self) -> list[list[str]]:
        return [run.summary() for run in self]

    def __repr__(self) -> str:
        return "\n".join(filter(None, [text_table(COLUMNS, self._rows()), self._note])) if self else "no runs"

    def _repr_html_(self) -> str:
        return html_table(COLUMNS, self._rows()) + (f"<p>{self._note}</p>" if self._note else "")


class Runs(ComparedRuns):
    """All runs below a scratch path.

    Args:
        scratch: The path; `SANDBOX_SCRATCH` if not given.
        settings: How to reach S3; from the environment if not given.
        every_user: Whether lists have the own runs of all users, below `users/`; else those of this server's user.
    """

    def __init__(
        self, scratch: str | None = None, settings: S3Settings | None = None, *, every_user: bool = False
    ) -> None:
        self._scratch = scratch
        self._settings = settings
        self._every_user = every_user

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
        own: bool = True,
        kind: str | None = None,
        replays: bool = False,
    ) -> RunTable:
        """Returns the runs that match, newest first.

        Args:
            team: Only this team's.
            pipeline: Only of this pipeline.
            since: Only those started at that moment or later, in UTC: a date, a datetime or such a text.
            status: Only `running`, `succeeded`, `failed`, `interrupted`, `died` or `damaged`.
            limit: At most so many; None for all.
            own: Also the user's own runs below `users/`, named by their path; `latest` never returns one.
            kind: Only `run`, `adopted`, `imported` or `replay`; all but replays if not given.
            replays: Also replays, each of one feature of another run.
        """
        for what, value, known in (("status", status, STATUSES), ("kind", kind, KINDS)):
            if value is not None and value not in known:
                raise ArgumentError(f"no {what} `{value}`. {alternatives(value, known)}")
        users = self._users() if own else ()
        found = self.store.newest_first(team, pipeline, since=_as_id(since), whole=limit is None, users=users)
        runs = (run for batch in found for run in self._loaded(batch))
        hidden = () if replays or kind else (REPLAY,)
        matching = (
            run for run in runs if status in {None, run.status} and kind in {None, run.kind} and run.kind not in hidden
        )
        listed = list(islice(matching, limit))
        return RunTable(listed, limit=limit)

    def _users(self) -> Sequence[str] | None:
        """Returns whose own runs are in lists: everybody's as None, those of this server's user, or nobody's."""
        user = os.environ.get("JUPYTERHUB_USER", "")
        return None if self._every_user else [user] if is_segment(user) else []

    def latest(
        self,
        pipeline: str | None = None,
        *,
        team: str | None = None,
        status: str | None = None,
        kind: str | None = "run",
    ) -> Run:
        """Returns the newest run of a team that matches; of two of one second, the one that started later.

        Args:
            pipeline: Only of this pipeline.
            team: Only this team's.
            status: Only one that ended so.
            kind: `adopted` for a run that was adopted, which never ran here and may be about any day; None for any.

        Raises:
            RunNotFoundError: There is none.
        """
        for run in self.list(team=team, pipeline=pipeline, status=status, limit=1, own=False, kind=kind):
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
            hint="./sandbox run --help",
        )

    def adopt(
        self,
        prefix: str,
        features: str | Sequence[str] = (),
        *,
        pipeline: str | None = None,
        team: str | None = None,
        into: str | None = None,
        start_date: str | date | None = None,
        end_date: str | date | None = None,
        failed: str | None = None,
        command: str = "",
        on_progress: OnProgress | None = None,
    ) -> Run:
        """Returns a run made of plain Parquet that other programs have written; nothing is written beside it.

        It reads like any other run, for as long as the files stay what they are. In a notebook of the sandbox, it lies
        below the user's own prefix.

        Args:
            prefix: Where the data lies: `s3a://bucket/prefix`, or a folder.
            features: `"orders"`, `["orders", "users"]`, or `"orders=sub/folder"` for another folder than the name says.
            pipeline: Of which pipeline; the last part of the prefix if not given.
            team: Whose run; `sandbox`, or in a notebook the user, if not given.
            into: An adopted run that the features are added to.
            start_date: First day it is about; a replay needs it.
            end_date: Last day; the first if not given.
            failed: The feature that failed in production, which has no rows.
            command: As it was typed.
            on_progress: Is called with a feature, and how many footers of how many were read.

        Raises:
            ArgumentError: What is there can't be adopted; it says why. Nothing is written then.
        """
        from spark_etl.adopting import AdoptRequest, adopt

        days = [str(day) if day is not None else None for day in (start_date, end_date)]
        scratch, owner = self._own_scratch(team)
        request = AdoptRequest.parse(prefix, features, team=owner, pipeline=pipeline, dates=days, failed=failed)
        added = self[into].stored if into else None
        made = adopt(request, scratch, self._settings, into=added, command=command, on_progress=on_progress)
        return Run(made, made.document(), name=run_name(made.root, self._scratch))

    def _own_scratch(self, team: str | None) -> tuple[str, str | None]:
        """Returns below which path this process may write a run, and whose it is; users have a prefix of their own."""
        scratch, user = self.scratch, os.environ.get("JUPYTERHUB_USER", "")
        if not is_segment(user) or not is_s3(scratch) or f"/{USERS}/" in f"{scratch}/":
            return scratch, team
        own = join(scratch, USERS)
        return (join(own, user), team) if team else (own, user)

    def __getitem__(self, name: str) -> Run:
        """Returns the run of an id, or of the only id that begins or ends so; of a path, the run that lies there.

        What users keep below `users/` is found by its path alone: `runs["users/ada/billing/20240229T101112Z-7f3a2c"]`.

        Raises:
            RunNotFoundError: There is none, or more than one.
        """
        by_path = looks_like_a_path(name)
        found = self._at_path(name) if by_path else self.store.called(name)
        runs = self._loaded([(stored, None) for stored in found[:MOST_NAMED]])
        if len(runs) == 1 and len(found) <= MOST_NAMED:
            return runs[0]
        many = f"{len(found)} runs are called so" if len(runs) > 1 else "no such run"
        if by_path:
            raise RunNotFoundError(f"{name!r}: {many}", hint="runs.list()")
        own = [run.name for run in self.list(limit=None) if "/" in run.name and _is_called(run.id, name)]
        newest = ", ".join(run.name for run in self.list(limit=3)) or "none"
        hint = f'runs["{own[0]}"]' if own else "runs.list()"
        raise RunNotFoundError(f"{name!r}: {many} below {self.scratch}. The newest: {newest}", hint=hint)

    def _at_path(self, name: str) -> Sequence[StoredRun]:
        scratch = self._scratch or os.environ.get("SANDBOX_SCRATCH")
        whole = "://" in name or name.startswith("/")  # needs no scratch path
        return RunStore(name if whole and not scratch else self.scratch, self._settings).at_path(name)

    def _loaded(self, found: Sequence[tuple[StoredRun, Summary | None]]) -> Sequence[Run]:
        """Returns runs with their summary, or with their document; none where that is missing."""

        def one(given: tuple[StoredRun, Summary | None]) -> Run | None:
            stored, summary = given
            name = run_name(stored.root, self._scratch)
            if summary:
                return Run(stored, None, summary, name=name)
            run = load_run(stored, name)
            if run is not None:
                stored.repair_mark(run.document)
            return run

        if all(summary for _, summary in found):
            return [run for run in map(one, found) if run is not None]
        with ThreadPoolExecutor(THREADS) as pool:
            return [run for run in pool.map(one, found) if run is not None]

    def __iter__(self) -> Iterator[Run]:
        return iter(self.list(limit=None))

    def __repr__(self) -> str:
        return f"Runs({self._scratch or os.environ.get('SANDBOX_SCRATCH')!r})"

    def _repr_html_(self) -> str:
        return self.list(limit=20)._repr_html_()


def _is_called(run_id: str, part: str) -> bool:
    return bool(part) and (run_id.startswith(part) or run_id.endswith(part))


def _as_id(since: str | date | None) -> str:
    """Returns the smallest id of a run started at that moment."""
    if since is None:
        return ""
    try:
        moment = datetime.fromisoformat(since) if isinstance(since, str) else since
    except ValueError:
        raise ArgumentError(
            f"since={since!r} is no moment", hint='write it as since="2024-02-29" or "2024-02-29T10:00"'
        ) from None
    if isinstance(moment, datetime):
        return first_id(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    return f"{moment:%Y%m%d}"
