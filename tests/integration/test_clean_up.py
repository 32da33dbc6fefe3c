"""`sandbox gc` and `sandbox runs rm` on real stores: what nothing needs goes, what a shared notebook reads stays."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from minio.commonconfig import CopySource
from spark_etl.storage import S3Settings, storage_for
from spark_etl.store import PinnedVersion, RunStore, StoredRun

from tests.support.s3 import S3Client, keys_of
from tests.support.sandbox import Sandbox

TEAM = "longago"
VERSION = PinnedVersion("engineer", "old_orders", 1)
UNUSED, PINNED, NEWEST = "aaaaa1", "aaaaa2", "aaaaa3"


@pytest.fixture
def store(stack: Sandbox) -> RunStore:
    """The stack's runs, with root's keys."""
    access, secret = keys_of(stack, "sandbox-root")
    return RunStore("s3a://scratch", S3Settings(f"http://127.0.0.1:{stack.port('s3')}", "us-east-1", access, secret))


@pytest.fixture
def old_runs(stack: Sandbox, store: RunStore) -> Iterator[dict[str, StoredRun]]:
    """The sample's run three times, as runs of another team months ago; one of them is pinned."""
    client, sample = S3Client(stack, "sandbox-root"), of_sample(stack)
    source = f"{sample['team']}/{sample['pipeline']}/{sample['run_id']}/"
    made = {}
    for days, suffix in ((90, UNUSED), (80, PINNED), (70, NEWEST)):
        run_id = f"{datetime.now(UTC) - timedelta(days=days):%Y%m%dT%H%M%SZ}-{suffix}"
        for key in client.keys("scratch", source):
            to = f"{TEAM}/{sample['pipeline']}/{run_id}/{key.removeprefix(source)}"
            client.client.copy_object(
                bucket_name="scratch", object_name=to, source=CopySource(bucket_name="scratch", object_name=key)
            )
        made[suffix] = store.open(TEAM, sample["pipeline"], run_id)
    pinned = made[PINNED]
    read = {"path": pinned.checkpoint_path("orders_clean"), "run": pinned.run_id, "feature": "orders_clean"}
    store.pin(VERSION, [read], "2026-01-01T00:00:00Z")
    yield made
    store.unpin(VERSION)
    storage_for("s3a://scratch", store.settings).clear(f"s3a://scratch/{TEAM}")


def of_sample(stack: Sandbox) -> dict[str, str]:
    """Returns the first run of the sample pipeline, which `up` has made."""
    filters = ["--pipeline", "revenue", "--status", "succeeded", "--limit", "1000"]
    first: dict[str, str] = stack("runs", "list", "--team", "sandbox", *filters, "--json").json[-1]
    return first


def reasons(plan: dict[str, list[dict[str, Any]]]) -> dict[str, tuple[bool, str, list[str]]]:
    """Returns the end of an old run's id → whether it goes, why, and because of what."""
    old = (run for run in plan["runs"] if f"/{TEAM}/" in run["root"])
    return {run["root"][-6:]: (run["goes"], run["reason"], run["by"]) for run in old}


def listed(stack: Sandbox) -> set[str]:
    """Returns the paths of all runs."""
    return {str(run["path"]) for run in stack("runs", "list", "--json", "--limit", "10000").json}


@pytest.mark.timeout(300)
def test_what_nothing_needs_goes_and_what_a_shared_notebook_reads_stays(
    stack: Sandbox, store: RunStore, old_runs: dict[str, StoredRun]
) -> None:
    others = listed(stack)
    upload = storage_for("s3a://scratch", store.settings)
    assert stack("gc", "--keep-last", "0", code=2).err.count("--yes") >= 1, "nobody is asked"
    planned = stack("gc", "--keep-last", "0", "--dry-run", "--json").json
    found = reasons(planned["plan"])
    assert found[UNUSED][0]
    assert found[PINNED] == (False, "pinned", ["engineer/old_orders/v1"])
    assert found[NEWEST] == (False, "newest success", [])
    assert old_runs[UNUSED].exists(), "a plan deletes nothing"

    with stack.running("gc", "--keep-last", "0", "--yes") as process:
        time.sleep(1.2)
        process.send_signal(signal.SIGKILL)
    done = stack("gc", "--keep-last", "0", "--yes", "--json").json
    assert done["result"] is not None
    assert not old_runs[UNUSED].exists()
    assert not [item for item in upload.walk(old_runs[UNUSED].root) if item.path.endswith("_manifest.json")]
    assert listed(stack) == others - {old_runs[UNUSED].root}
    for kept in (PINNED, NEWEST):
        assert "whole" in stack("runs", "verify", f"{TEAM}/revenue/{old_runs[kept].run_id}").out


@pytest.mark.timeout(300)
def test_one_run_is_removed_by_the_same_rules(stack: Sandbox, old_runs: dict[str, StoredRun]) -> None:
    refused = stack("runs", "rm", old_runs[PINNED].run_id, "--yes", code=1)
    assert "engineer/old_orders" in refused.err
    assert old_runs[PINNED].exists()
    stack("runs", "rm", old_runs[UNUSED].run_id, old_runs[NEWEST].run_id, "--yes")
    assert not old_runs[UNUSED].exists()
    assert not old_runs[NEWEST].exists()
    gone = stack("runs", "rm", old_runs[UNUSED].run_id, "--yes", code=1)
    assert old_runs[UNUSED].run_id in gone.err
