"""The run that `up` made: checkpoints one can trust, published outputs, the committer that S3 needs."""

from __future__ import annotations

from typing import Any

import pyarrow.parquet as pq
import pytest
from pyarrow.fs import S3FileSystem

from tests.support.hub import HubClient
from tests.support.s3 import S3Client, keys_of
from tests.support.sandbox import ROOT, Sandbox, until


@pytest.fixture
def store(stack: Sandbox) -> S3Client:
    """The object store as the runner sees it."""
    return S3Client(stack, "runner")


@pytest.fixture
def run(store: S3Client) -> tuple[str, dict[str, Any]]:
    """The sample run, the first of its pipeline: its folder in scratch and its run.json."""
    records = sorted(key for key in store.keys("scratch", "sandbox/revenue/") if key.endswith("/run.json"))
    assert records, store.keys("scratch")[:50]
    return records[0].removesuffix("run.json"), store.json("scratch", records[0])


def manifests(store: S3Client, folder: str) -> dict[str, dict[str, Any]]:
    keys = [key for key in store.keys("scratch", folder) if key.endswith("/_manifest.json")]
    return {key.split("/")[-2]: store.json("scratch", key) for key in keys}


def test_it_is_complete(run: tuple[str, dict[str, Any]]) -> None:
    assert run[1]["status"] == "succeeded", run[1]


def test_it_has_checkpoints_with_manifests(store: S3Client, run: tuple[str, dict[str, Any]]) -> None:
    found = manifests(store, run[0])

    assert len(found) >= 3
    for alias, manifest in found.items():
        assert manifest["rows"] > 0, alias
        assert manifest["columns"], alias


def test_the_frames_are_plain_parquet_of_as_many_rows_as_the_manifest_says(
    stack: Sandbox, store: S3Client, run: tuple[str, dict[str, Any]]
) -> None:
    files = S3FileSystem(
        access_key="runner",
        secret_key=keys_of(stack, "runner")[1],
        endpoint_override=f"http://127.0.0.1:{stack.port('s3')}",
        region="us-east-1",
    )
    for alias, manifest in manifests(store, run[0]).items():
        keys = [key for key in store.keys("scratch", f"{run[0]}{alias}/") if key.endswith(".parquet")]
        rows = sum(pq.ParquetFile(files.open_input_file(f"scratch/{key}")).metadata.num_rows for key in keys)
        assert rows == manifest["rows"], alias


def test_they_were_written_by_the_magic_committer(store: S3Client, run: tuple[str, dict[str, Any]]) -> None:
    for alias in manifests(store, run[0]):
        success = store.json("scratch", f"{run[0]}{alias}/_SUCCESS")
        assert success["committer"] == "magic", (alias, success)


def test_it_published_three_outputs(store: S3Client) -> None:
    outputs = {key.rsplit("/", 1)[0] for key in store.keys("published") if key.endswith("/_SUCCESS")}

    assert len(outputs) >= 3, outputs


def test_sandbox_runs_lists_and_shows_it(stack: Sandbox, run: tuple[str, dict[str, Any]]) -> None:
    run_id = run[0].rstrip("/").rsplit("/", 1)[-1]

    every = ("runs", "list", "--pipeline", "revenue", "--limit", "1000")

    assert run_id in [entry["run_id"] for entry in stack(*every, "--json").json]
    assert "features" in stack("runs", "show", "latest", "--json").json
    assert run_id in stack(*every).out


def test_it_has_kept_its_code_once(stack: Sandbox, store: S3Client, run: tuple[str, dict[str, Any]]) -> None:
    listed = stack("runs", "show", "latest", "--code").out
    printed = stack("runs", "show", "latest", "--code", "features/pricing.py").out

    assert "features/pricing.py" in listed
    assert printed.strip() == (ROOT / "spark/pipelines/revenue/features/pricing.py").read_text().strip()
    sha256 = run[1]["code"]["sha256"]
    pipeline = run[0].rstrip("/").rpartition("/")[0]
    assert store.keys("scratch", f"{pipeline}/_code/{sha256}") == [f"{pipeline}/_code/{sha256}.zip"]


def test_it_is_in_sparks_history(engineer: HubClient) -> None:
    """After `down` and `up`, too: test_down_and_up.py."""
    assert until(engineer.applications, within=30, what="an application in the history")
