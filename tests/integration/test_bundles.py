"""A run of another stack is replayed here: refused, trusted, executed apart from the stack, mended."""

from __future__ import annotations

import json
import re
import uuid
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from tests.integration.conftest import DATES
from tests.support.engine import Containers, client
from tests.support.s3 import S3Client
from tests.support.sandbox import Sandbox, until

CONFIG = """
pipeline: away
features:
    orders: {class: away.Orders}
    paid: {class: away.Paid}
"""
# It says what it reaches where it runs.
MODULE = '''
import os
import socket
from pathlib import Path

from pyspark.sql import functions as F
from pyspark.sql.types import DoubleType
from spark_etl import ConfiguredSparkFeature, S3PublishedSource, SparkFeature

RATES = {"EUR": 1.08, "USD": 1.0}
HOSTS = (("minio", 9000), *ADDRESSES, ("192.0.2.1", 443))


def reached():
    """Returns which hosts answer, which variables look like secrets, and which files of secrets there are."""
    found = []
    for host in HOSTS:
        try:
            socket.create_connection(host, timeout=2).close()
            found.append(host[0])
        except OSError:
            pass
    secrets = sorted(name for name in os.environ if "SECRET" in name or "TOKEN" in name)
    files = sorted(path.name for path in Path("/run/secrets").iterdir())
    packages = f"packages={len(os.listdir('/opt/packages'))} written={os.access('/opt/packages', os.W_OK)}"
    return f"reached={found} variables={secrets} files={files} user={os.environ.get('AWS_ACCESS_KEY_ID')} {packages}"


@F.udf(DoubleType())
def rate(currency):
    return RATES[currency]


class Orders(SparkFeature):
    def __init__(self):
        self.sources = {"raw": S3PublishedSource("s3a://published/PLACE/", "orders")}

    def transform(self, spark, start_date, end_date, raw):
        return raw.dropna(subset=["currency"])


class Paid(SparkFeature):
    def __init__(self):
        self.sources = {"orders": ConfiguredSparkFeature()}

    def transform(self, spark, start_date, end_date, orders):
        print(reached())
        return orders.withColumn("rate", rate("currency"))
'''


def addresses(stack: Sandbox) -> list[tuple[str, int]]:
    """Returns where services of the stack listen: looking for a name that is not known takes ten seconds."""
    ports = {"hub": 8000, "spark-master": 7077, "docker-api": 2375}
    found = []
    for service, port in ports.items():
        networks = Containers(stack.stack).one(service).attrs["NetworkSettings"]["Networks"]
        found += [(str(network["IPAddress"]), port) for network in networks.values()]
    return found


@pytest.fixture
def published(stack: Sandbox) -> str:
    """A day of orders, one of a currency that the project does not know; returns its key."""
    content = BytesIO()
    parquet.write_table(pa.table({"order_id": [1, 2, 3], "currency": ["EUR", "JPY", None]}), content)
    key = f"away-{uuid.uuid4().hex[:8]}/orders/_dt=2024-02-29/part-0.parquet"
    S3Client(stack, "runner").write("published", key, content.getvalue())
    return key


@pytest.fixture
def project(stack: Sandbox, tmp_path: Path, published: str) -> Path:
    (tmp_path / "project").mkdir()
    module = MODULE.replace("PLACE", published.partition("/")[0]).replace("ADDRESSES", str(addresses(stack)))
    (tmp_path / "project" / "away.py").write_text(module)
    (tmp_path / "project" / "feature_config.yaml").write_text(CONFIG)
    return tmp_path / "project"


@pytest.fixture
def imported(stack: Sandbox, project: Path) -> dict[str, Any]:
    """A run that has failed, exported and imported under another name; returns what the import says of it."""
    line = ["run", str(project / "feature_config.yaml"), *DATES, "--team-name", "exporter", "--checkpoint", "paid"]
    failed = stack(*line, code=5, timeout=300)
    (run,) = set(re.findall(r"\d{8}T\d{6}Z-[0-9a-f]{6}", failed.err.splitlines()[0]))
    bundle = project.parent / "run.bundle"
    taken = ["--feature", "orders,paid", "--yes-unmasked"]
    stack("export", f"s3a://scratch/exporter/away/{run}", str(bundle), *taken, timeout=120)
    name = f"elsewhere-{uuid.uuid4().hex[:8]}"
    known: dict[str, Any] = stack("import", str(bundle), "--as", name, "--json", timeout=120).json
    return known


def left_of_places(stack: Sandbox) -> list[str]:
    """Returns what is there of places in which imported code runs."""
    engine, label = client(), {"label": "sandbox.private"}
    things = [*engine.containers.list(all=True, filters=label), *engine.networks.list(filters=label)]
    things += engine.volumes.list(filters=label)
    return [str(thing.name) for thing in things if str(thing.name).startswith((f"{stack.stack}-", f"{stack.stack}_"))]


@pytest.mark.timeout(900)
@pytest.mark.waive("query fails")
def test_an_imported_run_is_replayed_in_a_place_of_its_own(
    stack: Sandbox, project: Path, imported: dict[str, Any], published: str
) -> None:
    """Refused, killed, failing in the same way, with its own sources, mended."""
    run, store = imported["path"], S3Client(stack, "runner")
    assert run.startswith("s3a://scratch/elsewhere-")
    refused = stack("replay", f"{run}/paid", code=2)
    assert "did not write: it was made elsewhere" in refused.err
    assert left_of_places(stack) == []
    stack("trust", run, "--yes")
    with stack.running("replay", f"{run}/paid") as process:
        until(lambda: left_of_places(stack), within=60, what="a place")
        process.kill()
    assert left_of_places(stack), "which the next one removes"

    before = {key: store.read("scratch", key) for key in store.keys("scratch", run.removeprefix("s3a://scratch/"))}
    same = stack("replay", f"{run}/paid", "--json", code=5, timeout=300)
    *printed, last = same.out.splitlines()
    verdict = json.loads(last)["verdict"]
    assert verdict["answer"] == "fails in the same way", same
    assert "another kind of session: classic, now local" in verdict["notes"]
    (reached,) = {line for line in printed if line.startswith("reached=")}
    assert "reached=['minio'] " in reached, "its own store, and nothing else"
    assert "variables=['AWS_SECRET_ACCESS_KEY'] files=['s3_secret_key'] user=replay" in reached
    assert left_of_places(stack) == []
    after = {key: store.read("scratch", key) for key in store.keys("scratch", run.removeprefix("s3a://scratch/"))}
    assert after == before

    S3Client(stack, "runner").write("published", published, b"something else")
    replayed = stack("replay", f"{run}/orders", "--json", timeout=300)
    verdict = json.loads(replayed.out.splitlines()[-1])["verdict"]
    assert (verdict["answer"], verdict["rows"]) == ("same rows", 2), "its sources are those that came along"

    module = project / "away.py"
    module.write_text(module.read_text().replace("RATES[currency]", "RATES.get(currency)"))
    wanted = ["--requirements", "tests/fixtures/outside_project/requirements.txt"]
    mended = stack("replay", f"{run}/paid", "--code", str(project), *wanted, "--json", timeout=300)
    verdict = json.loads(mended.out.splitlines()[-1])["verdict"]
    assert verdict["answer"] == "no longer fails", mended
    assert "packages=1 written=False" in mended.out, "its own, to be read, and none of other runs"
    assert left_of_places(stack) == []

    replays = stack("runs", "list", "--replays", "--team", run.split("/")[3], "--json").json
    assert sorted(row["kind"] for row in replays) == ["imported", "replay", "replay", "replay"]
    kept = next(row for row in replays if row["kind"] == "replay")  # the newest: it has rows
    shown = stack("runs", "show", kept["name"]).out
    assert "paid" in shown
    assert "whole" in stack("runs", "verify", kept["name"]).out, "it came through the checks of an import"
    assert "was made elsewhere" in stack("replay", kept["name"], code=2).err, "what it carries is trusted no more"
