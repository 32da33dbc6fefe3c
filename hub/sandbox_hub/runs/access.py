"""The runs that a user sees: read with keys of that user, so that the store decides what may be read."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from itertools import chain, islice

from spark_etl.errors import StorageError
from spark_etl.names import is_segment
from spark_etl.storage import S3Settings, join
from spark_etl.store import STOP_USER, USERS, RunStore, StoredRun, is_run_id

from sandbox_hub.keys.s3_keys import SESSION_SECONDS, Key

SCRATCH = "s3a://scratch"
READ_SECONDS = 15.0
# Keys end some minutes before they would be refused.
REMEMBERED_SECONDS, MOST_REMEMBERED = SESSION_SECONDS - 600, 256
# <team>/<pipeline>/<run id>; what a user keeps lies below users/<user>, also with a team between.
DEPTH, DEPTHS_OF_USER = 3, (4, 5)
MOST_NAMED = 2


class NoSuchRunError(Exception):
    """Raised when there is no such run, or it is somebody else's own."""


class RunAccess:
    """Opens runs for users.

    Args:
        endpoint: URL of the S3 API.
        region: Its region.
        keys: Returns temporary keys of a user; called about once an hour for each.
    """

    def __init__(self, endpoint: str, region: str, keys: Callable[[str], Key]) -> None:
        self._endpoint, self._region, self._keys = endpoint, region, keys
        self._remembered: OrderedDict[str, tuple[float, S3Settings]] = OrderedDict()
        self._lock = threading.Lock()

    def store(self, user: str) -> RunStore:
        """Returns the store as a user sees it."""
        return RunStore(SCRATCH, self._settings(user))

    def run(self, user: str, path: str) -> StoredRun:
        """Returns the run of a path below the scratch path; whether it is there is not looked at.

        Raises:
            NoSuchRunError: No run of a team and none of this user's own is called so.
        """
        parts = path.split("/")
        is_own = parts[:2] == [USERS, user] and len(parts) in DEPTHS_OF_USER
        is_of_team = len(parts) == DEPTH and parts[0] != USERS
        if not (is_own or is_of_team) or not all(map(is_segment, parts[:-1])) or not is_run_id(parts[-1]):
            raise NoSuchRunError
        return StoredRun(join(SCRATCH, path), self._settings(user))

    def named(self, user: str, part: str) -> list[str]:
        """Returns the paths of two runs at most whose id is, begins or ends so: of teams, and the user's own."""
        store = self.store(user)
        called = chain(store.called(part), store.called_own(user, part))
        return [path_of(run) for run in islice((run for run in called if run.exists()), MOST_NAMED)]

    def for_stops(self, run: StoredRun) -> StoredRun:
        """Returns a run with keys that may ask for its end, and nothing else."""
        return StoredRun(run.root, self._settings(STOP_USER))

    def _settings(self, user: str) -> S3Settings:
        with self._lock:
            until, known = self._remembered.get(user, (0.0, None))
            if known is not None and until > time.monotonic():
                self._remembered.move_to_end(user)
                return known
        try:
            key = self._keys(user)
        except ValueError as error:  # as MinIO's client says it
            raise StorageError(f"the store gives no keys: {error}") from error
        made = S3Settings(
            self._endpoint, self._region, key.access, key.secret, key.session or None, read_seconds=READ_SECONDS
        )
        with self._lock:
            self._remembered[user] = (time.monotonic() + REMEMBERED_SECONDS, made)
            while len(self._remembered) > MOST_REMEMBERED:
                self._remembered.popitem(last=False)
        return made


def is_own(run: StoredRun) -> bool:
    """Returns whether a run lies below a user's own prefix."""
    return path_of(run).startswith(f"{USERS}/")


def path_of(run: StoredRun) -> str:
    """Returns where a run lies below the scratch path."""
    return run.root.removeprefix(f"{SCRATCH}/")
