"""Which runs stay, whatever else is asked: numbered rules, the first that holds is the reason.

1. A run that has neither ended nor died is running.
2. What a run is, of which run.json can't be read, is not known: it stays until `runs rm` names it.
3. A run that has decided to publish, and has not finished, is needed by whoever publishes there next.
4. A checkpoint of it is pinned by a shared notebook.
5. It is the newest success of its pipeline.
6. It is among the newest ended runs of its pipeline.
7. It is young.

Then, of what is left, as long as one is found:

8. A run that stays reuses a checkpoint of it.
9. A replay that stays is of it.

Rules 5 to 7 do not hold for runs that `runs rm` names, nor does rule 2.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import NamedTuple

from spark_etl.storage import S3Settings
from spark_etl.store.document import DAMAGED, IMPORTED, REPLAY
from spark_etl.store.gc.documents import Documents
from spark_etl.store.gc.options import GcOptions
from spark_etl.store.gc.plan import Goes, Stays
from spark_etl.store.gc.publication import is_publication_pending
from spark_etl.store.gc.survey import THREADS, PipelineFacts, RunFacts
from spark_etl.store.names import run_name
from spark_etl.store.run import StoredRun

# A run reuses only what is earlier; ids of machines whose clocks differ may tell otherwise.
CLOCKS = timedelta(days=1)


class Decision(NamedTuple):
    """Why a run goes or stays, and who keeps it."""

    reason: Goes | Stays
    by: tuple[str, ...] = ()


class Judge:
    """Decides about runs.

    Args:
        scratch: The scratch path.
        settings: How to reach S3; from the environment if not given.
        documents: What has been read of runs.
        pins: Run id → the shared notebooks that pin a checkpoint of it.
    """

    def __init__(
        self,
        scratch: str,
        settings: S3Settings | None,
        documents: Documents,
        pins: Mapping[str, Iterable[str]],
    ) -> None:
        self._scratch = scratch
        self._settings = settings
        self._documents = documents
        self._pins = pins

    def keep_always(self, runs: Iterable[RunFacts], *, damaged: bool) -> dict[str, Decision]:
        """Returns the runs that stay by the rules 1 to 4, by folder.

        Args:
            runs: Those with a run.json.
            damaged: Whether rule 2 holds.
        """
        found: dict[str, Decision] = {}
        decided = []
        for run in runs:
            if run.is_at_work:
                found[run.root] = Decision("running")
            elif run.status == DAMAGED and damaged:
                found[run.root] = Decision("damaged", (run.why,))
            elif run.has_decided and run.status != "succeeded":
                decided.append(run)
            elif self.is_pinned(run):
                found[run.root] = self._pinned(run)
        with ThreadPoolExecutor(THREADS) as pool:
            pending = list(pool.map(lambda run: is_publication_pending(StoredRun(run.root, self._settings)), decided))
        for run, is_pending in zip(decided, pending, strict=True):
            if is_pending:
                found[run.root] = Decision("publishing")
            elif self.is_pinned(run):
                found[run.root] = self._pinned(run)
        return found

    def is_pinned(self, run: RunFacts) -> bool:
        """Returns whether rule 4 holds for a run."""
        return run.run_id in self._pins

    def _pinned(self, run: RunFacts) -> Decision:
        return Decision("pinned", tuple(sorted(set(self._pins[run.run_id]))))

    def keep_upstream(self, candidates: Mapping[str, RunFacts], staying: Iterable[RunFacts]) -> dict[str, Decision]:
        """Returns the candidates that stay by the rules 8 and 9, by folder.

        Who needs whom is told by ids, and not by times: in a store that was restored, or with a clock that went back, a
        replay may be older than its origin.

        Args:
            candidates: By folder.
            staying: The other runs; all of them are read, as long as a candidate is left.
        """
        left: dict[str, list[RunFacts]] = {}
        for run in candidates.values():
            left.setdefault(run.run_id, []).append(run)
        found: dict[str, Decision] = {}
        readers = list(staying)
        while readers and left:
            known = self._documents.of(readers)
            following: list[RunFacts] = []
            for reader in sorted(readers, key=lambda run: run.run_id, reverse=True):
                if reader.root not in known:
                    continue
                name = run_name(reader.root, self._scratch)
                for run_id in sorted(known[reader.root].upstream & left.keys()):
                    reason: Stays = "reused" if run_id in known[reader.root].reused else "origin of a replay"
                    kept = left.pop(run_id)
                    found |= {run.root: Decision(reason, (name,)) for run in kept}
                    following += kept
            readers = following
        return found


def keep_by_age(pipeline: PipelineFacts, options: GcOptions, now: datetime) -> dict[str, Decision]:
    """Returns the runs of a pipeline that stay by the rules 5 to 7, by folder."""
    runs = sorted((run for run in pipeline.runs.values() if run.etag is not None), key=lambda run: run.run_id)
    found = {run.root: Decision("young") for run in runs if now - run.started < options.older_than}
    ended = [run for run in runs if run.kind not in {REPLAY, IMPORTED} and run.status not in {"running", DAMAGED}]
    found |= {run.root: Decision("kept last") for run in ended[len(ended) - min(options.keep_last, len(ended)) :]}
    successes = [run for run in runs if run.kind == "run" and run.status == "succeeded"]
    found |= {run.root: Decision("newest success") for run in successes[-1:]}
    return found


def readers_among(runs: Iterable[RunFacts], candidates: Sequence[RunFacts]) -> list[RunFacts]:
    """Returns the runs that may need one of some others, as far as a list tells: the rest need not be read.

    A replay may need any run, whatever its time is. Any other run reuses checkpoints of earlier ones.
    """
    oldest = min((run.started for run in candidates), default=None)
    if oldest is None:
        return []
    first = oldest - CLOCKS if oldest.year > 1 else oldest
    return [run for run in runs if run.kind != "run" or run.started > first]
