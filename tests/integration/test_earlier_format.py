"""A stack on which an earlier version has left runs and shared notebooks goes on with them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox_cli.stack.engine.archive import archive
from tests.support.engine import Containers
from tests.support.hub import HubClient
from tests.support.s3 import S3Client
from tests.support.sandbox import Sandbox

SAMPLE = Path(__file__).parents[1] / "samples" / "format1"
RUNS = "sandbox/shop"
FIRST, RESUMED, FAILED = "20261129T154142Z-6fa6ef", "20261129T154202Z-5f638b", "20261129T154219Z-43b585"
READS = f"""
from spark_etl import runs
first, resumed, failed = runs["{FIRST}"], runs["{RESUMED}"], runs["{FAILED}"]
print("rows:", len(first["rates"].pandas()), len(resumed["net"].pandas()), failed.failure.inputs["raw"].rows)
"""
SHELF = "/srv/team/published"
HUB_UID, HUB_GID = 10004, 100


@pytest.fixture(scope="module")
def earlier(stack: Sandbox) -> Iterator[None]:
    """What the sample's stack had in its store and on its shelf."""
    store, containers = S3Client(stack, "sandbox-root"), Containers(stack.stack)
    files = {path.relative_to(SAMPLE / "scratch").as_posix(): path for path in (SAMPLE / "scratch").rglob("*")}
    keys = [key for key, path in files.items() if path.is_file()]
    for key in keys:
        content = files[key].read_bytes()
        store.client.put_object(bucket_name="scratch", object_name=key, data=io.BytesIO(content), length=len(content))
    shared = (path for path in (SAMPLE / "shelf").rglob("*") if path.is_file())
    notebooks = {path.relative_to(SAMPLE / "shelf").as_posix(): path.read_bytes() for path in shared}
    assert containers.run("hub", "mkdir", "-p", SHELF).exit_code == 0
    containers.one("hub").put_archive(SHELF, archive(notebooks, mode=0o644, uid=HUB_UID, gid=HUB_GID, folders=True))
    yield
    for key in keys:
        store.client.remove_object(bucket_name="scratch", object_name=key)
    containers.run("hub", "rm", "-rf", f"{SHELF}/engineer/five_rates")


@pytest.mark.usefixtures("earlier")
def test_runs_and_checkpoints_are_read(stack: Sandbox, engineer: HubClient) -> None:
    listed = stack("runs", "list", "--pipeline", "shop", "--json").json
    assert [(run["run_id"], run["status"]) for run in listed] == [
        (FAILED, "failed"),
        (RESUMED, "succeeded"),
        (FIRST, "succeeded"),
    ]
    assert "no rate" in stack("runs", "show", FAILED).out
    with engineer.kernel() as kernel:
        assert kernel.run(READS).text.strip() == "rows: 5 5 8"


@pytest.mark.usefixtures("earlier")
def test_shared_notebooks_are_on_the_shelf(engineer: HubClient) -> None:
    shelf = engineer.http.get("/services/shelf/")
    assert "Why five rates" in shelf.text
    page = engineer.http.get("/services/shelf/engineer/five_rates")
    assert page.status_code == 200
    for part in ("v2", "v1", "reproduces", FIRST):
        assert part in page.text
