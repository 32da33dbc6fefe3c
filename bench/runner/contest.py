"""Who runs, how often, and what came of it: the contestants take turns, and all must publish the same."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from bench.runner.lab import HERE, INSIDE, ContestantError, Lab, Ran

RUNNER = "/opt/spark_etl/spark_etl_runner.py"
DAY = "2024-02-29"
KEPT = ("orders_clean", "orders_priced", "orders_ranked")
KEPT_BY_US, BARE_BY_US = "ours, 3 checkpoints", "ours, no checkpoint"
PLAIN, READ_BACK, NAIVE = "by hand, plain", "by hand, read-back", "by hand, naive"
ROUNDS = 2
FIXED = (HERE / "inside" / "shop" / "late.py").read_bytes()
BROKEN = FIXED.replace(b'F.sum("net_cents").alias("cents")', b'F.sum("net_cent").alias("cents")')


@dataclass(frozen=True)
class Kept:
    """A run of ours whose checkpoints are there to be looked at.

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
        self.kept: Kept | None = None
        self._times: dict[str, list[float]] = {}
        self._failures: dict[str, ContestantError] = {}
        self._answer: tuple[str, str] | None = None
        self._folders = 0

    def generate(self) -> None:
        """Publishes the shop's data."""
        self.tell("data", self.lab.run("python", f"{INSIDE}/generate.py", str(self.rows), settings="plain"))

    def race(self, names: Sequence[str]) -> None:
        """Lets these contestants take turns; who fails once is out, and its failure is told by `seconds`."""
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

    def kept_run(self) -> Kept:
        """Returns a run of ours with checkpoints."""
        if self.kept is None:
            self.seconds(KEPT_BY_US)
        if self.kept is None:
            raise ContestantError("no run of ours has kept its checkpoints")
        return self.kept

    def _once(self, name: str) -> float:
        if name in {KEPT_BY_US, BARE_BY_US}:
            ran = self.ours("--checkpoint", *KEPT) if name == KEPT_BY_US else self.ours()
            self.tell(name, ran)
            self.agree(name, f"{self.lab.scratch}/published/revenue")
            return ran.seconds
        out = self.new_folder("by-hand")
        way = name.rpartition(" ")[2]
        ran = self.lab.run("python", f"{INSIDE}/by_hand.py", way, settings="plain", BENCH_OUT=out)
        self.tell(name, ran)
        self.agree(name, f"{out}/revenue")
        self.lab.remove(out)
        return ran.seconds

    def ours(self, *more: str, fails: bool = False, settings: str = "shipped") -> Ran:
        """Runs the shop by our runner; a run that kept its checkpoints takes the place of the one before."""
        paths = ["--publish-path", f"{self.lab.scratch}/published/", "--scratch-path", f"{self.lab.scratch}/ours/"]
        dates = ["--start-date", DAY, "--end-date", DAY]
        config = ["--team-name", "bench", "--feature-config", f"{INSIDE}/shop/feature_config.yaml"]
        ran = self.lab.run(
            *("python", RUNNER, *config, *paths, *dates, "--json", *more), fails=fails, settings=settings
        )
        if "--checkpoint" in more and "--resume" not in more:
            self._replace(json.loads(ran.out.splitlines()[-1]))
        return ran

    def noise(self, rows: int) -> str:
        """Keeps a frame of random numbers by our runner and returns the run's id."""
        config = ["--team-name", "bench", "--feature-config", f"{INSIDE}/shop/noise.yaml"]
        rest = ["--scratch-path", f"{self.lab.scratch}/ours/", "--start-date", DAY, "--end-date", DAY, "--json"]
        ran = self.lab.run(*("python", RUNNER, *config, *rest, "--checkpoint", "noise"), BENCH_NOISE_ROWS=str(rows))
        self.tell("ours, noise", ran)
        return str(json.loads(ran.out.splitlines()[-1])["run_id"])

    def _replace(self, summary: dict[str, str]) -> None:
        if self.kept is not None:
            self.lab.remove(self.kept.ranked.rpartition("/")[0])
        self.kept = Kept(summary["run_id"], f"{summary['path']}/orders_ranked")

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
        who, first = self._answer = self._answer or (name, answer)
        if answer != first:
            raise ContestantError(f"{name} published {answer}, but {who} {first}")

    def tell(self, name: str, ran: Ran) -> None:
        """Says how long something took, as it comes: the table is far away."""
        sys.stderr.write(f"  {name:<32} {ran.seconds:7.2f} s  {ran.peak / 1e6:6.0f} MB\n")
        sys.stderr.flush()
