"""What another run kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spark_etl.dates import DateRange
from spark_etl.errors import MissingDataError, ReadError
from spark_etl.sources.base import InputObject, Source
from spark_etl.sources.identity import identity
from spark_etl.storage import join, storage_for

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from spark_etl.reading import Checkpoint, Run

LATEST = "latest:"


class CheckpointSource(Source):
    """A checkpoint of another run: exactly the files of its manifest.

    Args:
        run: The run's id, its unique beginning or end, or `latest:<pipeline>`: the newest run of it that succeeded.
        feature: The feature that was kept.
        scratch: Where the runs are; `SANDBOX_SCRATCH` if not given.
    """

    def __init__(self, run: str, feature: str, scratch: str | None = None) -> None:
        self.run = run
        self.feature = feature
        self.scratch = scratch
        self._found: Checkpoint | None = None

    def __repr__(self) -> str:
        return identity(self, self.run, self.feature, scratch=self.scratch)

    def inputs(self, dates: DateRange) -> list[InputObject]:  # noqa: ARG002 - the run has the days it has
        """Returns the manifest's files; see `Source.inputs`.

        Raises:
            MissingDataError: No such run, it is still running, it kept no such feature, or files of it are gone.
        """
        try:
            run = self._run()
            if run.status == "running":
                raise MissingDataError(
                    f"{self!r}: run {run.id} is still running", hint="wait for its end, or take another run"
                )
            self._found = run[self.feature]
        except ReadError as error:
            raise MissingDataError(f"{self!r}: {error.message}", hint=error.hint) from error
        self._check_whole(self._found)
        files = self._found.manifest.files
        return [InputObject(join(self._found.path, file.name), file.bytes, file.etag) for file in files]

    def _run(self) -> Run:
        from spark_etl.reading import Runs  # it knows features, and features know sources

        runs = Runs(self.scratch)
        if self.run.startswith(LATEST):
            return runs.latest(self.run.removeprefix(LATEST), status="succeeded")
        return runs[self.run]

    def _check_whole(self, checkpoint: Checkpoint) -> None:
        there = {item.path: item for item in storage_for(checkpoint.path).walk(checkpoint.path)}
        for file in checkpoint.manifest.files:
            item = there.get(join(checkpoint.path, file.name))
            if item is None or item.size != file.bytes or (file.etag and item.etag != file.etag):
                what = "is gone" if item is None else "is another one than its manifest tells"
                raise MissingDataError(f"{self!r}: {file.name} in {checkpoint.path} {what}", hint="take another run")

    def read(self, spark: SparkSession, dates: DateRange) -> DataFrame:
        """Returns the checkpoint's rows; see `Source.read`."""
        if self._found is None:
            self.inputs(dates)
        found: Any = self._found
        frame: DataFrame = found.spark(spark)
        return frame
