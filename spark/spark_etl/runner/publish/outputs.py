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
from spark_etl.runner.ownership import (
    Lying,
    Output,
    OutputManifest,
    look,
    refuse_foreign,
    refuse_taken,
    write_manifest,
)
from spark_etl.runner.publish.lock import Claim, Decision, bring_in, decide_to_publish, read_claim, staged_files
from spark_etl.runner.signals import defer_signals
from spark_etl.storage import join, name_of, relative_to, storage_for
from spark_etl.store.layout import RunPaths
from spark_etl.store.manifest import DataFile

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


class Publication:
    """What one run publishes.

    Args:
        outputs: Where to.
        paths: The run's.
        pipeline: Whose outputs they are.
        adopt: Whether they replace also what this pipeline has not written.

    Attributes:
        adopted: Path → what lies there and is not this pipeline's, but will be replaced.
    """

    def __init__(self, outputs: Sequence[Output], paths: RunPaths, pipeline: str, *, adopt: bool = False) -> None:
        self.adopted: dict[str, Lying] = {}
        self._pipeline, self._owner = pipeline, f"{paths.team}/{pipeline}"
        self._adopt = adopt
        self._outputs = {output.path: output for output in outputs}
        self._waiting = {output.path: Claim(output.path, paths) for output in outputs}
        self._claims: dict[str, Claim] = {}
        self._paths = paths
        self._staged: dict[str, set[str]] = {}
        self._committing = False

    def __enter__(self) -> Publication:
        """Claims every path.

        Raises:
            PublishRefusedError: Another run is publishing to one of them, or something lies there by now.
        """
        try:
            for path, claim in sorted(self._waiting.items()):
                claim.take()
                self._claims[path] = claim
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

    def stage(self, frame: DataFrame, output: Output) -> list[DataFile]:
        """Writes an output where no reader looks, and returns its files."""
        claim = self._claims[output.path]
        check_writable(output.feature, frame)
        frame.write.mode("overwrite").parquet(claim.staging)
        staged = list(storage_for(output.path).walk(claim.staging))
        files = count_files(claim.staging, staged)
        written = {relative_to(item.path, claim.staging): item.size for item in staged}
        write_manifest(claim.staging, OutputManifest(self._pipeline, output.feature, self._paths.root, written))
        self._staged[output.path] = {join(output.path, file.name) for file in files}
        return files

    def commit(self, published: Callable[[], object] = lambda: None) -> None:
        """Lets all outputs appear; a signal waits until that is done, and told.

        Args:
            published: Called when readers see them.

        Raises:
            RunFailedError: Another run has taken a path, as this one seemed dead, or staged files are gone.
        """
        with defer_signals():
            # In this order: what another run publishes from here on is not in the list, and so is not deleted.
            before = {path: self._to_replace(path) for path in self._claims}
            decisions = {path: self._decided(claim, before[path]) for path, claim in self._claims.items()}
            self._committing = bool(self._claims)
            if self._committing:
                decide_to_publish(self._paths, decisions)
            new = {path: set(bring_in(claim.staging, path)) for path, claim in self._claims.items()}
            for path, files in new.items():
                self._check_all_there(self._claims[path], files)
            for path in self._claims:
                storage_for(path).delete(old for old in before[path] if old not in new[path])
            published()
            self._committing = False
            self._release()

    def _to_replace(self, path: str) -> list[str]:
        """Returns what lies at a path and is to go: what this output wrote, and what was adopted."""
        lying = look(path, self._owner)
        found = self.adopted.get(path, Lying([], []))
        adopted = {*(item.path for item in found.others), *found.manifests}
        new = [item.path for item in lying.others if item.path not in adopted]
        if new:
            raise RunFailedError(
                f"{len(new)} files that this output did not write have appeared at {path}: {listing(new[:3])}",
                hint="see what writes there, then start the run again with `--resume`",
            )
        return [*lying.own, *sorted(adopted)]

    def _decided(self, claim: Claim, before: list[str]) -> Decision:
        if not claim.is_held():
            raise _overtaken(claim.path)
        staged = staged_files(claim.staging, claim.path)
        self._check_all_there(claim, staged)
        return {"before": before, "new": staged}

    def _check_all_there(self, claim: Claim, files: Iterable[str]) -> None:
        """Refuses to go on without all that this run has staged: the old files would go for a part of the new."""
        gone = self._staged[claim.path].difference(files)
        if not gone:
            return
        if not claim.is_held():
            raise _overtaken(claim.path)
        raise RunFailedError(
            f"{len(gone)} of {len(self._staged[claim.path])} files that this run wrote for {claim.path} are gone "
            f"from {claim.staging}",
            hint="what was published is still there; see what deletes in that folder (a clean-up job, a rule of the "
            "bucket), then start the run again with `--resume`",
        )

    def _release(self) -> None:
        for claim in self._claims.values():
            with suppress(SparkEtlError, OSError):  # whoever publishes there next puts it in order
                claim.release()
        self._claims = {}


def _overtaken(path: str) -> RunFailedError:
    claim = read_claim(path)
    by = f"run {name_of(str(claim['run']))}" if claim else "another run"
    return RunFailedError(
        f"{by} has taken {path} meanwhile, as this run gave no sign of life for a while (was the machine asleep?)",
        hint="what lies there is that run's; start this one again with `--resume` if its own is wanted",
    )
