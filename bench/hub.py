"""The hub's figures: how soon a server answers and shows rows, what ten of them take, and what sharing takes.

python -m bench.hub               alone, on a stack of its own; `make bench` prints them among the others
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from bench.figures import Figure, report, seconds
from bench.measure import COLD_SECONDS, SETTLE_SECONDS, engine_start, logged_in, memory
from bench.runs_page import runs_page
from sandbox_cli.stack.hub_api import Hub
from tests.support import leftovers
from tests.support.engine import Containers
from tests.support.hub import HubClient
from tests.support.sandbox import Sandbox

ROUNDS = 3
USERS = 10
AT_ONCE = 4
NOTEBOOK = "notebooks/02_reading_a_checkpoint.ipynb"
CHECKPOINT = 'runs.latest("revenue")["discounted_orders"]'
PATH = f"from spark_etl import runs\nprint({CHECKPOINT}.path)"
OURS = f"from spark_etl import runs\n{CHECKPOINT}.head()"
CLASSIC = f"from spark_etl import runs, spark\n{CHECKPOINT}.spark(spark(classic=True)).limit(10).toPandas()"
BY_HAND = """
import os
import pyarrow.dataset
from pyarrow.fs import S3FileSystem
store = S3FileSystem(endpoint_override=os.environ["AWS_ENDPOINT_URL_S3"], region=os.environ["AWS_REGION"])
pyarrow.dataset.dataset({path!r}, format="parquet", filesystem=store).head(10).to_pandas()
"""


def main() -> int:
    """Measures, prints, and returns 1 when a figure is over its limit or could not be measured."""
    leftovers.remove_stale()
    with leftovers.own_name() as name:
        sandbox = Sandbox(name, leftovers.home())
        try:
            sandbox("up", timeout=COLD_SECONDS)
            figures = [*starts(sandbox), *in_use(sandbox)]
        finally:
            leftovers.remove(name)
    return report("bench-hub", figures)


def starts(sandbox: Sandbox) -> list[Figure]:
    """Measures the way from the click on "start" to a server that is ready, and to a kernel that has answered."""
    with logged_in(sandbox) as engineer:
        times = []
        for _ in range(ROUNDS):
            if engineer.server():
                engineer.stop_server()
            times.append(started(engineer))
        engineer.stop_server()
    return start_figures(times, raw=engine_start())


def started(user: HubClient) -> tuple[float, float]:
    """Starts a server and a kernel in it; returns after how many seconds each of them answered.

    Raises:
        RuntimeError: The kernel computed 1 + 1 wrongly.
    """
    user.token()
    begun = time.monotonic()
    user.start_server()
    ready = time.monotonic() - begun
    with user.kernel() as kernel:
        output = kernel.run("1 + 1").text
        answered = time.monotonic() - begun
    if output != "2":
        raise RuntimeError(f"the kernel made {output!r} of 1 + 1")
    return ready, answered


def start_figures(times: Sequence[tuple[float, float]], *, raw: float) -> list[Figure]:
    """Returns both figures, each of the best round."""
    ready, answered = (min(column) for column in zip(*times, strict=True))
    note = "start a container"
    return [
        Figure("spawn a server", ready, "s", limit=4, raw=raw, note=note),
        Figure('click on "start" to a kernel\'s answer', answered, "s", limit=6, raw=raw, note=note),
    ]


def in_use(sandbox: Sandbox) -> list[Figure]:
    """Measures what takes minutes; one that fails is reported and does not stop the others."""
    return [
        *tried("first rows of a checkpoint", lambda: first_rows(sandbox)),
        *tried("share notebook 02", lambda: [share(sandbox)]),
        *tried("page of runs", lambda: [*runs_page(sandbox)]),
        *tried(f"{USERS} users' servers, idle", lambda: [idle_servers(sandbox)]),
    ]


def tried(name: str, work: Callable[[], list[Figure]]) -> list[Figure]:
    """Returns the figures, or one that says why there are none."""
    try:
        return work()
    except Exception as error:  # noqa: BLE001 - whatever it was, it is in the table
        return [Figure(name, None, "s", problem=" ".join(f"{type(error).__name__}: {error}".split())[-500:])]


def first_rows(sandbox: Sandbox) -> list[Figure]:
    """Measures reading a checkpoint in a fresh kernel, imports included: by our API, by hand, by a classic session."""
    with logged_in(sandbox) as engineer:
        engineer.start_server()
        with engineer.kernel() as kernel:
            path = kernel.run(PATH).text.strip().removeprefix("s3a://")
        cells = (OURS, BY_HAND.format(path=path), CLASSIC)
        rounds = [[in_fresh_kernel(engineer, cell) for cell in cells] for _ in range(ROUNDS)]
    ours, by_hand, classic = (min(column) for column in zip(*rounds, strict=True))
    return row_figures(ours, by_hand, classic)


def in_fresh_kernel(user: HubClient, cell: str) -> float:
    """Returns how long a cell takes that is the first in its kernel."""
    with user.kernel() as kernel:
        kernel.run("pass")
        return seconds(lambda: kernel.run(cell))


def row_figures(ours: float, by_hand: float, classic: float) -> list[Figure]:
    """Returns the time of our API, and what part of a classic session's it is."""
    name = "first rows of a checkpoint in a fresh kernel"
    return [
        Figure(name, ours, "s", limit=1, raw=by_hand, note="pyarrow by hand, its path known"),
        Figure(
            f"{name}, beside a classic session",
            ours / classic,
            "×",
            limit=1 / 8,
            raw=by_hand / classic,
            note="pyarrow by hand",
            detail=f"{ours:.2f} s / {classic:.2f} s",
        ),
    ]


def share(sandbox: Sandbox) -> Figure:
    """Measures `sandbox share`, with the notebook run again in a server that is started for it."""
    with logged_in(sandbox) as engineer:
        engineer.start_server()
        done = sandbox("share", NOTEBOOK, "--json")
        engineer.stop_server()
    return share_figure(done.seconds, done.json)


def share_figure(took: float, result: dict[str, Any]) -> Figure:
    """Returns the figure, with what of it was papermill's."""
    return Figure(
        "share notebook 02, with its re-execution",
        took,
        "s",
        limit=30,
        raw=result["seconds"],
        note="papermill alone, in a server that is there",
        detail=f"it {result['verdict']}",
    )


def idle_servers(sandbox: Sandbox) -> Figure:
    """Measures the memory of ten users' servers, all of them up and left alone, beside the whole stack."""
    with users(sandbox) as names:
        hub = Hub(sandbox.port("hub"), {"hub_admin_token": sandbox.secret("hub_admin_token")})
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(hub.start_server, names))
        time.sleep(SETTLE_SECONDS)
        servers = [Containers(sandbox.stack).server(name) for name in names]
        with ThreadPoolExecutor(len(servers)) as pool:
            used = list(pool.map(memory, servers))
    return memory_figure(used)


@contextmanager
def users(sandbox: Sandbox) -> Iterator[list[str]]:
    """Gives users of the bench's own; they are removed with their homes."""
    names = [f"bench-{number}" for number in range(1, USERS + 1)]
    made: list[str] = []
    try:
        for name in names:
            sandbox("users", "add", name, "--generate")
            made.append(name)
        yield names
    finally:
        for name in made:
            sandbox.try_("users", "remove", name, "--home", "--yes")


def memory_figure(used: Sequence[float]) -> Figure:
    """Returns the memory of all servers together, and of the least and the most of them."""
    detail = f"{min(used):.0f} to {max(used):.0f} MB each"
    return Figure(f"{len(used)} users' servers, idle", sum(used), "MB", limit=1500, detail=detail)


if __name__ == "__main__":
    raise SystemExit(main())
