"""The page of runs: how soon it answers with 10,000 runs and one of 1,000 features, and what it keeps in memory."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from spark_etl.storage import S3Settings
from spark_etl.store import FeatureRecord, RunDocument, StoredRun

from bench.figures import Figure, seconds
from bench.measure import logged_in
from tests.support.engine import Containers
from tests.support.hub import HubClient
from tests.support.s3 import S3Client, keys_of
from tests.support.sandbox import Sandbox

RUNS, FEATURES, ROUNDS, THREADS = 10_000, 1_000, 5, 32
PAGES = "/services/runs/"
PROCESS = "runs"


def runs_page(sandbox: Sandbox) -> Iterator[Figure]:
    """Measures the list, a search that finds nothing, a large run, and the memory of the service."""
    settings = store_settings(sandbox)
    newest = make_runs(settings, RUNS)
    large = make_large_run(settings, FEATURES)
    raw = min(seconds(lambda: list_keys(sandbox)) for _ in range(ROUNDS))
    with logged_in(sandbox) as engineer:
        page(engineer, "")
        before = memory(sandbox)
        first = best(engineer, "")
        if newest not in page(engineer, "?q=many"):
            raise RuntimeError(f"the newest run, {newest}, is not on the first page")
        search = best(engineer, "?q=nothing-is-called-so")
        run = best(engineer, large)
        after = memory(sandbox)
    note = "list the keys of a day by hand"
    yield Figure(f"page of runs, first page of {RUNS:,}", first, "s", limit=1, raw=raw, note=note)
    yield Figure(f"page of runs, a search through {RUNS:,} that finds none", search, "s")
    yield Figure(f"page of a run of {FEATURES:,} features", run, "s", limit=2)
    yield Figure("page of runs, memory gained by these", after - before, "MB", limit=30, detail=f"{after:.0f} MB now")


def store_settings(sandbox: Sandbox) -> S3Settings:
    """Returns the store, with the rights of the runner."""
    access, secret = keys_of(sandbox, "runner")
    return S3Settings(f"http://127.0.0.1:{sandbox.port('s3')}", "us-east-1", access, secret)


def make_runs(settings: S3Settings, number: int) -> str:
    """Makes ended runs of the last year, and returns the id of the newest."""
    now = datetime.now(UTC)
    moments = [now - timedelta(days=365) * each / number for each in range(number)]
    with ThreadPoolExecutor(THREADS) as pool:
        made = list(pool.map(lambda each: make_run(settings, *each), enumerate(moments)))
    return made[0]


def make_run(settings: S3Settings, number: int, moment: datetime) -> str:
    """Makes an ended run and returns its id."""
    run = StoredRun(f"s3a://scratch/bench/many/{moment:%Y%m%dT%H%M%SZ}-{number:06x}", settings)
    document = run.new_document(start_date="2024-02-29", end_date="2024-02-29", started=moment.isoformat())
    document.status, document.seconds, document.by = "succeeded", 12.5, {"user": "bench"}
    run.write_document(document)
    run.mark_ended(document)
    return run.run_id


def make_large_run(settings: S3Settings, number: int) -> str:
    """Makes a run of many features, each of which reads two others, and returns its path."""
    run = StoredRun(f"s3a://scratch/bench/large/{datetime.now(UTC):%Y%m%dT%H%M%SZ}-aaaaaa", settings)
    names = [f"feature_{each}" for each in range(number)]
    features = {name: FeatureRecord("bench.Feature", state="succeeded", seconds=1.0, rows=1_000) for name in names}
    graph = {name: names[max(each - 2, 0) : each] for each, name in enumerate(names)}
    document: RunDocument = run.new_document(order=names, features=features, graph=graph)
    document.status, document.seconds = "succeeded", 100.0
    run.write_document(document)
    run.mark_ended(document)
    return f"bench/large/{run.run_id}"


def list_keys(sandbox: Sandbox) -> None:
    """Lists, by the S3 client, what the first page needs: the folders of one day."""
    client = S3Client(sandbox, "runner").client
    day = f"{datetime.now(UTC):%Y%m%d}"
    list(client.list_objects(bucket_name="scratch", prefix=f"bench/many/{day}"))


def page(user: HubClient, path: str) -> str:
    """Returns a page of runs.

    Raises:
        RuntimeError: It is none.
    """
    answer = user.http.get(f"{PAGES}{path}", follow_redirects=True)
    if answer.status_code != 200:
        raise RuntimeError(f"{path}: {answer.status_code}")
    return answer.text


def best(user: HubClient, path: str) -> float:
    """Returns the shortest of some rounds."""
    return min(seconds(lambda: page(user, path)) for _ in range(ROUNDS))


def memory(sandbox: Sandbox) -> float:
    """Returns the resident memory of the service's process, in MB."""
    script = f"for p in /proc/[0-9]*; do grep -qx {PROCESS} $p/comm 2>/dev/null && cat $p/status; done"
    shown = Containers(sandbox.stack).run("hub", "sh", "-c", script).out
    found = [int(each) for each in re.findall(r"VmRSS:\s+(\d+) kB", shown)]
    return max(found, default=0) / 1000
