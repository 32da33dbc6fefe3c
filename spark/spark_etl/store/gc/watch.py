"""What has begun since a plan was made, and what is pinned by now: looked at again while the plan is executed."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from spark_etl.storage import join, storage_for
from spark_etl.store import layout
from spark_etl.store.document import DAMAGED
from spark_etl.store.gc.documents import ENDS, Known, read_known
from spark_etl.store.gc.planning import pinned_runs
from spark_etl.store.gc.survey import all_pipelines
from spark_etl.store.names import run_name
from spark_etl.store.run import StoredRun
from spark_etl.store.store import RunStore

EVERY_SECONDS = 2.0
CLOCKS = timedelta(hours=1)  # by which the clock of a machine that starts runs may be late


class Watch:
    """The runs that a plan does not know, and the pins, none of them known longer ago than two seconds.

    Args:
        store: The scratch path's.
        made: When the plan was made.
        known: The folders of the runs that had ended by then: they refer to nothing new.
    """

    def __init__(self, store: RunStore, made: datetime, known: Collection[str]) -> None:
        self._store = store
        self._after = layout.first_id(made - CLOCKS)
        self._known = known
        self._lock = threading.Lock()
        self._looked = -EVERY_SECONDS
        self._new: dict[str, Known] = {}
        self._ended: dict[str, Known] = {}
        self._pins: dict[str, set[str]] = {}

    def keeps(self, run_id: str) -> str:
        """Returns what keeps a run by now; empty if nothing does."""
        self._look()
        if run_id in self._pins:
            return f"it is pinned by {', '.join(sorted(self._pins[run_id]))} now"
        for root, known in self._new.items():
            if run_id in known.upstream:
                return f"run {run_name(root, self._store.scratch)} needs it now"
        return ""

    def names_code(self, sha256: str) -> bool:
        """Returns whether a new run, or one that can't be read, has that code."""
        self._look()
        return any(sha256 == known.code or known.status == DAMAGED for known in self._new.values())

    def _look(self) -> None:
        with self._lock:
            if time.monotonic() - self._looked < EVERY_SECONDS:
                return
            new = {root: known for root in self._roots() if (known := self._read(root)) is not None}
            pins = pinned_runs(self._store.scratch, self._store.settings)
            self._new, self._pins, self._looked = new, pins, time.monotonic()

    def _roots(self) -> Iterable[str]:
        for folder in all_pipelines(self._store):
            names = storage_for(folder, self._store.settings).folders(folder, after=self._after)
            for name in filter(layout.is_run_id, names):
                if join(folder, name) not in self._known:
                    yield join(folder, name)

    def _read(self, root: str) -> Known | None:
        if root not in self._ended:
            known = read_known(StoredRun(root, self._store.settings))
            if known is None or known.status not in ENDS:
                return known
            self._ended[root] = known  # it does not change any more
        return self._ended[root]
