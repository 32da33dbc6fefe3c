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
from typing import Any, TypedDict

from spark_etl import documents
from spark_etl.errors import DamagedError, PublishRefusedError
from spark_etl.storage import StoredObject, is_hidden, is_s3, join, name_of, relative_to, storage_for
from spark_etl.store import heartbeat
from spark_etl.store.layout import RunPaths

CLAIM_FILE = "_publishing.json"
# Of what is to be done: a line for each file.
LARGEST, IN_OBJECTS = 256 << 20, 1 << 30
TAKEN = "_taken"
DECISION_FILE = "_publish.json"
THREADS = 16
ATTEMPTS = 10
PAUSE_SECONDS = 0.3
HIDDEN = ("_", ".")
log = logging.getLogger(__name__)


class Claim:
    """The right of one run to publish to a path.

    Args:
        path: The output's path.
        paths: The run's.
    """

    def __init__(self, path: str, paths: RunPaths) -> None:
        self.path = path
        self._run = paths
        self._file = join(path, CLAIM_FILE)
        self._store = storage_for(path)

    @property
    def staging(self) -> str:
        """The folder below the path, hidden from readers, in which this run writes."""
        return staging_of(self.path, self._run.run_id)

    def take(self) -> None:
        """Takes the path, from a run that died there if need be.

        Raises:
            PublishRefusedError: Another run is publishing to it, or it can't be told.
        """
        for _ in range(ATTEMPTS):
            if self._store.create(self._file, self._content()):
                return
            holder = read_claim(self.path)
            if holder is None:  # it has just been released
                time.sleep(PAUSE_SECONDS)
                continue
            self._refuse_one_out_of_sight(RunPaths(str(holder["run"])))
            if not self._take_over(holder):
                raise self._refused(str((read_claim(self.path) or holder)["run"]))
            return
        raise PublishRefusedError(
            f"{self._file} is there and names no run",
            hint="it is written by runs that publish to that path: if none does, delete it and start the run again",
        )

    def is_held(self) -> bool:
        """Tells whether the path is still this run's: one that seems dead for a while loses it to the next."""
        return (read_claim(self.path) or {}).get("run") == self._run.root

    def release(self) -> None:
        """Leaves the path to others, and nothing of this run's beside what it has published."""
        self._store.clear(self.staging)
        if self.is_held():
            self._store.delete([self._file])

    def _refused(self, root: str) -> PublishRefusedError:
        return PublishRefusedError(
            f"run {name_of(root)} is publishing to {self.path} at this moment", hint=f"wait for it to end: {root}"
        )

    def _refuse_one_out_of_sight(self, holder: RunPaths) -> None:
        """Refuses while the holder is at work, also one whose folder is on another machine."""
        if is_at_work(holder):
            raise self._refused(holder.root)
        seen = storage_for(holder.run_file).read(holder.run_file) is not None
        if not seen and is_s3(self.path) and not is_s3(holder.root):
            raise PublishRefusedError(
                f"run {holder.run_id} of another machine holds {self.path}, and can't be seen from here",
                hint=f"wait for it to end; if you know that it has died, delete {self._file} and start the run again",
            )

    def _take_over(self, holder: dict[str, Any]) -> bool:
        """Puts in order what a dead run has left; of several that want to, one does."""
        left = staging_of(self.path, name_of(str(holder["run"])))
        decision = self._decision(holder)
        taken = self._lock(left)
        if taken is None:
            return False
        if read_claim(self.path) != holder:
            self._store.delete([taken])
            return False
        whole = True
        if decision is not None:
            whole = self._end(left, set(decision["before"]), set(decision["new"]))
        self._store.write(self._file, self._content())
        if whole:
            self._store.clear(left)
        else:
            run = name_of(str(holder["run"]))
            log.warning(
                "of %s files of before and of run %s are gone; what is left of the new: %s", self.path, run, left
            )
        return True

    def _decision(self, holder: dict[str, Any]) -> Decision | None:
        try:
            return read_decision(RunPaths(str(holder["run"])), self.path)
        except DamagedError as error:
            raise PublishRefusedError(
                f"a run that died has left {self._file}, and what it was about to do can't be told: {error.message}",
                hint=f"nothing is deleted; see what lies at {self.path}, then delete {self._file} and start again",
            ) from error

    def _end(self, left: str, before: set[str], new: set[str]) -> bool:
        """Brings a dead run's publication to its end, or takes it back where staged files are gone meanwhile.

        Returns:
            Whether one of them could be; else some of the old is gone too, and nothing is touched.
        """
        there = {item.path for item in committed(self.path)}
        if new <= there | set(staged_files(left, self.path)):
            bring_in(left, self.path)
            self._store.delete(before - new)
        elif before <= there:
            self._store.delete((new & there) - before)
        else:
            return False
        return True

    def _lock(self, left: str) -> str | None:
        """Returns the object by which this run alone puts a dead run's folder in order; None if it gets none.

        One that died over it has left its own object: the next in line creates another, named after the dead one.

        Raises:
            PublishRefusedError: Another run is at it, or one that can't be seen from here.
        """
        lock = join(left, f"{TAKEN}.json")
        for _ in range(ATTEMPTS):
            if self._store.create(lock, self._content()):
                return lock
            taker = str(_document(lock).get("run", ""))
            if taker:
                self._refuse_one_out_of_sight(RunPaths(taker))
            lock = join(left, f"{TAKEN}-{name_of(taker) if taker else 'unknown'}.json")
        return None

    def _content(self) -> bytes:
        return json.dumps({"run": self._run.root}).encode()


class Decision(TypedDict):
    """What a publication does at one path.

    Attributes:
        before: The files that readers saw; they are to go.
        new: The files that take their place, each as readers are to see it.
    """

    before: list[str]
    new: list[str]


def decide_to_publish(paths: RunPaths, decisions: dict[str, Decision]) -> None:
    """Notes in the run's folder, for each path, that all is written and what is to be done: one object for all of them.

    From this moment on whoever comes after a crash ends the work; before it, they throw it away.
    """
    file = join(paths.root, DECISION_FILE)
    storage_for(file).write(file, json.dumps(decisions, indent=1).encode())


def read_decision(paths: RunPaths, path: str) -> Decision | None:
    """Returns what is to be done at a path; None when the run has not come so far.

    Raises:
        DamagedError: It is no decision about files of that path.
    """
    file = join(paths.root, DECISION_FILE)
    found = documents.read(storage_for(file).read, file, largest=LARGEST, in_objects=IN_OBJECTS) or {}
    if path not in found:
        return None
    decision = found[path] if isinstance(found[path], dict) else {}
    before, new = decision.get("before"), decision.get("new")
    for files in (before, new):
        if not isinstance(files, list) or not all(_is_below(item, path) for item in files):
            raise DamagedError(f"{file} names something else than files of {path}")
    return Decision(before=list(before or []), new=list(new or []))


def _is_below(file: object, path: str) -> bool:
    return isinstance(file, str) and file.startswith(f"{path}/") and ".." not in file.split("/")


def staging_of(path: str, run_id: str) -> str:
    """Returns the folder in which a run writes what it is going to publish at a path."""
    return join(path, f"_publishing-{run_id}")


def read_claim(path: str) -> dict[str, Any] | None:
    """Returns which run holds a path; None if none does."""
    file = join(path, CLAIM_FILE)
    claim = _document(file)
    return claim if "run" in claim else None


def _document(file: str) -> dict[str, Any]:
    try:
        return documents.read(storage_for(file).read, file, largest=LARGEST, in_objects=IN_OBJECTS) or {}
    except DamagedError:
        return {}


def is_at_work(paths: RunPaths) -> bool:
    """Tells whether a run has neither ended nor died."""
    try:
        content = documents.read(storage_for(paths.run_file).read, paths.run_file) or {}
    except DamagedError:  # only its heartbeat can tell
        return heartbeat.is_alive(paths) is True
    return content.get("status") == "running" and heartbeat.is_alive(paths) is not False


def bring_in(staging: str, path: str) -> list[str]:
    """Copies what is staged to where readers see it, the marker of success last, and returns the paths."""
    store = storage_for(path)
    names = _staged_names(staging)
    with ThreadPoolExecutor(THREADS) as pool:
        data = [name for name in names if not name.startswith(HIDDEN)]
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


def committed(path: str) -> Iterator[StoredObject]:
    """Yields what lies at a path for readers: not the claim, nor what some run is still writing in a hidden folder."""
    for item in storage_for(path).walk(path):
        *folders, name = relative_to(item.path, path).split("/")
        if not any(map(is_hidden, folders)) and name != CLAIM_FILE:
            yield item
