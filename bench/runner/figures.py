"""The figures, each by itself: one that fails is reported and does not stop the others."""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable, Iterable, Iterator

from bench.figures import Figure
from bench.runner import peers
from bench.runner.contest import (
    BROKEN,
    CHECKPOINTS,
    FIXED,
    NAIVE,
    OURS_BARE,
    OURS_CHECKPOINTED,
    PLAIN,
    READ_BACK,
    ROUNDS,
    RUNNER,
    Contest,
)
from bench.runner.lab import ContestantError

MB = 1_000_000
MEMORY_LIMIT = 1000.0
LOOKS = 5
NOISE_BYTES_PER_ORDER = 500  # 5 GB at 10 million
NOISE_ROW_BYTES = 64
LAST = "revenue"  # what the shop publishes
SERIES = {"a": (OURS_CHECKPOINTED, READ_BACK), "b": (OURS_CHECKPOINTED, NAIVE), "c": (OURS_BARE, PLAIN)}


class NotThereError(Exception):
    """Raised when this checkout does not have yet what a figure is about."""


class Figures:
    """All figures of a contest.

    Args:
        contest: The contestants.
        only: The letters of the figures to measure.
    """

    def __init__(self, contest: Contest, only: Iterable[str]) -> None:
        self._contest = contest
        self._steps: peers.Steps | ContestantError | None = None
        self._only = [letter for letter in WHAT if letter in set(only)]

        self._measures: dict[str, Callable[[str], Iterator[Figure]]] = {
            "a": self._ours_by_read_back,
            "b": self._ours_by_naive,
            "c": self._bare_by_plain,
            "d": self._open_a_frame,
            "e": self._resume_by_whole,
            "f": self._steps_by_peers,
            "g": self._driver_memory,
            "h": self._profile_memory,
            "i": self._list_of_runs,
            "j": self._plan_of_many_features,
            "l": self._replay_by_whole,
            "m": self._replay_by_hand,
            "k": self._keep_code,
        }

    def measured(self) -> list[Figure]:
        """Returns them in the order of the letters."""
        try:
            self._contest.generate()
        except ContestantError as error:
            return [failed(f"{letter}  {WHAT[letter]}", error) for letter in self._only]
        names = [name for letter in self._only for name in SERIES.get(letter, ())]
        self._contest.race(list(dict.fromkeys(names)))
        return [figure for letter in self._only for figure in self._safely(letter)]

    def _safely(self, letter: str) -> Iterator[Figure]:
        name = f"{letter}  {WHAT[letter]}"
        try:
            yield from self._measures[letter](name)
        except NotThereError as missing:
            yield Figure(name, None, "×", missing=str(missing))
        except Exception as error:  # noqa: BLE001 - whatever it is, the other figures are to be measured
            yield failed(name, error)

    def _ours_by_read_back(self, name: str) -> Iterator[Figure]:
        yield self._ratio(name, OURS_CHECKPOINTED, READ_BACK, limit=1.0, raw=self._contest.known(PLAIN))

    def _ours_by_naive(self, name: str) -> Iterator[Figure]:
        yield self._ratio(name, OURS_CHECKPOINTED, NAIVE, limit=0.55, raw=self._contest.known(PLAIN))

    def _bare_by_plain(self, name: str) -> Iterator[Figure]:
        yield self._ratio(name, OURS_BARE, PLAIN, limit=1.03, raw=self._contest.known(PLAIN))

    def _ratio(self, name: str, ours: str, theirs: str, *, limit: float, raw: float | None) -> Figure:
        return ratio(
            name, self._contest.seconds(ours), self._contest.seconds(theirs), limit=limit, raw=raw, note="keep nothing"
        )

    def _open_a_frame(self, name: str) -> Iterator[Figure]:
        theirs = self._look("spark", settings="plain")
        yield ratio(name, self._ours_look, theirs, limit=1 / 15, raw=self._look("pyarrow"), note="pyarrow by hand")

    def _look(self, way: str, settings: str = "shipped") -> float:
        """Returns the best time of a fresh process that shows the third checkpoint's first rows."""
        checkpointed = self._contest.checkpointed_run()
        where = {"BENCH_RUN": checkpointed.run_id, "BENCH_RANKED": checkpointed.ranked}
        command = peers.script("look.py", way)
        looks = [self._contest.lab.run(*command, until="READY", settings=settings, **where) for _ in range(LOOKS)]
        self._contest.log_time(f"open a frame: {way}", min(looks, key=lambda result: result.seconds))
        return min(result.seconds for result in looks)

    @functools.cached_property
    def _ours_look(self) -> float:
        return self._look("ours")

    def _resume_by_whole(self, name: str) -> Iterator[Figure]:
        resumed = self._ours_steps.resume
        if resumed is None:
            raise NotThereError("--resume")
        out = self._contest.new_folder("by-hand")
        where = {"BENCH_OUT": out, "BENCH_RANKED": self._contest.checkpointed_run().ranked}
        raw = self._contest.lab.run(*peers.script("by_hand.py", "late"), settings="plain", **where)
        self._contest.lab.remove(out)
        whole = self._contest.seconds(OURS_CHECKPOINTED)
        yield ratio(name, resumed, whole, limit=1 / 4, raw=raw.seconds, note="only that feature, by hand")

    def _replay_by_whole(self, name: str) -> Iterator[Figure]:
        ours, by_hand = self._replays
        whole = self._contest.seconds(OURS_CHECKPOINTED)
        yield ratio(name, ours, whole, limit=1 / 4, raw=by_hand, note="only that feature, by hand")

    def _replay_by_hand(self, name: str) -> Iterator[Figure]:
        ours, by_hand = self._replays
        yield ratio(name, ours, by_hand, limit=1.3, raw=by_hand, note="the same")

    @functools.cached_property
    def _replays(self) -> tuple[float, float]:
        """Returns the best times of a replay that compares its rows, and of the same feature from the same Parquet."""
        contest, lab = self._contest, self._contest.lab
        kept = contest.ours("--checkpoint", *CHECKPOINTS, LAST)
        contest.log_time("ours, 4 checkpoints", kept)
        run = contest.checkpointed_run()
        line = ("python", "-m", "spark_etl", "replay", f"{run.run_id}/{LAST}", "--scratch-path", f"{lab.scratch}/ours/")
        ours, theirs = [], []
        for _ in range(ROUNDS):
            ours.append(lab.run(*line))
            out = contest.new_folder("by-hand")
            where = {"BENCH_OUT": out, "BENCH_RANKED": run.ranked}
            theirs.append(lab.run(*peers.script("by_hand.py", "late"), settings="plain", **where))
            contest.log_time("ours, replay", ours[-1])
            contest.log_time("by hand, late", theirs[-1])
            lab.remove(out)
        return min(result.seconds for result in ours), min(result.seconds for result in theirs)

    @property
    def _ours_steps(self) -> peers.Steps:
        """Our own three steps, taken once."""
        if self._steps is None:
            self._steps = ContestantError("ours failed before; see above")
            self._steps = self._take_steps()
        if isinstance(self._steps, ContestantError):
            raise self._steps
        return self._steps

    def _take_steps(self, *, look_again: bool = False) -> peers.Steps:
        """Returns our own three steps; resume is None where the runner can't do it yet."""
        contest, lab = self._contest, self._contest.lab
        lab.put({peers.LATE: BROKEN})
        try:
            failed = contest.ours("--checkpoint", *CHECKPOINTS, fails=True)
        finally:
            lab.put({peers.LATE: FIXED})
        contest.log_time("ours: keep 3, fail late", failed)
        resumed = None
        if "--resume" in lab.run("python", RUNNER, "--help").out:
            resumed = contest.ours("--checkpoint", *CHECKPOINTS, "--resume", contest.checkpointed_run().run_id)
            contest.log_time("ours: resume", resumed)
            contest.agree("ours, resumed", f"{lab.scratch}/published/revenue")
        look = self._look("ours") if look_again else self._ours_look
        return peers.Steps(failed.seconds, resumed and resumed.seconds, look)

    def _steps_by_peers(self, _: str) -> Iterator[Figure]:
        """Everybody takes the three steps once, then everybody once more; the mean of a step counts."""
        self._contest.lab.install_peers()
        there = peers.peers(self._contest.lab.data, self._contest.lab.scratch)
        ours, firsts = self._ours_steps, {name: self._try(name, peer) for name, peer in there.items()}
        ours = peers.mean(ours, self._take_steps(look_again=True))
        for name, first in firsts.items():
            again = first if isinstance(first, ContestantError) else self._try(name, there[name])
            if isinstance(first, ContestantError) or isinstance(again, ContestantError):
                yield failed(f"f  {name}", again)
            else:
                yield from beside(name, ours, peers.mean(first, again))

    def _try(self, name: str, peer: peers.Peer) -> peers.Steps | ContestantError:
        try:
            return peers.steps(self._contest, name, peer)
        except ContestantError as error:
            return error

    def _driver_memory(self, name: str) -> Iterator[Figure]:
        result = self._contest.ours("--checkpoint", *CHECKPOINTS, settings="cluster")
        self._contest.log_time("ours, on the cluster", result)
        yield Figure(name, result.peak / MB, "MB", limit=MEMORY_LIMIT, detail=f"in {result.seconds:.0f} s")

    def _profile_memory(self, name: str) -> Iterator[Figure]:
        lab = self._contest.lab
        has_profile = "from spark_etl.reading import Checkpoint; print(hasattr(Checkpoint, 'profile'))"
        if lab.run("python", "-c", has_profile).out.strip() != "True":
            raise NotThereError(".profile()")
        size = self._contest.rows * NOISE_BYTES_PER_ORDER
        run_id = self._contest.noise(size // NOISE_ROW_BYTES)
        result = lab.run(*peers.script("profile_noise.py"), until="READY", BENCH_RUN=run_id)
        self._contest.log_time("profile", result)
        detail = f"{size / 1e9:.1f} GB in {result.seconds:.0f} s"
        yield Figure(name, result.peak / MB, "MB", limit=MEMORY_LIMIT, detail=detail)

    def _list_of_runs(self, name: str) -> Iterator[Figure]:
        lab, folder = self._contest.lab, self._contest.new_folder("many-runs")
        self._contest.log_time("10,000 runs, made", lab.run(*peers.script("many_runs.py"), "make", folder))
        listed = [json.loads(lab.run(*peers.script("many_runs.py"), "list", folder).out) for _ in range(LOOKS)]
        lab.remove(folder)
        best = min(float(look["seconds"]) for look in listed)
        yield Figure(name, best, "s", limit=1.0, detail=f"{listed[0]['runs']:,} runs")

    def _plan_of_many_features(self, name: str) -> Iterator[Figure]:
        lab, folder = self._contest.lab, "/tmp/many-features"  # noqa: S108 - inside the container
        lab.run(*peers.script("many_features.py"), folder)
        command = ["python", "-m", "spark_etl", "plan", "--feature-config", f"{folder}/feature_config.yaml"]
        planned = [lab.run(*command, "--checkpoint", "f999") for _ in range(LOOKS)]
        self._contest.log_time("plan of 1,000 features", min(planned, key=lambda result: result.seconds))
        yield Figure(name, min(result.seconds for result in planned), "s", limit=1.0, detail="the whole process")

    def _keep_code(self, name: str) -> Iterator[Figure]:
        known = json.loads(self._contest.lab.run(*peers.script("keep_code.py")).out)
        detail = f"{known['files']} files, {known['bytes'] / MB:.1f} MB; {known['keep'] / known['zip']:.1f} × the zip"
        note = "a plain zip of them"
        yield Figure(name, known["keep"], "s", limit=0.3, raw=known["zip"], note=note, detail=detail)


def beside(name: str, ours: peers.Steps, theirs: peers.Steps) -> Iterator[Figure]:
    """Yields a peer's three figures."""
    for step, mine, other in (
        ("keep 3, fail late", ours.persist, theirs.persist),
        ("resume", ours.resume, theirs.resume),
        ("open a frame", ours.look, theirs.look),
    ):
        what = f"f  {name}: {step}"
        if mine is None or other is None:
            yield Figure(what, None, "×", missing=f"--resume; {name} took {other:.1f} s")
        else:
            yield ratio(what, mine, other, limit=1.0)


def failed(name: str, error: Exception) -> Figure:
    """Returns the figure that could not be measured; the whole reason goes to stderr."""
    message = f"{type(error).__name__}: {error}"
    sys.stderr.write(f"{name}: {message}\n")
    return Figure(name, None, "×", problem=message.splitlines()[0])


def ratio(name: str, ours: float, theirs: float, *, limit: float, raw: float | None = None, note: str = "") -> Figure:
    """Returns ours / theirs with the seconds of both; the raw limit becomes a ratio, too."""
    seconds = f"{ours:.2f} s / {theirs:.2f} s"
    full_note = f"{note} {raw:.2f} s" if raw is not None else ""
    return Figure(name, ours / theirs, "×", limit, raw / theirs if raw is not None else None, full_note, detail=seconds)


WHAT: dict[str, str] = {
    "a": "3 checkpoints: runner / by hand, read back",
    "b": "3 checkpoints: runner / by hand, naive",
    "c": "no checkpoint: runner / plain script",
    "d": ".head() / a session's show(), fresh process",
    "e": "fix the last feature: --resume / all again",
    "f": "each step / Kedro, Hamilton, Fugue, Metaflow",
    "g": "memory: driver of a run with 3 checkpoints",
    "h": "memory: .profile() of a large checkpoint",
    "i": "list 10,000 runs in S3",
    "j": "spark-etl plan of 1,000 features",
    "k": "keep the code of 200 files",
    "l": "replay of the last feature / the whole run",
    "m": "replay of the last feature / the same by hand",
}
