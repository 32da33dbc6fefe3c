"""What lies below a scratch path: every object once, by lists, and nothing is opened."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime

from spark_etl.storage import StoredObject, join, name_of, storage_for
from spark_etl.store import layout, search
from spark_etl.store.index import Summary, parse_mark
from spark_etl.store.store import RunStore

THREADS, LISTS = 16, 8
EVERY = 1000  # objects, as many as S3 lists at a time
AT_ONCE = 1500  # runs that are listed one after the other: some pages, as each list costs a request
LENGTHS = (4, 6, 7, 8, 10, 11)  # of what ids begin with: a year, a month, ten days, a day, ten hours, an hour
OnProgress = Callable[[str, int, int], None]


@dataclass
class FolderFacts:
    """A folder of a run: a checkpoint, what a failed feature had read, or what was never finished."""

    bytes: int = 0
    objects: int = 0
    newest: datetime | None = None
    has_manifest: bool = False


@dataclass
class RunFacts:
    """What a list tells of a run, and what is found out of it afterwards.

    Attributes:
        root: Its folder.
        run_id: Its id.
        own: Whether it is a user's own, below `users/`.
        etag: Of run.json; None if there is none.
        modified: When run.json was written.
        newest: When the newest of its objects was written.
        bytes: Of all objects.
        objects: How many.
        has_decided: Whether it has decided to publish.
        folders: By name, without the reports of failures.
        summary: What its mark says.
        status: As in `PlannedRun`; empty until it is known.
        kind: As in `RunDocument`.
        why: What is wrong with a damaged one.
    """

    root: str
    run_id: str
    own: bool
    etag: str | None = None
    modified: datetime | None = None
    newest: datetime | None = None
    bytes: int = 0
    objects: int = 0
    has_decided: bool = False
    folders: dict[str, FolderFacts] = field(default_factory=dict)
    summary: Summary | None = None
    status: str = ""
    kind: str = "run"
    why: str = ""

    @property
    def is_at_work(self) -> bool:
        """Whether it has neither ended nor died."""
        return self.status == "running"

    @property
    def started(self) -> datetime:
        """The moment that its age counts from: its id's; of an imported one, when it came here."""
        if self.kind == "imported" and self.modified is not None:
            return self.modified
        try:
            return datetime.fromisoformat(self.run_id.partition("-")[0])
        except ValueError:  # such as 20249999T999999Z-…, which nothing of ours makes: never old
            return datetime.max.replace(tzinfo=UTC)


@dataclass
class PipelineFacts:
    """What lies in the folder of a pipeline.

    Attributes:
        folder: Which.
        own: Whether it is a user's own.
        runs: By id.
        marks: Run id → its marks.
        code: The archives of code.
    """

    folder: str
    own: bool
    runs: dict[str, RunFacts] = field(default_factory=dict)
    marks: dict[str, list[StoredObject]] = field(default_factory=dict)
    code: list[StoredObject] = field(default_factory=list)


def survey(store: RunStore, on_progress: OnProgress) -> list[PipelineFacts]:
    """Returns what lies in each pipeline's folder, of teams and of users.

    Args:
        store: The scratch path's.
        on_progress: Is called, by several threads, with a pipeline, how many objects of it were seen, and 0: nobody
            knows of how many.
    """
    with ThreadPoolExecutor(LISTS) as lists, ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(lambda folder: _Survey(store, folder, on_progress).pipeline(lists), all_pipelines(store)))


def all_pipelines(store: RunStore) -> list[str]:
    """Returns the folders of all pipelines, of teams and of users."""
    own = search.users_pipelines(store.scratch, store.settings, None, None, None, strict=True)
    return sorted(dict.fromkeys([*store.pipelines(), *own]))


class _Survey:
    """The look at a pipeline's folder. One with many runs is listed in parts, side by side."""

    def __init__(self, store: RunStore, folder: str, on_progress: OnProgress) -> None:
        self._folder = folder
        self._storage = storage_for(folder, store.settings)
        self._on_progress = on_progress
        self._seen = itertools.count(1)
        self._facts = PipelineFacts(folder, folder.startswith(f"{join(store.scratch, layout.USERS)}/"))

    def pipeline(self, lists: ThreadPoolExecutor) -> PipelineFacts:
        """Returns what lies there.

        Args:
            lists: Does the lists.
        """
        facts = self._facts
        names = self._storage.folders(self._folder)
        for run_id in filter(layout.is_run_id, names):  # also one that has no object left
            facts.runs[run_id] = RunFacts(join(self._folder, run_id), run_id, facts.own)
        if not facts.runs and not {layout.INDEX_FOLDER, layout.CODE_FOLDER} & set(names):
            return facts  # data that somebody keeps there, of any size
        list(lists.map(lambda part: self._list(*part), self._parts()))
        for run_id, marks in facts.marks.items():
            if len(marks) == 1 and run_id in facts.runs:
                run = facts.runs[run_id]
                run.summary = parse_mark(marks[0].path.split("/")[-2])[1]
                if run.summary is not None:
                    run.status, run.kind = run.summary.status, run.summary.kind
        return facts

    def _parts(self) -> list[tuple[str, str]]:
        """Returns folders, and what the names in them begin with: together they have all that is looked at."""
        if len(self._facts.runs) <= AT_ONCE:
            return [(self._folder, "")]
        index = join(self._folder, layout.INDEX_FOLDER)
        months = [(join(index, month), "") for month in self._storage.folders(index)]
        parts = [(self._folder, beginning) for beginning in beginnings(sorted(self._facts.runs))]
        return [*parts, *months, (join(self._folder, layout.CODE_FOLDER), "")]

    def _list(self, folder: str, beginning: str) -> None:
        """Adds what lies in a part; of no run, two threads add anything at a time."""
        for item in self._storage.walk(folder, beginning=beginning):
            _add(self._facts, item, item.path[len(self._folder) + 1 :])
            number = next(self._seen)
            if number % EVERY == 0:
                self._on_progress("/".join(self._folder.split("/")[-2:]), number, 0)


def beginnings(run_ids: Sequence[str], lengths: Sequence[int] = LENGTHS) -> Iterator[str]:
    """Yields what ids begin with, each of them with one of these, so that few ids begin alike: years, months, days.

    Args:
        run_ids: Sorted.
        lengths: How long a beginning may be.
    """
    length, *longer = lengths
    for beginning, group in itertools.groupby(run_ids, key=lambda run_id: run_id[:length]):
        same = list(group)
        if len(same) > AT_ONCE and longer:
            yield from beginnings(same, longer)
        else:
            yield beginning


def _add(facts: PipelineFacts, item: StoredObject, name: str) -> None:
    first, _, rest = name.partition("/")
    if first in facts.runs:
        _add_to_run(facts.runs[first], item, rest)
    elif first == layout.INDEX_FOLDER and name_of(name) == layout.MARK_FILE and rest.count("/") == 2:
        run_id, _ = parse_mark(rest.split("/")[1])
        if layout.is_run_id(run_id):
            facts.marks.setdefault(run_id, []).append(item)
    elif first == layout.CODE_FOLDER and rest.endswith(".zip") and "/" not in rest:
        facts.code.append(item)


def _add_to_run(run: RunFacts, item: StoredObject, name: str) -> None:
    run.bytes += item.size
    run.objects += 1
    run.newest = latest(run.newest, item.modified)
    folder, _, rest = name.partition("/")
    if name == layout.RUN_FILE:
        run.etag, run.modified = item.etag or "", item.modified
    elif name == layout.DECISION_FILE:
        run.has_decided = True
    elif folder and rest and rest != layout.FAILURE_FILE:  # a key with `//` is in no folder
        inside = run.folders.setdefault(folder, FolderFacts())
        inside.bytes += item.size
        inside.objects += 1
        inside.newest = latest(inside.newest, item.modified)
        inside.has_manifest = inside.has_manifest or name_of(rest) == layout.MANIFEST_FILE


def latest(one: datetime | None, other: datetime | None) -> datetime | None:
    """Returns the later of two moments, of which either may not be known."""
    if one is None or other is None:
        return one or other
    return max(one, other)


def every_run(pipelines: list[PipelineFacts]) -> Iterator[RunFacts]:
    """Yields the runs of all pipelines, also the folders of those that have no run.json."""
    for pipeline in pipelines:
        yield from pipeline.runs.values()
