"""The list of runs: newest first, some at a time, those that match."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from urllib.parse import urlencode

from spark_etl.store import KINDS, RECORDED_STATUSES, REPLAY, RunDocument, RunStore, StoredRun, Summary

from sandbox_hub.runs.access import path_of
from sandbox_hub.runs.limits import LARGEST_DOCUMENT

DIED, DAMAGED = "died", "damaged"
STATUSES = (*RECORDED_STATUSES, DIED, DAMAGED)
SHOWN = 50
MOST_LOOKED_AT = 20_000
MOST_DIGITS = 9


@dataclass(frozen=True)
class RunRow:
    """What a list shows of a run.

    Attributes:
        path: Below the scratch path; its page is called so.
        status: As it is recorded, or `died`, or `damaged`.
        failed_at: The feature that it failed at; empty if none.
        user: Who started it; empty where that is not known.
        started: When, in UTC; empty where that is not known.
    """

    path: str
    run_id: str
    team: str
    pipeline: str
    dates: str
    status: str
    seconds: float | None
    failed_at: str
    kind: str
    user: str
    started: str

    def matches(self, filters: Filters) -> bool:
        """Returns whether it is among those that are asked for."""
        if filters.status and self.status != filters.status:
            return False
        if self.kind == REPLAY and not filters.replays:
            return False
        if filters.pipeline and self.pipeline != filters.pipeline:
            return False
        text = " ".join([self.path, self.team, self.user, self.failed_at, self.status, self.dates, self.kind]).lower()
        return all(word in text for word in filters.query.lower().split())


@dataclass(frozen=True)
class Filters:
    """Which runs are asked for.

    Attributes:
        query: Words that all have to be in what the list shows.
        status: Only of this one; empty for all.
        pipeline: Only of this one; empty for all.
        replays: Whether replays are among them.
        before: Where the next page begins, as `RunList` says it; empty for the first one.
    """

    query: str = ""
    status: str = ""
    pipeline: str = ""
    replays: bool = False
    before: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left out but replays."""
        return not (self.query or self.status or self.pipeline or self.before)

    @property
    def is_followed(self) -> bool:
        """Whether a script asks again and again: a search reads too much for that, and an old page does not change."""
        return not (self.query or self.before)

    @property
    def cursor(self) -> tuple[str, int]:
        """The second that the page begins in, and how many runs of it were shown before."""
        second, _, shown = self.before.partition(".")
        return second, int(shown) if shown.isdecimal() and len(shown) < MOST_DIGITS else 0

    def older(self, before: str) -> str:
        """Returns the query of the address of the next page."""
        known = {"q": self.query, "status": self.status, "pipeline": self.pipeline, "before": before}
        known["replays"] = "1" if self.replays else ""
        return urlencode({name: value for name, value in known.items() if value})


@dataclass(frozen=True)
class RunList:
    """A page of the list.

    Attributes:
        rows: The runs.
        next_before: Where the next page begins: a second, and how many of its runs were shown; empty if there is none.
        is_cut: Whether there are more runs than were looked through.
    """

    rows: tuple[RunRow, ...]
    next_before: str = ""
    is_cut: bool = False


def list_runs(store: RunStore, user: str, filters: Filters) -> RunList:
    """Returns a page of runs.

    Args:
        store: As the user sees it.
        user: Whose own runs are among them.
        filters: Which.

    Raises:
        StorageError: The store does not answer.
    """
    looked_at = 0
    second, shown = filters.cursor

    def found() -> Iterator[RunRow]:
        nonlocal looked_at
        of_second = 0
        for batch in store.newest_first(None, filters.pipeline or None, users=[user]):
            for each in batch:
                looked_at += 1
                if second and _second(each[0].run_id) > second:
                    continue
                row = row_of(each)
                if row is None or not row.matches(filters):
                    continue
                of_second += _second(row.run_id) == second
                if _second(row.run_id) != second or of_second > shown:
                    yield row
            if looked_at >= MOST_LOOKED_AT:
                return

    rows = tuple(islice(found(), SHOWN + 1))
    more = _cursor_after(rows[:SHOWN], second, shown) if len(rows) > SHOWN else ""
    return RunList(rows[:SHOWN], more, is_cut=looked_at >= MOST_LOOKED_AT and not more)


def _second(run_id: str) -> str:
    return run_id.partition("-")[0]


def _cursor_after(rows: Sequence[RunRow], second: str, shown: int) -> str:
    """Returns where the page after some rows begins: runs of one second are in the order of their moments."""
    last = _second(rows[-1].run_id)
    count = sum(_second(row.run_id) == last for row in rows) + (shown if last == second else 0)
    return f"{last}.{count}"


def row_of(found: tuple[StoredRun, Summary | None]) -> RunRow | None:
    """Returns the row of a run; None if there is none."""
    run, summary = found
    if summary is not None:
        return _of_summary(run, summary)
    document = run.document(largest=LARGEST_DOCUMENT)
    if document is None:
        return None
    return _of_document(run, document)


def status_of(run: StoredRun, document: RunDocument) -> str:
    """Returns the status of a run; one that says nothing any more has died."""
    return DIED if document.status == "running" and run.is_alive() is False else document.status


def _of_summary(run: StoredRun, known: Summary) -> RunRow:
    return RunRow(
        path=path_of(run),
        run_id=run.run_id,
        team=run.team,
        pipeline=run.pipeline,
        dates=known.dates,
        status=known.status,
        seconds=known.seconds,
        failed_at=known.failed_at,
        kind=known.kind if known.kind in KINDS else "run",
        user=known.user,
        started=known.started,
    )


def _of_document(run: StoredRun, document: RunDocument) -> RunRow:
    error = document.error
    return RunRow(
        path=path_of(run),
        run_id=run.run_id,
        team=run.team,
        pipeline=run.pipeline,
        dates=document.dates,
        status=status_of(run, document),
        seconds=document.seconds,
        failed_at=(error.feature or "") if error else "",
        kind=document.kind,
        user=document.user,
        started=document.started or "",
    )
