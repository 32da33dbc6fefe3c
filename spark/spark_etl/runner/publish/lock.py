"""Who publishes to a path: one run at a time, and what a run that died there has left is put in order by the next.

`<path>/_publishing.json` names the run that holds the path; Spark and other readers take it for hidden. S3 creates it
for one of several that try at once.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from spark_etl import bounded_json
from spark_etl.errors import DamagedError, PublishRefusedError
from spark_etl.storage import StoredObject, is_hidden, is_s3, join, name_of, relative_to, storage_for
from spark_etl.store import PUBLISH_LOCK as LOCK_FILE
from spark_etl.store import PublishDecision, StoredRun

# Of what is to be done: a line for each file.
LARGEST, IN_OBJECTS = 256 << 20, 1 << 30
TAKEN = "_taken"
THREADS = 16
ATTEMPTS = 10
PAUSE_SECONDS = 0.3
log = logging.getLogger(__name__)


class PublishLock:
    """The right of one run to publish to a path.

    Args:
        path: The output's path.
        run: Whose.
    """

    def __init__(self, path: str, run: StoredRun) -> None:
        self.path = path
        self._run = run
        self._file = join(path, LOCK_FILE)
        self._store = storage_for(path)

    @property
    def staging(self) -> str:
        """The folder below the path, hidden from readers, in which this run writes."""
        return staging_of(self.path, self._run.run_id)

    def take(self) -> None:
        """Takes the path, from a run that died there if need be.

        Raises:
            PublishRefusedError: Another run is publishing to it, or that is not known.
        """
        for _ in range(ATTEMPTS):
            if self._store.create(self._file, self._content()):
                return
            holder = read_lock(self.path)
            if holder is None:  # it has just been released
                time.sleep(PAUSE_SECONDS)
                continue
            self._refuse_active_or_unreachable_holder(StoredRun(str(holder["run"])))
            if not self._recover_stale(holder):
                raise self._refused(str((read_lock(self.path) or holder)["run"]))
            return
        raise PublishRefusedError(
            f"the lock file {self._file} does not name a run",
            hint="it is written by runs that publish to that path: if none does, delete it and start the run again",
        )

    def is_held(self) -> bool:
        """Returns whether the path is still this run's: one that seems dead for a while loses it to the next."""
        return (read_lock(self.path) or {}).get("run") == self._run.root

    def release(self) -> None:
        """Leaves the path to others, and nothing of this run's beside what it has published."""
        self._store.clear(self.staging)
        if self.is_held():
            self._store.delete([self._file])

    def _refused(self, root: str) -> PublishRefusedError:
        return PublishRefusedError(
            f"run {name_of(root)} is publishing to {self.path} at this moment", hint=f"wait for it to end: {root}"
        )

    def _refuse_active_or_unreachable_holder(self, holder: StoredRun) -> None:
        """Refuses while the holder is at work, also one whose folder is on another machine."""
        if holder.is_at_work():
            raise self._refused(holder.root)
        if not holder.exists() and is_s3(self.path) and not is_s3(holder.root):
            raise PublishRefusedError(
                f"run {holder.run_id} on another machine holds the lock of {self.path}; "
                "its state can't be read from here",
                hint=f"wait for it to end; if you know that it has died, delete {self._file} and start the run again",
            )

    def _recover_stale(self, holder: dict[str, Any]) -> bool:
        """Puts in order what a dead run has left; of several that want to, one does."""
        leftovers = staging_of(self.path, name_of(str(holder["run"])))
        decision = self._decision(holder)
        lock = self._lock_leftovers(leftovers)
        if lock is None:
            return False
        if read_lock(self.path) != holder:
            self._store.delete([lock])
            return False
        whole = True
        if decision is not None:
            whole = self._end(leftovers, set(decision["before"]), set(decision["new"]))
        self._store.write(self._file, self._content())
        if whole:
            self._store.clear(leftovers)
        else:
            run = name_of(str(holder["run"]))
            log.warning(
                "%s: old files and files of run %s are missing. Remaining new files: %s", self.path, run, leftovers
            )
        return True

    def _decision(self, holder: dict[str, Any]) -> PublishDecision | None:
        try:
            return StoredRun(str(holder["run"])).publish_decision(self.path)
        except DamagedError as error:
            raise PublishRefusedError(
                f"a dead run left the lock {self._file}. Its publish decision can't be read: {error.message}",
                hint=f"nothing is deleted; see what lies at {self.path}, then delete {self._file} and start again",
            ) from error

    def _end(self, leftovers: str, before: set[str], new: set[str]) -> bool:
        """Brings a dead run's publication to its end, or takes it back where staged files are gone meanwhile.

        Returns:
            Whether one of them could be; else some of the old is gone too, and nothing is touched.
        """
        there = {item.path for item in visible_objects(self.path)}
        if new <= there | set(staged_files(leftovers, self.path)):
            promote(leftovers, self.path)
            self._store.delete(before - new)
        elif before <= there:
            self._store.delete((new & there) - before)
        else:
            return False
        return True

    def _lock_leftovers(self, leftovers: str) -> str | None:
        """Returns the object by which this run alone puts a dead run's folder in order; None if it gets none.

        One that died over it has left its own object: the next in line creates another, named after the dead one.

        Raises:
            PublishRefusedError: Another run is at it, or one whose state can't be read from here.
        """
        lock = join(leftovers, f"{TAKEN}.json")
        for _ in range(ATTEMPTS):
            if self._store.create(lock, self._content()):
                return lock
            taker = str(_document(lock).get("run", ""))
            if taker:
                self._refuse_active_or_unreachable_holder(StoredRun(taker))
            lock = join(leftovers, f"{TAKEN}-{name_of(taker) if taker else 'unknown'}.json")
        return None

    def _content(self) -> bytes:
        return json.dumps({"run": self._run.root}).encode()


def staging_of(path: str, run_id: str) -> str:
    """Returns the folder in which a run writes what it is going to publish at a path."""
    return join(path, f"_publishing-{run_id}")


def read_lock(path: str) -> dict[str, Any] | None:
    """Returns which run holds a path; None if none does."""
    file = join(path, LOCK_FILE)
    lock = _document(file)
    return lock if "run" in lock else None


def _document(file: str) -> dict[str, Any]:
    try:
        return bounded_json.read(storage_for(file).read, file, largest=LARGEST, in_objects=IN_OBJECTS) or {}
    except DamagedError:
        return {}


def promote(staging: str, path: str) -> list[str]:
    """Copies what is staged to where readers see it, the marker of success last, and returns the paths."""
    store = storage_for(path)
    names = _staged_names(staging)
    with ThreadPoolExecutor(THREADS) as pool:
        data = [name for name in names if not any(map(is_hidden, name.split("/")))]
        list(pool.map(lambda name: store.copy(join(staging, name), join(path, name)), data))
    for name in set(names) - set(data):
        store.copy(join(staging, name), join(path, name))
    return [join(path, name) for name in names]


def staged_files(staging: str, path: str) -> list[str]:
    """Returns the paths at which readers would see what is staged."""
    return [join(path, name) for name in _staged_names(staging)]


def _staged_names(staging: str) -> list[str]:
    found = [relative_to(item.path, staging) for item in storage_for(staging).walk(staging)]
    return [name for name in found if not name.startswith(TAKEN)]


def visible_objects(path: str) -> Iterator[StoredObject]:
    """Yields what lies at a path for readers: not the lock, nor what some run is still writing in a hidden folder."""
    for item in storage_for(path).walk(path):
        *folders, name = relative_to(item.path, path).split("/")
        hidden = any(map(is_hidden, folders))
        if not hidden and name != LOCK_FILE:
            yield item
