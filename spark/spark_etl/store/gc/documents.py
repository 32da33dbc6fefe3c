"""What a run's document says of other runs and of the code: which it needs, and how it ended.

What was read of a run that has ended is kept in a file of this user's, `~/.cache/spark_etl/run-relations.jsonl`
(`XDG_CACHE_HOME`), by the ETag of its run.json: it is never wrong, and the next plan need not read it again.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from spark_etl.storage import S3Settings, name_of
from spark_etl.store.document import DAMAGED, REPLAY, RunDocument
from spark_etl.store.gc.survey import OnProgress, RunFacts
from spark_etl.store.layout import is_run_id
from spark_etl.store.run import StoredRun

THREADS = 16
ENDS = {"succeeded", "failed", "interrupted"}
FILE = "run-relations.jsonl"
MOST_LINES, LONGEST_FILE, LONGEST_LINE = 200_000, 64 << 20, 64 << 10


class Known(NamedTuple):
    """What a clean-up has to know of a run's document.

    Attributes:
        status: As it stands there; `damaged` if it can't be read.
        kind: As in `RunDocument`.
        reused: Ids of the runs whose checkpoints it reuses; of one that has not ended also of the one it resumes.
        origin: Id of the run that it replays; empty of any other.
        code: Names the archive of its code; empty if it has kept none.
        why: What is wrong with a damaged one.
    """

    status: str
    kind: str = "run"
    reused: tuple[str, ...] = ()
    origin: str = ""
    code: str = ""
    why: str = ""

    @property
    def upstream(self) -> set[str]:
        """Ids of all runs that it needs."""
        return {*self.reused, *filter(None, [self.origin])}


def read_known(run: StoredRun) -> Known | None:
    """Returns what a run's document says; None if there is no run.json."""
    document = run.document()
    return None if document is None else known_of(document)


def known_of(document: RunDocument) -> Known:
    """Returns what a document says. Runs are known by their ids: a scratch path may be written in several ways."""
    roots = [feature.reused_from or "" for feature in document.features.values()]
    roots += [document.resumed or ""] if document.status not in ENDS else []
    ids = sorted({name_of(root) for root in roots if is_run_id(name_of(root))})
    origin = name_of(document.replay.path) if document.replay is not None else ""
    return Known(
        document.status,
        REPLAY if origin else document.kind,
        tuple(ids),
        origin if is_run_id(origin) else "",
        (document.code and document.code.sha256) or "",
        (document.error and document.error.message) or "" if document.status == DAMAGED else "",
    )


class Documents:
    """The documents of runs, each read once.

    Args:
        settings: How to reach S3; from the environment if not given.
        on_progress: Is called with what is read, how many documents were, and of how many.
    """

    def __init__(self, settings: S3Settings | None, on_progress: OnProgress) -> None:
        self._settings = settings
        self._on_progress = on_progress
        self._store = (settings or S3Settings.from_env()).endpoint or ""
        self._known: dict[tuple[str, str, str], Known] | None = None
        self._lock = threading.Lock()
        self._lines: list[str] = []

    def of(self, runs: Iterable[RunFacts]) -> dict[str, Known]:
        """Returns what is known of runs, by their folders; one whose run.json is gone by now is not among them."""
        listed = [run for run in runs if run.etag is not None]
        found = {run.root: known for run in listed if (known := self._cached(run)) is not None}
        missing = [run for run in listed if run.root not in found]
        with ThreadPoolExecutor(THREADS) as pool:
            for done, (run, known) in enumerate(pool.map(self._read, missing), start=1):
                self._on_progress("documents", done, len(missing))
                if known is not None:
                    found[run.root] = known
        self._store_lines()
        return found

    def _read(self, run: RunFacts) -> tuple[RunFacts, Known | None]:
        known = read_known(StoredRun(run.root, self._settings))
        if known is not None and known.status in ENDS:
            with self._lock:
                self._loaded()[self._key(run)] = known
                self._lines.append(json.dumps([*self._key(run), *known]))
        return run, known

    def _cached(self, run: RunFacts) -> Known | None:
        return self._loaded().get(self._key(run)) if run.etag else None

    def _key(self, run: RunFacts) -> tuple[str, str, str]:
        return self._store, run.root, run.etag or ""

    def _loaded(self) -> dict[tuple[str, str, str], Known]:
        if self._known is None:
            self._known = {}
            with suppress(OSError, UnicodeDecodeError), _file().open(encoding="utf-8") as opened:
                for line in opened.read(LONGEST_FILE).splitlines()[:MOST_LINES]:
                    with suppress(ValueError, TypeError):
                        store, root, etag, status, kind, reused, *rest = json.loads(line)
                        self._known[store, root, etag] = Known(status, kind, tuple(reused), *rest)
        return self._known

    def _store_lines(self) -> None:
        lines = [line for line in self._lines if len(line) < LONGEST_LINE]
        self._lines = []
        if lines and len(self._loaded()) < MOST_LINES:
            with suppress(OSError):
                _file().parent.mkdir(parents=True, exist_ok=True)
                with _file().open("a", encoding="utf-8") as opened:
                    opened.write("".join(f"{line}\n" for line in lines))


def settle(runs: Sequence[RunFacts], documents: Documents, settings: S3Settings | None) -> None:
    """Finds out the status of the runs that have no mark: from their documents, and their beats.


    Args:
        runs: With run.json or without.
        documents: What has been read.
        settings: How to reach S3; from the environment if not given.
    """
    unknown = [run for run in runs if run.etag is not None and not run.status]
    known = documents.of(unknown)
    for run in unknown:
        found = known.get(run.root)
        if found is None:
            run.etag = None  # deleted since the list
        else:
            run.status, run.kind, run.why = found.status, found.kind, found.why
    unsure = [run for run in unknown if run.status in {"running", DAMAGED}]
    with ThreadPoolExecutor(THREADS) as pool:
        beats = pool.map(lambda run: StoredRun(run.root, settings).is_alive(), unsure)
        for run, alive in zip(unsure, list(beats), strict=True):
            if run.status == DAMAGED:
                run.status = "running" if alive else DAMAGED
            elif alive is False:
                run.status = "died"


def _file() -> Path:
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "spark_etl" / FILE
