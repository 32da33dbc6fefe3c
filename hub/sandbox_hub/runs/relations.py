"""What else belongs to a run: its replays, who has reused its checkpoints, and the shared notebooks that pin them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

from spark_etl.store import USERS, RunDocument, RunStore, StoredRun

from sandbox_hub.runs.access import path_of
from sandbox_hub.runs.limits import LARGEST_DOCUMENT, MOST_LATER_RUNS
from sandbox_hub.runs.listing import status_of

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
    with ThreadPoolExecutor(THREADS) as pool:
        documents = pool.map(lambda each: each.document(largest=LARGEST_DOCUMENT), later[:MOST_LATER_RUNS])
        known = [(each, document) for each, document in zip(later, documents, strict=False) if document is not None]
    replays = tuple(
        _replay(each, document)
        for each, document in known
        if document.replay is not None and document.replay.path == run.root
    )
    reused = tuple(
        (path_of(each), each.run_id)
        for each, document in known
        if any(feature.reused_from == run.root for feature in document.features.values())
    )
    pins = tuple((pin.feature, pin.notebook) for pin in islice(store.pins(run), MOST_LATER_RUNS))
    return Relations(replays, reused, pins, is_cut=len(later) > MOST_LATER_RUNS)


def _later(store: RunStore, run: StoredRun, user: str) -> Iterator[StoredRun]:
    """Yields the runs that may have read it: later ones of its pipeline, of teams and the user's own."""
    for batch in store.newest_first(None, run.pipeline, since=run.run_id, users=[user]):
        for each, summary in batch:
            if each.run_id > run.run_id and (summary is None or summary.status):
                yield each


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
    found: list[OtherRun] = []
    is_own = f"/{USERS}/" in run.root
    for batch in store.newest_first(None if is_own else run.team, run.pipeline, users=[user] if is_own else ()):
        for each, summary in batch:
            if each.run_id != run.run_id and summary is not None and summary.kind != "replay":
                name = path_of(each) if f"/{USERS}/" in each.root else each.run_id
                found.append(OtherRun(name, summary.status, path_of(each)))
        if len(found) >= most:
            break
    return found[:most]


def last_success(run: StoredRun, others: Sequence[OtherRun]) -> OtherRun | None:
    """Returns the newest success before a run, else the newest at all.

    Args:
        run: The run.
        others: Of its pipeline, newest first.
    """
    succeeded = [each for each in others if each.status == "succeeded"]
    before = (each for each in succeeded if each.path.rpartition("/")[2] < run.run_id)
    return next(before, succeeded[0] if succeeded else None)
