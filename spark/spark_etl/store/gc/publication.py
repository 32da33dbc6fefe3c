"""Whether what a run has decided to publish is not done yet: whoever publishes there next needs its decision."""

from __future__ import annotations

from spark_etl import bounded_json
from spark_etl.errors import DamagedError, SparkEtlError
from spark_etl.storage import join, name_of, storage_for
from spark_etl.store.layout import PUBLISH_LOCK
from spark_etl.store.publish_decision import read_decisions
from spark_etl.store.run import StoredRun

LARGEST_LOCK = 1 << 20


def is_publication_pending(run: StoredRun) -> bool:
    """Returns whether a path that a run has decided to publish at is still locked by it.

    Where that can't be found out, it is: a decision that is lost leaves old files beside new ones for good.

    Args:
        run: One that has not succeeded, and has a decision.
    """
    try:
        return any(_is_locked_by(run, path) for path in read_decisions(run.root, run.settings))
    except (DamagedError, SparkEtlError, OSError):
        return True


def _is_locked_by(run: StoredRun, path: str) -> bool:
    file = join(path, PUBLISH_LOCK)
    try:
        lock = bounded_json.read(storage_for(file, run.settings).read, file, largest=LARGEST_LOCK)
    except DamagedError:
        raise
    except (ValueError, RuntimeError):  # no store has such a path, so no lock lies there
        return False
    return lock is not None and name_of(str(lock.get("run", run.root))) == run.run_id
