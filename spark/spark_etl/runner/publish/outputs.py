"""Puts the outputs of a run where others read them: all of them, or none.

Each output is written in full where no reader looks. Only when all are there does the store copy them to their places,
which takes no computing, and only then are the old files deleted. S3 knows no rename: while that goes on, a moment as a
rule, a reader may see new files beside old ones. See docs/publishing.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from spark_etl.errors import RunFailedError, SparkEtlError
from spark_etl.names import listing
from spark_etl.runner.checkpoint import count_files
from spark_etl.runner.frames import check_writable
from spark_etl.runner.publish.lock import PublishLock, promote, read_lock, staged_files
from spark_etl.runner.publish.ownership import (
    ExistingFiles,
    Output,
    OutputManifest,
    existing_at,
    refuse_foreign,
    refuse_taken,
    write_manifest,
)
from spark_etl.runner.signals import defer_signals
from spark_etl.storage import join, name_of, relative_to, storage_for
from spark_etl.store import DataFile, PublishDecision, StoredRun
from spark_etl.units import format_count

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


class Publication:
    """What one run publishes.

    Args:
        outputs: Where to.
        run: Whose.
        pipeline: Whose outputs they are.
        adopt: Whether they replace also what this pipeline has not written.

    Attributes:
        adopted: Path → what lies there and is not this pipeline's, but will be replaced.
    """

    def __init__(self, outputs: Sequence[Output], run: StoredRun, pipeline: str, *, adopt: bool = False) -> None:
        self.adopted: dict[str, ExistingFiles] = {}
        self._pipeline, self._owner = pipeline, f"{run.team}/{pipeline}"
        self._adopt = adopt
        self._outputs = {output.path: output for output in outputs}
        self._waiting = {output.path: PublishLock(output.path, run) for output in outputs}
        self._locks: dict[str, PublishLock] = {}
        self._run = run
        self._staged: dict[str, set[str]] = {}
        self._committing = False

    def __enter__(self) -> Publication:
        """Locks every path.

        Raises:
            PublishRefusedError: Another run is publishing to one of them, or something lies there by now.
        """
        try:
            for path, lock in sorted(self._waiting.items()):
                lock.take()
                self._locks[path] = lock
            refuse_taken(list(self._outputs.values()))
            self.adopted = refuse_foreign(list(self._outputs.values()), self._owner, adopt=self._adopt)
        except BaseException:
            self._release()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Leaves nothing of an unfinished publication; one that was cut while it appeared is left to be ended."""
        if not self._committing:
            self._release()

    def abandon(self) -> None:
        """Leaves the locks to whoever publishes there next: the store does not answer."""
        self._locks = {}

    def stage(self, frame: DataFrame, output: Output) -> list[DataFile]:
        """Writes an output where no reader looks, and returns its files."""
        lock = self._locks[output.path]
        check_writable(output.feature, frame)
        frame.write.mode("overwrite").parquet(lock.staging)
        staged = list(storage_for(output.path).walk(lock.staging))
        files = count_files(lock.staging, staged)
        written = {relative_to(item.path, lock.staging): item.size for item in staged}
        write_manifest(lock.staging, OutputManifest(self._pipeline, output.feature, self._run.root, written))
        self._staged[output.path] = {join(output.path, file.name) for file in files}
        return files

    def commit(self, published: Callable[[], object] = lambda: None) -> None:
        """Lets all outputs appear; a signal waits until that is done and recorded.

        Args:
            published: Called when readers see them.

        Raises:
            RunFailedError: Another run has taken a path, as this one seemed dead, or staged files are gone.
        """
        with defer_signals():
            # In this order: what another run publishes from here on is not in the list, and so is not deleted.
            before = {path: self._to_replace(path) for path in self._locks}
            decisions = {path: self._publish_decision(lock, before[path]) for path, lock in self._locks.items()}
            self._committing = bool(self._locks)
            if self._committing:
                self._run.write_publish_decision(decisions)
            new = {path: set(promote(lock.staging, path)) for path, lock in self._locks.items()}
            for path, files in new.items():
                self._check_all_there(self._locks[path], files)
            for path in self._locks:
                storage_for(path).delete(old for old in before[path] if old not in new[path])
            published()
            self._committing = False
            self._release()

    def _to_replace(self, path: str) -> list[str]:
        """Returns what lies at a path and is to go: what this output wrote, and what was adopted."""
        existing = existing_at(path, self._owner)
        found = self.adopted.get(path, ExistingFiles([], []))
        adopted = {*(item.path for item in found.others), *found.manifests}
        new = [item.path for item in existing.others if item.path not in adopted]
        if new:
            raise RunFailedError(
                f"{format_count(len(new), 'file')} that this output did not write appeared at {path}: "
                f"{listing(new[:3])}",
                hint="see what writes there, then start the run again with `--resume`",
            )
        return [*existing.own, *sorted(adopted)]

    def _publish_decision(self, lock: PublishLock, before: list[str]) -> PublishDecision:
        if not lock.is_held():
            raise _lock_lost_error(lock.path)
        staged = staged_files(lock.staging, lock.path)
        self._check_all_there(lock, staged)
        return {"before": before, "new": staged}

    def _check_all_there(self, lock: PublishLock, files: Iterable[str]) -> None:
        """Refuses to go on without all that this run has staged: the old files would go for a part of the new."""
        gone = self._staged[lock.path].difference(files)
        if not gone:
            return
        if not lock.is_held():
            raise _lock_lost_error(lock.path)
        raise RunFailedError(
            f"{len(gone)} of {len(self._staged[lock.path])} files that this run wrote for {lock.path} are gone "
            f"from {lock.staging}",
            hint="what was published is still there; see what deletes in that folder (a clean-up job, a rule of the "
            "bucket), then start the run again with `--resume`",
        )

    def _release(self) -> None:
        for lock in self._locks.values():
            with suppress(SparkEtlError, OSError):  # whoever publishes there next puts it in order
                lock.release()
        self._locks = {}


def _lock_lost_error(path: str) -> RunFailedError:
    lock = read_lock(path)
    by = f"run {name_of(str(lock['run']))}" if lock else "another run"
    return RunFailedError(
        f"{by} took over the lock of {path}, because this run sent no heartbeat (was the machine asleep?)",
        hint="what lies there is that run's; start this one again with `--resume` if its own is wanted",
    )
