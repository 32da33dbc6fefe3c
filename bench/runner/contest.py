"""Who runs, how often, and what came of it: the contestants take turns, and all must publish the same."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from bench.runner.lab import HERE, INSIDE, ContestantError, Lab, ProcessResult

RUNNER = "/opt/spark_etl/spark_etl_runner.py"
DAY = "2024-02-29"
CHECKPOINTS = ("orders_clean", "orders_priced", "orders_ranked")
OURS_CHECKPOINTED, OURS_BARE = "ours, 3 checkpoints", "ours, no checkpoint"
PLAIN, READ_BACK, NAIVE = "by hand, plain", "by hand, read-back", "by hand, naive"
ROUNDS = 2
FIXED = (HERE / "inside" / "shop" / "late.py").read_bytes()
BROKEN = FIXED.replace(b'F.sum("net_cents").alias("cents")', b'F.sum("net_cent").alias("cents")')


@dataclass(frozen=True)
class CheckpointedRun:
    """A run of ours whose checkpoints can be read.

    Attributes:
        run_id: Its id.
        ranked: The path of its third checkpoint.
    """

    run_id: str
    ranked: str


class Contest:
    """The contestants' times; what several figures need is measured once.

    Args:
        lab: Where they run.
        rows: How many orders the shop has.
    """

    def __init__(self, lab: Lab, rows: int) -> None:
        self.lab = lab
        self.rows = rows
        self.checkpointed: CheckpointedRun | None = None
        self._times: dict[str, list[float]] = {}
        self._failures: dict[str, ContestantError] = {}
        self._answer: tuple[str, str] | None = None
        self._folders = 0

    def generate(self) -> None:
        """Publishes the shop's data."""
        self.log_time("data", self.lab.run("python", f"{INSIDE}/generate.py", str(self.rows), settings="plain"))

    def race(self, names: Sequence[str]) -> None:
        """Lets these contestants take turns; who fails once is out, and `seconds` raises its failure."""
        for _ in range(ROUNDS):
            for name in names:
                if name not in self._failures:
                    try:
                        self._times.setdefault(name, []).append(self._once(name))
                    except ContestantError as error:
                        self._failures[name] = error
                        sys.stderr.write(f"  {name:<32} FAILED\n")

    def seconds(self, name: str) -> float:
        """Returns a contestant's best time.

        Raises:
            ContestantError: It failed.
        """
        if name not in self._times and name not in self._failures:
            self.race([name])
        if name in self._failures:
            raise self._failures[name]
        return min(self._times[name])

    def known(self, name: str) -> float | None:
        """Returns a contestant's best time if it has run."""
        return min(self._times[name]) if self._times.get(name) and name not in self._failures else None

    def checkpointed_run(self) -> CheckpointedRun:
        """Returns a run of ours with checkpoints."""
        if self.checkpointed is None:
            self.seconds(OURS_CHECKPOINTED)
        if self.checkpointed is None:
            raise ContestantError("no run of ours has checkpoints")
        return self.checkpointed

    def _once(self, name: str) -> float:
        if name in {OURS_CHECKPOINTED, OURS_BARE}:
            result = self.ours("--checkpoint", *CHECKPOINTS) if name == OURS_CHECKPOINTED else self.ours()
            self.log_time(name, result)
            self.agree(name, f"{self.lab.scratch}/published/revenue")
            return result.seconds
        out = self.new_folder("by-hand")
        variant = name.rpartition(" ")[2]
        result = self.lab.run("python", f"{INSIDE}/by_hand.py", variant, settings="plain", BENCH_OUT=out)
        self.log_time(name, result)
        self.agree(name, f"{out}/revenue")
        self.lab.remove(out)
        return result.seconds

    def ours(self, *more: str, fails: bool = False, settings: str = "shipped") -> ProcessResult:
        """Runs the shop by our runner; a run with checkpoints replaces the one before."""
        paths = ["--publish-path", f"{self.lab.scratch}/published/", "--scratch-path", f"{self.lab.scratch}/ours/"]
        dates = ["--start-date", DAY, "--end-date", DAY]
        config = ["--team-name", "bench", "--feature-config", f"{INSIDE}/shop/feature_config.yaml"]
        result = self.lab.run(
            *("python", RUNNER, *config, *paths, *dates, "--json", *more), fails=fails, settings=settings
        )
        if "--checkpoint" in more and "--resume" not in more:
            self._replace(json.loads(result.out.splitlines()[-1]))
        return result

    def noise(self, rows: int) -> str:
        """Makes a checkpoint of random numbers by our runner and returns the run's id."""
        config = ["--team-name", "bench", "--feature-config", f"{INSIDE}/shop/noise.yaml"]
        rest = ["--scratch-path", f"{self.lab.scratch}/ours/", "--start-date", DAY, "--end-date", DAY, "--json"]
        result = self.lab.run(*("python", RUNNER, *config, *rest, "--checkpoint", "noise"), BENCH_NOISE_ROWS=str(rows))
        self.log_time("ours, noise", result)
        return str(json.loads(result.out.splitlines()[-1])["run_id"])

    def _replace(self, summary: dict[str, str]) -> None:
        if self.checkpointed is not None:
            self.lab.remove(self.checkpointed.ranked.rpartition("/")[0])
        self.checkpointed = CheckpointedRun(summary["run_id"], f"{summary['path']}/orders_ranked")

    def new_folder(self, name: str) -> str:
        """Returns a path that nothing was ever written to: Spark takes the marker of an emptied folder for a frame."""
        self._folders += 1
        return f"{self.lab.scratch}/{name}-{self._folders}"

    def agree(self, name: str, path: str) -> None:
        """Compares what a contestant has published with what the first one has.

        Raises:
            ContestantError: It is something else.
        """
        answer = self.lab.run("python", f"{INSIDE}/answer.py", path).out.strip()
        other, first = self._answer = self._answer or (name, answer)
        if answer != first:
            raise ContestantError(f"{name} published {answer}, but {other} {first}")

    def log_time(self, name: str, result: ProcessResult) -> None:
        """Prints how long a step took, at once: the table comes at the end only."""
        sys.stderr.write(f"  {name:<32} {result.seconds:7.2f} s  {result.peak / 1e6:6.0f} MB\n")
        sys.stderr.flush()
