"""How each peer runs the shop to its failure, resumes it, and opens a frame."""

from __future__ import annotations

from dataclasses import dataclass

from bench.runner.contest import BROKEN, FIXED, Contest
from bench.runner.lab import INSIDE

LATE = "shop/late.py"


@dataclass(frozen=True)
class Peer:
    """A framework that the runner is compared with.

    Attributes:
        run: The command that runs the whole shop.
        resume: The one that goes on after a failure.
        look: The one that shows the third frame.
        folder: Where they are given, if that matters.
    """

    run: tuple[str, ...]
    resume: tuple[str, ...]
    look: tuple[str, ...]
    folder: str = "/tmp"  # noqa: S108 - inside the container


@dataclass(frozen=True)
class Steps:
    """The seconds of the three steps."""

    persist: float
    resume: float | None
    look: float


def mean(one: Steps, other: Steps) -> Steps:
    """Returns the mean time of each step."""
    resume = None if one.resume is None or other.resume is None else (one.resume + other.resume) / 2
    return Steps((one.persist + other.persist) / 2, resume, (one.look + other.look) / 2)


def script(name: str, *arguments: str) -> tuple[str, ...]:
    """Returns the command of one of our files inside the container."""
    return ("python", f"{INSIDE}/{name}", *arguments)


def peers(data: str, scratch: str) -> dict[str, Peer]:
    """Returns the peers by name."""
    kedro = ("python", "-m", "kedro", "run", "--params", f"data={data},out={scratch}/kedro")
    return {
        "kedro": Peer(kedro, (*kedro, "--from-nodes", "revenue"), script("kedro_look.py"), f"{INSIDE}/kedro_shop"),
        "hamilton": Peer(*(script("hamilton_shop.py", way) for way in ("all", "resume", "look"))),
        "fugue": Peer(*(script("fugue_shop.py", way) for way in ("run", "run", "look"))),
        "metaflow": Peer(*(script("metaflow_shop.py", way) for way in ("run", "resume")), script("metaflow_look.py")),
    }


def steps(contest: Contest, name: str, peer: Peer) -> Steps:
    """Lets a peer fail at the last feature, resume with the corrected one, and show the third frame."""
    lab, out = contest.lab, f"{contest.lab.scratch}/{name}"
    lab.put({LATE: BROKEN})
    try:
        failed = lab.run(*peer.run, fails=True, peers=True, folder=peer.folder, BENCH_OUT=out)
    finally:
        lab.put({LATE: FIXED})
    contest.log_time(f"{name}: keep 3, fail late", failed)
    resumed = lab.run(*peer.resume, peers=True, folder=peer.folder, BENCH_OUT=out)
    contest.log_time(f"{name}: resume", resumed)
    contest.agree(name, f"{out}/revenue")
    paths = [line.partition(" ")[2] for line in resumed.out.splitlines() if line.startswith("RANKED ")]
    where = {"BENCH_OUT": out, "BENCH_RANKED": paths[0] if paths else ""}
    looked = lab.run(*peer.look, until="READY", peers=True, folder=peer.folder, **where)
    contest.log_time(f"{name}: open a frame", looked)
    lab.remove(out)
    return Steps(failed.seconds, resumed.seconds, looked.seconds)
