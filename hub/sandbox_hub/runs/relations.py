"""What else belongs to a run: its replays, who has reused its checkpoints, and the shared notebooks that pin them."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

from spark_etl.store import REPLAY, RunDocument, RunStore, StoredRun

from sandbox_hub.runs.access import is_own, path_of
from sandbox_hub.runs.limits import LARGEST_DOCUMENT, MOST_LATER_RUNS
from sandbox_hub.runs.listing import MOST_LOOKED_AT, status_of

THREADS = 8


@dataclass(frozen=True)
class Replay:
    """A replay of a run.

    Attributes:
        path: Its page is called so.
        verdict: What it has found; empty as long as that is not known.
        code: Whose code has computed it.
    """

    path: str
    run_id: str
    feature: str
    verdict: str
    code: str
    user: str


@dataclass(frozen=True)
class Relations:
    """What else belongs to a run.

    Attributes:
        replays: The newest first.
        reused_by: Later runs that read checkpoints of it: path and id.
        pinned_by: Checkpoint and the notebook on the shelf that keeps it.
        is_cut: Whether there are more later runs than were looked at.
    """

    replays: tuple[Replay, ...]
    reused_by: tuple[tuple[str, str], ...]
    pinned_by: tuple[tuple[str, str], ...]
    is_cut: bool


def relations_of(store: RunStore, run: StoredRun, user: str) -> Relations:
    """Returns what else belongs to a run, as far as a user sees it.

    Raises:
        StorageError: The store does not answer.
    """
    later = list(islice(_later(store, run, user), MOST_LATER_RUNS + 1))
    with ThreadPoolExecutor(THREADS) as pool:  # of each document, only what is shown is kept
        known = list(pool.map(lambda each: _relation(each, run), later[:MOST_LATER_RUNS]))
    replays = tuple(each for each in known if isinstance(each, Replay))
    reused = tuple(each for each in known if isinstance(each, tuple))
    pins = tuple((pin.feature, pin.notebook) for pin in islice(store.pins(run), MOST_LATER_RUNS))
    return Relations(replays, reused, pins, is_cut=len(later) > MOST_LATER_RUNS)


def _later(store: RunStore, run: StoredRun, user: str) -> Iterator[StoredRun]:
    """Yields the runs that may have read it: later ones of its pipeline, of teams and the user's own."""
    for batch in store.newest_first(None, run.pipeline, since=run.run_id, users=[user]):
        for each, summary in batch:
            if each.run_id > run.run_id and (summary is None or summary.status):
                yield each


def _relation(other: StoredRun, run: StoredRun) -> Replay | tuple[str, str] | None:
    """Returns what a later run has to do with a run: a replay of it, or path and id of one that reuses it."""
    document = other.document(largest=LARGEST_DOCUMENT)
    if document is None:
        return None
    if document.replay is not None and document.replay.path == run.root:
        return _replay(other, document)
    reuses = any(feature.reused_from == run.root for feature in document.features.values())
    return (path_of(other), other.run_id) if reuses else None


def _replay(run: StoredRun, document: RunDocument) -> Replay:
    known = document.replay
    assert known is not None  # noqa: S101 - for the type checker
    verdict: Any = (known.verdict or {}).get("answer") or status_of(run, document)
    return Replay(path_of(run), run.run_id, known.feature, str(verdict)[:200], known.code[:200], document.user)


class OtherRun(NamedTuple):
    """Another run of the same pipeline.

    Attributes:
        name: What finds it in a notebook.
        status: How it ended.
        path: Its page is called so.
    """

    name: str
    status: str
    path: str


def other_runs(store: RunStore, run: StoredRun, user: str, most: int) -> list[OtherRun]:
    """Returns the newest other runs of the pipeline that have ended: what a run may be compared with."""
    return list(islice(_ended(store, run, user), most))


def last_success(store: RunStore, run: StoredRun, user: str) -> OtherRun | None:
    """Returns the newest success of the pipeline before a run."""
    others = islice(_ended(store, run, user), MOST_LOOKED_AT)
    before = (each for each in others if each.path.rpartition("/")[2] < run.run_id)
    return next((each for each in before if each.status == "succeeded"), None)


def _ended(store: RunStore, run: StoredRun, user: str) -> Iterator[OtherRun]:
    """Yields the other runs of a run's pipeline that have ended, newest first: a team's, or the user's own."""
    own = is_own(run)
    for batch in store.newest_first(None if own else run.team, run.pipeline, users=[user] if own else ()):
        for each, summary in batch:
            is_other = each.root != run.root and is_own(each) == own
            if is_other and summary is not None and summary.kind != REPLAY:
                yield OtherRun(path_of(each) if own else each.run_id, summary.status, path_of(each))
