"""From a failure to its cause, and on from there: what docs/failures.md, resume.md and samples.md promise."""

from __future__ import annotations

import json
import re
import uuid
from pathlib import Path

import pytest

from tests.integration.conftest import DATES, SAMPLE, ContendedRun
from tests.support.hub import HubClient
from tests.support.s3 import S3Client
from tests.support.sandbox import Sandbox, until

CONFIG = """
pipeline: broken
features:
    orders: {class: broken.Orders}
    paid: {class: broken.Paid}
publish:
    s3:
        - paid: {path: broken/paid, overwrite: True}
"""
MODULE = """
from pyspark.sql import functions as F
from pyspark.sql.types import DoubleType
from spark_etl import ConfiguredSparkFeature, S3PublishedSource, SparkFeature

RATES = {"EUR": 1.08, "USD": 1.0}


@F.udf(DoubleType())
def rate(currency):
    return RATES[currency]


class Orders(SparkFeature):
    def __init__(self):
        self.sources = {"raw": S3PublishedSource("s3a://published/", "orders", select_cols=["order_id", "currency"])}

    def transform(self, spark, start_date, end_date, raw):
        return raw.dropna(subset=["currency"])


class Paid(SparkFeature):
    def __init__(self):
        self.sources = {"orders": ConfiguredSparkFeature()}

    def transform(self, spark, start_date, end_date, orders):
        return orders.withColumn("rate", rate("currency"))
"""


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A project whose second feature knows too few currencies; returns its config."""
    (tmp_path / "broken.py").write_text(MODULE)
    config = tmp_path / "feature_config.yaml"
    config.write_text(CONFIG)
    return config


def mails(client: HubClient, address: str) -> list[str]:
    """Returns what the mailbox holds for an address."""
    answer = client.http.get("/services/ui/mail/api/email")
    assert answer.status_code == 200, answer.text[:500]
    return [json.dumps(mail) for mail in answer.json() if address in json.dumps(mail)]


@pytest.mark.timeout(900)
@pytest.mark.waive("query fails")
def test_a_failure_is_opened_mended_and_gone_on_from(stack: Sandbox, engineer: HubClient, broken: Path) -> None:
    """By mail, too: of the failure, and of the run that works again."""
    address = f"{uuid.uuid4().hex}@example.com"
    line = ["run", str(broken), *DATES, "--team-name", "looked", "--notify-email", address, "--checkpoint", "orders"]
    failed = stack(*line, code=5, timeout=300, cwd=broken.parent)
    assert "feature `paid` failed: KeyError: " in failed.err
    (following,) = [line for line in failed.err.splitlines() if line.startswith("  next: ")][-1:]
    assert re.match(rf"  next: \S*/sandbox --stack {stack.stack} debug ", following)
    opening = f"from spark_etl import runs; runs['{following.split()[-1]}'].failure"
    (mail,) = until(lambda: mails(engineer, address), within=20, what=f"a mail to {address}")
    assert "[looked] broken failed" in mail
    assert "KeyError" in mail
    assert f"sandbox/debug/open?run={following.split()[-1]}" in mail

    with engineer.kernel() as kernel:
        shown = kernel.run(opening).text
        assert "paid failed: KeyError: " in shown
        assert "return RATES[currency]" in shown
        kernel.run("from spark_etl import runs; failure = runs.latest('broken').failure")
        missing = kernel.run(
            "orders = failure.inputs['orders']\n"
            "print(sorted(set(orders.sql('select distinct currency from this')['currency']) - {'EUR', 'USD'}))"
        ).text
        assert "JPY" in missing
        profile = kernel.run("print(orders.profile())").text
        assert "order_id" in profile

    name = following.split()[-1]
    mended_in_its_notebook(stack, engineer, name, broken.parent)
    proven = stack("replay", f"{name}/paid", "--code", str(broken.parent), "--json", timeout=300)
    assert proven.json["verdict"]["answer"] == "no longer fails", proven
    assert re.search(r"orders +reused: its checkpoint in run", proven.err), "nothing above it is computed"
    assert name not in [run["name"] for run in stack("runs", "list", "--json").json if run["kind"] == "replay"]
    mended = stack(*line, "--resume", "latest", timeout=300)
    assert "orders  reused: as in run" in mended.err
    assert "paid    recomputed: " in mended.err
    with engineer.kernel() as kernel:
        kernel.run("from spark_etl import runs")
        kernel.run(f"diff = runs['{name}'].diff('latest')")
        assert "('paid',) different" in kernel.run("print(diff.first, diff.answer)").text
        assert "They part at" in str(kernel.run("diff").text)
    until(lambda: len(mails(engineer, address)) == 2, within=20, what="a second mail")
    assert any("[looked] broken works again" in mail for mail in mails(engineer, address))
    (ended,) = re.findall(r"succeeded after .*: s3a://scratch/looked/broken/(\S+)", mended.err)
    where_they_part(stack, name, ended, proven.json["path"])


def mended_in_its_notebook(stack: Sandbox, engineer: HubClient, run: str, project: Path) -> None:
    """Opens a failed run's debug notebook by the link, mends a helper's file beside it, and takes the fix home."""
    engineer.stop_server()
    opened = stack("debug", run, "--json").json
    assert (opened["state"], opened["feature"], opened["trusted"]) == ("new", "paid", True)
    page = engineer.http.get(f"/hub/user-redirect/sandbox/debug/open?run={run}", follow_redirects=True)
    assert page.url.path.endswith(f"/lab/tree/{opened['path']}"), "the same notebook, however it is opened"

    cells, helper = engineer.code_cells(opened["path"]), f"/contents/{opened['folder']}/broken.py"
    text = engineer.lab("GET", helper).json()["content"]
    with engineer.kernel() as kernel:
        at = next(index for index, source in enumerate(cells) if source.startswith("result = "))
        for source in cells[: at + 1]:
            kernel.run(source)
        assert "KeyError" in kernel.run("result.collect()", check=False).error
        body = {"type": "file", "format": "text", "content": text.replace("RATES[currency]", "RATES.get(currency)")}
        assert engineer.lab("PUT", helper, json=body).status_code == 200
        kernel.run(cells[at])
        assert "rate=None" in kernel.run("print(result.where('rate is null').limit(1).collect())").stdout
        assert "no longer fails" in kernel.run("replay = debug.replay_and_compare(); print(replay)").text
        assert "users/engineer/" in kernel.run("print(replay.run.name)").text, "in a process of the user's own"
    applied = stack("debug", "--apply", opened["path"], "--project", str(project), "--yes")
    assert "+    return RATES.get(currency)" in applied.err + applied.out
    assert "return RATES.get(currency)" in (project / "broken.py").read_text()


@pytest.mark.timeout(300)
def test_a_breakpoint_stops_in_a_helper_of_the_project(stack: Sandbox, engineer: HubClient) -> None:
    """By the protocol that JupyterLab's debugger speaks: in the real file beside the notebook."""
    newest = stack("runs", "list", "--pipeline", "revenue", "--status", "succeeded", "--no-users", "--json").json[0]
    opened = stack("debug", f"{newest['name']}/discounted_orders", "--json").json
    file = f"{opened['folder']}/features/discount_rules.py"
    lines = engineer.lab("GET", f"/contents/{file}").json()["content"].splitlines()
    (line,) = [number for number, text in enumerate(lines, 1) if text.startswith("    valid = ")]
    setup = engineer.code_cells(opened["path"])[0]
    with engineer.kernel() as kernel:
        kernel.run(setup)
        kernel.debug("initialize", adapterID="", clientID="test", linesStartAt1=True, pathFormat="path")
        kernel.debug("attach")
        where = {"path": f"/home/engineer/{file}"}
        kernel.debug("setBreakpoints", source=where, breakpoints=[{"line": line}], sourceModified=False)
        kernel.debug("configurationDone")
        cell = kernel.start(
            "from decimal import Decimal; from features.discount_rules import discounted\n"
            "discounted(Decimal(100), [('volume', Decimal(10), True)])"
        )
        thread = kernel.wait_for_stop(timeout=60)
        top = kernel.debug("stackTrace", threadId=thread)["stackFrames"][0]
        assert (top["name"], top["line"], top["source"]["path"]) == ("percent_off", line, where["path"])
        kernel.debug("continue", threadId=thread)
        assert "95.00" in kernel.finish(cell, timeout=60).text


def where_they_part(stack: Sandbox, failed: str, mended: str, replay: str) -> None:
    """Compares a failed run with the one that goes on from it, and that one with a replay, when its rows are gone, too.

    Args:
        stack: With these runs.
        failed: The run that failed.
        mended: The run that goes on from it, which is the latest of its pipeline.
        replay: The path of the replay of `paid` by the mended code.
    """
    found = stack("diff", failed, "latest", "--json", code=1).json
    assert (found["answer"], found["first"]) == ("different", ["paid"])
    (cause,) = found["features"]["paid"]["causes"]
    assert cause["kind"] == "code"
    assert "broken.rate" in cause["text"], cause
    assert "+    return RATES.get(currency)" in cause["text_diff"]

    same = stack("diff", mended, replay).out
    assert same.startswith("A and B are the same. The rows of 2 features are the same."), "as published, of one of them"
    store = S3Client(stack, "runner")
    for key in store.keys("published", "broken/"):
        store.client.remove_object(bucket_name="published", object_name=key)
    computed = stack("diff", mended, replay, "--feature", "paid", "--compute", "--json", timeout=300).json
    paid = computed["features"]["paid"]
    assert (paid["state"], paid["computed"]) == ("same", ["A"]), paid

    published = stack("diff", mended, "s3a://published/orders", "--feature", "orders", code=1)
    assert "columns only in B" in published.out, "whose store is that of the stack"


@pytest.mark.timeout(900)
@pytest.mark.waive("spark peers gone")
def test_a_run_goes_on_from_the_one_before(
    engineer: HubClient, runner_store: S3Client, contended_run: ContendedRun
) -> None:
    """It also publishes over what is there; no mail is sent when a success follows a success."""
    assert contended_run.exit_code == 0, contended_run.rest
    said = contended_run.run + contended_run.rest
    for name in ("orders_clean", "orders_in_usd"):
        assert re.search(rf"{name} +reused: as in run", said), said
    assert not mails(engineer, contended_run.address)
    for output in ("by_customer_day", "by_plan", "top_customers"):
        names = [key.rpartition("/")[2] for key in runner_store.keys("published", f"revenue/{output}/")]
        rest = [name for name in names if not name.startswith("part-")]
        assert [name.partition("-")[0] for name in rest] == ["_SUCCESS", "_output"], "and nothing of the way there"


@pytest.mark.timeout(900)
def test_a_small_run_publishes_nothing(stack: Sandbox, runner_store: S3Client) -> None:
    """Of the rows in a file of keys; a share of all keys: tests/spark/test_sampling.py."""
    before = runner_store.keys("published", "")
    keys = ["--keys", "spark/pipelines/revenue/keys.csv"]
    done = stack("run", SAMPLE, *DATES, "--team-name", "small", *keys, timeout=400)
    assert "a sample: the rows of" in done.err
    assert runner_store.keys("published", "") == before
    (made, *_) = stack("runs", "list", "--team", "small", "--json").json
    run = stack("runs", "show", made["name"], "--json").json
    rows_of = {alias: feature["rows"] for alias, feature in run["features"].items() if feature.get("bytes") is not None}
    assert rows_of, done
    assert max(rows_of.values()) < 10_000


@pytest.fixture
def runner_store(stack: Sandbox) -> S3Client:
    """The object store as the runner sees it."""
    return S3Client(stack, "runner")
