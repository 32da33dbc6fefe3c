"""Whose import a run's folder belongs to while it is written: of several at a time, one has it.

`_importing-<n>` lies in the folder, written under the condition that there is none, and beats as a run does. Where the
beats have ended, its import was killed: whoever writes `_importing-<n+1>` first goes on. No claim is written twice, so
that two that find the same dead one can't both have the folder.
"""

from __future__ import annotations

import json
import re
import threading
from types import TracebackType

from spark_etl.errors import ArgumentError, DamagedError
from spark_etl.storage import join, name_of, storage_for
from spark_etl.store import layout
from spark_etl.store.heartbeat import EVERY_SECONDS, Heartbeat, dump_beat, is_recent, parse_beat
from spark_etl.store.run import StoredRun

LARGEST = 4096
NAME = re.compile(re.escape(layout.IMPORT_CLAIM) + r"(\d{1,9})")


class ImportClaim:
    """A block in which nobody else imports into a run's folder.

    Args:
        run: The run.

    Raises:
        ArgumentError: Somebody else is at it.
        StorageError: The store does not answer, or refuses.
    """

    def __init__(self, run: StoredRun) -> None:
        self._run = run
        self._store = storage_for(run.root, run.settings)
        self._lock = threading.Lock()
        self._number = 0
        self._heartbeat = Heartbeat(self._beat)

    def __enter__(self) -> ImportClaim:
        last = self._last()
        if last and self._is_alive(last):
            raise self._refusal()
        if not self._store.create(self._path(last + 1), dump_beat(EVERY_SECONDS)):
            raise self._refusal()
        self._number = last + 1
        self._heartbeat.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._heartbeat.__exit__(kind, error, trace)
        with self._lock:
            number, self._number = self._number, 0
        self._store.delete([self._path(each) for each in self._numbers() if each <= number])

    @property
    def holds(self) -> bool:
        """Whether the folder is still this import's: one that has not beaten for long may have lost it."""
        return self._last() == self._number

    def clear(self) -> None:
        """Deletes what lies in the folder, but for the claims."""
        for name in self._store.folders(self._run.root):
            self._store.clear(join(self._run.root, name))
        found = (item.path for item in self._store.walk(self._run.root))
        self._store.delete([path for path in found if not self._number_of(path)])

    def _beat(self) -> None:
        with self._lock:  # none after the end
            if self._number:
                self._store.write(self._path(self._number), dump_beat(EVERY_SECONDS))

    def _last(self) -> int:
        return max(self._numbers(), default=0)

    def _numbers(self) -> list[int]:
        found = self._store.walk(self._run.root, beginning=layout.IMPORT_CLAIM)
        return [number for item in found if (number := self._number_of(item.path))]

    def _number_of(self, path: str) -> int:
        match = NAME.fullmatch(name_of(path))
        return int(match[1]) if match and path == self._path(int(match[1])) else 0

    def _path(self, number: int) -> str:
        return join(self._run.root, f"{layout.IMPORT_CLAIM}{number}")

    def _is_alive(self, number: int) -> bool:
        """Returns whether the import of a claim goes on; one that is gone by now has just ended."""
        content = self._store.read(self._path(number), most=LARGEST)
        if content is None:
            return True
        try:
            beat = parse_beat(json.loads(content))
        except (ValueError, RecursionError, DamagedError):
            return False
        return beat is not None and is_recent(beat) is not False

    def _refusal(self) -> ArgumentError:
        return ArgumentError(
            f"somebody is importing run {self._run.run_id} into {self._run.root} at this moment; nothing was written",
            hint="import it again in a minute, or elsewhere: ./sandbox import FILE --as NAME",
        )
