"""The one door to all that runs leave below a scratch path."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from spark_etl.errors import StorageError
from spark_etl.storage import S3Settings, normalise, storage_for
from spark_etl.store import layout, search
from spark_etl.store.contents import RunContents, contents_of
from spark_etl.store.names import run_path
from spark_etl.store.pins import Pin, PinnedVersion, read_pins, remove_pin, write_pin
from spark_etl.store.run import StoredRun
from spark_etl.store.writer import RunWriter


class RunStore:
    """The runs below a scratch path: found, opened, started, ended, and all that belongs to each.

    Args:
        scratch: The path.
        settings: How to reach S3; from the environment if not given.
    """

    def __init__(self, scratch: str, settings: S3Settings | None = None) -> None:
        self.scratch = normalise(scratch)
        self.settings = settings

    def new_run(self, team: str, pipeline: str) -> StoredRun:
        """Returns a run with an id of its own, of which nothing is written yet."""
        return StoredRun.at(self.scratch, team, pipeline, layout.new_run_id(), self.settings)

    def start(self, team: str, pipeline: str, **known: Any) -> RunWriter:
        """Begins a run and stores its run.json.

        Args:
            team: Whose folder it lies in.
            pipeline: The pipeline's.
            known: Fields of its `RunDocument`.
        """
        run = self.new_run(team, pipeline)
        writer = RunWriter(run, run.new_document(**known))
        writer.store()
        return writer

    def open(self, team: str, pipeline: str, run_id: str) -> StoredRun:
        """Returns the run of that id; its `document()` is None if it is not there."""
        return StoredRun.at(self.scratch, team, pipeline, run_id, self.settings)

    def pipelines(self, team: str | None = None, pipeline: str | None = None) -> list[str]:
        """Returns the folders of pipelines.

        Args:
            team: Only of this team.
            pipeline: Only this one; it need not be there.
        """
        store = storage_for(self.scratch, self.settings)
        teams = [team] if team else [name for name in store.folders(self.scratch) if name != layout.USERS]
        return search.pipeline_folders(self.scratch, self.settings, teams, pipeline)

    def newest_first(
        self,
        team: str | None = None,
        pipeline: str | None = None,
        *,
        since: str = "",
        whole: bool = False,
        users: Sequence[str] | None = (),
    ) -> Iterator[list[search.Found]]:
        """Yields runs with what the index says of them, newest first, some at a time.

        Args:
            team: Only of this team.
            pipeline: Only of this pipeline.
            since: Only those whose ids sort after that.
            whole: Whether all will be asked for: they are listed in one go then.
            users: Whose own runs are among them, besides the teams'; None for everybody's.
        """
        spans = [(since, "")] if whole else search.newest_spans(since)
        folders = self.pipelines(team, pipeline)
        if users is None or users:
            with suppress(StorageError):  # whoever may not look there has no such runs
                folders += search.users_pipelines(self.scratch, self.settings, users, team, pipeline)
        return search.newest_first(list(dict.fromkeys(folders)), spans, self.settings)

    def called(self, part: str) -> Sequence[StoredRun]:
        """Returns the runs whose ids are, begin or end so; one of a whole id may not be there."""
        return search.runs_called(self.pipelines(), part, self.settings) if part else []

    def called_own(self, user: str, part: str) -> Sequence[StoredRun]:
        """Returns the runs below a user's own prefix whose ids are, begin or end so."""
        folders = search.users_pipelines(self.scratch, self.settings, [user], None, None)
        return search.runs_called(folders, part, self.settings) if part else []

    def at_path(self, name: str) -> Sequence[StoredRun]:
        """Returns the runs that a path names, whose last part is, begins or ends an id; see `run_name`.

        Raises:
            RunNotFoundError: It leads upwards.
        """
        folder, _, part = run_path(name, self.scratch).rpartition("/")
        return search.runs_called([folder], part, self.settings)

    def contents(self, run: StoredRun) -> RunContents:
        """Returns every object that belongs to a run, by what it is."""
        return contents_of(run)

    def reused_by(self, run: StoredRun) -> list[StoredRun]:
        """Returns the later runs that have reused a checkpoint of a run, newest first."""
        later = (found for batch in self.newest_first(since=run.run_id, whole=True) for found, _ in batch)
        with ThreadPoolExecutor(search.THREADS) as pool:
            checked = pool.map(lambda other: (other, _reuses(other, run)), later)
            return [other for other, reuses in checked if reuses]

    def pins(self, run: StoredRun) -> list[Pin]:
        """Returns what keeps checkpoints of a run from being cleaned up."""
        return [pin for pin in self.all_pins() if pin.path.startswith(f"{run.root}/")]

    def all_pins(self) -> Iterator[Pin]:
        """Yields every checkpoint that a shared notebook pins."""
        return read_pins(self.scratch, self.settings)

    def pin(self, version: PinnedVersion, checkpoints: Sequence[dict[str, Any]], at: str) -> str:
        """Keeps the checkpoints that a shared notebook has read; returns where that is written."""
        return write_pin(self.scratch, version, checkpoints, at, self.settings)

    def unpin(self, version: PinnedVersion) -> None:
        """Gives the checkpoints that a shared notebook has read free, as far as no other pin holds them."""
        remove_pin(self.scratch, version, self.settings)


def _reuses(other: StoredRun, run: StoredRun) -> bool:
    document = other.document()
    return document is not None and any(feature.reused_from == run.root for feature in document.features.values())
