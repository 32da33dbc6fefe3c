"""A checkpoint of another run as a source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spark_etl.dates import DateRange
from spark_etl.errors import MissingDataError, ReadError
from spark_etl.source import InputObject, Source, source_key
from spark_etl.storage import join, storage_for
from spark_etl.store import StoredRun

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from spark_etl.reading import Checkpoint, Run, Runs

LATEST = "latest:"
UNUSABLE = {"running": "still running: wait for its end", "damaged": "damaged"}


class CheckpointSource(Source):
    """A checkpoint of another run: exactly the files of its manifest.

    Args:
        run: The run's id, its unique beginning or end, or `latest:<pipeline>`: the newest run of it that succeeded for
            the same days; one of a sample is none.
        feature: The feature that was kept.
        scratch: Where the runs are; `SANDBOX_SCRATCH` if not given.
        team: With `latest:`, only this team's runs.
        any_dates: With `latest:`, a run for other days will do.
    """

    def __init__(
        self, run: str, feature: str, scratch: str | None = None, *, team: str | None = None, any_dates: bool = False
    ) -> None:
        self.run = run
        self.feature = feature
        self.scratch = scratch
        self.team = team
        self.any_dates = any_dates
        self._found: Checkpoint | None = None

    def __repr__(self) -> str:
        named = {"scratch": self.scratch, "team": self.team, "any_dates": self.any_dates or None}
        return source_key(self, self.run, self.feature, **named)

    def inputs(self, dates: DateRange) -> list[InputObject]:
        """Returns the manifest's files; see `Source.inputs`.

        Raises:
            MissingDataError: No such run, it is still running, it kept no such feature, or files of it are gone.
        """
        try:
            run = self._run(dates)
            if run.status in UNUSABLE:
                raise MissingDataError(f"{self!r}: run {run.id} is {UNUSABLE[run.status]}", hint="take another run")
            self._found = run[self.feature]
        except ReadError as error:
            raise MissingDataError(f"{self!r}: {error.message}", hint=error.hint) from error
        self._check_files(self._found)
        path, manifest = self._found.path, self._found.manifest
        return [InputObject(manifest.file_path(path, each.name), each.bytes, each.etag) for each in manifest.files]

    def _run(self, dates: DateRange) -> Run:
        from spark_etl.reading import Runs  # it knows features, and features know sources

        runs = Runs(self.scratch)
        if self._pinned and (run := self._pinned_run(runs)):
            return run
        return self._latest(runs, dates) if self.run.startswith(LATEST) else runs[self.run]

    def _pinned_run(self, runs: Runs) -> Run | None:
        """Returns the run whose files are pinned: by now, another one may be the latest."""
        found, _ = StoredRun.of_checkpoint(min(self._pinned or ()).rpartition("/")[0])
        return runs[found.root] if found else None

    def _latest(self, runs: Runs, dates: DateRange) -> Run:
        pipeline = self.run.removeprefix(LATEST)
        newest = runs.latest(pipeline, team=self.team, status="succeeded")
        for run in runs.list(pipeline=pipeline, team=self.team, status="succeeded", limit=None, own=False, kind="run"):
            if (self.any_dates or run.dates == str(dates)) and not run.document.sample:
                return run
        of = " of a sample" if newest.document.sample else ""
        raise MissingDataError(
            f"{self!r}: no successful full run (without --sample) for {dates}; "
            f"newest: {newest.id}, for {newest.dates}{of}",
            hint="run it for these days, name a run by its id, or take one for other days with any_dates=True",
        )

    def _check_files(self, checkpoint: Checkpoint) -> None:
        folder = checkpoint.files_folder
        stored = {item.path: item for item in storage_for(folder).walk(folder)}
        for file in checkpoint.manifest.files:
            item = stored.get(join(folder, file.name))
            if item is None or item.size != file.bytes or (file.etag and item.etag != file.etag):
                reason = "is gone" if item is None else "is not the one of its manifest"
                raise MissingDataError(f"{self!r}: {file.name} in {folder} {reason}", hint="take another run")

    def read(self, spark: SparkSession, dates: DateRange) -> DataFrame:
        """Returns the checkpoint's rows; see `Source.read`."""
        if self._found is None:
            self.inputs(dates)
        found: Any = self._found
        frame: DataFrame = found.spark(spark)
        return frame
