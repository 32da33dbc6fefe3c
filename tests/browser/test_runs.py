"""The page of runs: a run is watched from its start to its failure, and debugged by a click; another is stopped."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect
from spark_etl.storage import S3Settings
from spark_etl.store import StoredRun

from tests.browser.axe import violations
from tests.browser.conftest import CONTEXT_OPTIONS, new_page
from tests.browser.lab import SHOWN, SPAWN_MS, fill_in_login, see
from tests.integration.conftest import DATES
from tests.support.runs import run_writer
from tests.support.s3 import keys_of
from tests.support.sandbox import Sandbox

COLLEAGUE = "dora"
RUN_MS, STOP_MS = 120_000, 60_000
MODULE = '''"""Slow at first, and then wrong."""

import time

from spark_etl import ConfiguredSparkFeature, SparkFeature


def rate(currency):
    return {"USD": 1}[currency]


class Slow(SparkFeature):
    def transform(self, spark, start_date, end_date):
        time.sleep(SECONDS)
        return spark.range(10)


class Broken(SparkFeature):
    def __init__(self):
        self.sources = {"slow": ConfiguredSparkFeature()}

    def transform(self, spark, start_date, end_date, slow):
        return slow.withColumn("rate", rate("CHF"))
'''
CONFIG = """
pipeline: watched
features:
    slow: {class: watched.Slow}
    broken: {class: watched.Broken}
"""


def write_project(folder: Path, seconds: int) -> str:
    """Writes a project whose first feature takes some seconds, and returns its config."""
    folder.mkdir()
    (folder / "watched.py").write_text(MODULE.replace("SECONDS", str(seconds)))
    (folder / "feature_config.yaml").write_text(CONFIG)
    return str(folder / "feature_config.yaml")


@pytest.fixture
def visitor(browser: Browser, stack: Sandbox) -> Iterator[Page]:
    """The engineer, on a page that axe may look at; their server is left as it is."""
    with browser.new_context(**CONTEXT_OPTIONS, bypass_csp=True) as context:  # type: ignore[arg-type]
        page = new_page(context)
        log_in_at_runs(page, stack, "engineer", stack.password("engineer"))
        yield page


@pytest.fixture
def colleague(browser: Browser, stack: Sandbox) -> Iterator[Page]:
    """Somebody else, without a server."""
    stack("users", "add", COLLEAGUE, "--generate")
    with browser.new_context(**CONTEXT_OPTIONS) as context:  # type: ignore[arg-type]
        page = new_page(context)
        log_in_at_runs(page, stack, COLLEAGUE, stack("users", "show", COLLEAGUE).out.strip())
        yield page
    stack("users", "remove", COLLEAGUE, "--home", "--yes")


def log_in_at_runs(page: Page, stack: Sandbox, user: str, password: str) -> None:
    page.goto(f"http://127.0.0.1:{stack.port('hub')}/hub/login?next=/services/runs/")
    fill_in_login(page, user, password)
    expect(page.get_by_role("heading", name="Runs")).to_be_visible()


def stay(page: Page) -> None:
    """Marks the page that is shown: another one, or the same loaded again, has no such mark."""
    page.evaluate("() => { window.stayed = true }")


def has_stayed(page: Page) -> bool:
    return bool(page.evaluate("() => window.stayed === true"))


@pytest.mark.timeout(600)
def test_from_its_start_to_the_debug_notebook(
    visitor: Page, colleague: Page, stack: Sandbox, tmp_path: Path, screenshots: Path
) -> None:
    config = write_project(tmp_path / "watched", 8)
    stay(visitor)
    with stack.running("run", config, *DATES, "--team-name", "watchers", "--checkpoint", "slow,broken"):
        row = visitor.get_by_role("row", name="watchers/watched").first
        expect(row).to_contain_text("running", timeout=RUN_MS)
        assert has_stayed(visitor)
        see(visitor, screenshots / "runs.png")
        row.get_by_role("link").first.click()
        status = visitor.get_by_role("status")
        expect(status).to_have_text("running")
        stay(visitor)
        expect(visitor.get_by_role("link", name="Stop")).to_be_visible()
        expect(visitor.get_by_role("row", name="slow")).to_contain_text("succeeded", timeout=RUN_MS)
        expect(status).to_have_text("failed", timeout=RUN_MS)
    expect(visitor.get_by_role("region", name="Log")).to_contain_text("failed after", timeout=30_000)
    assert has_stayed(visitor)
    run = visitor.url
    see(visitor, screenshots / "run.png")
    assert not violations(visitor)

    visitor.locator(".note").get_by_role("link", name="broken").click()
    expect(visitor.locator(".lines .here").last).to_have_text('    return {"USD": 1}[currency]')
    see(visitor, screenshots / "run-feature.png")
    assert not violations(visitor)
    what_a_colleague_sees(colleague, stack, run)
    visitor.goto(f"http://127.0.0.1:{stack.port('hub')}/services/runs/?q=private_shop")
    expect(visitor.get_by_text("your own", exact=True).first).to_be_visible()
    at_480_pixels(visitor, run)

    visitor.goto(run)
    visitor.get_by_role("link", name="Debug broken").click()
    visitor.wait_for_url("**/lab/tree/debug/watched/*-broken.ipynb**", timeout=SPAWN_MS)
    expect(visitor.locator(f"{SHOWN} .jp-MarkdownOutput").first).to_contain_text("KeyError: 'CHF'", timeout=60_000)


def what_a_colleague_sees(page: Page, stack: Sandbox, run: str) -> None:
    """Somebody else sees the team's run, and nothing of the engineer's own."""
    page.reload()
    expect(page.get_by_role("row", name="watchers/watched").first).to_contain_text("failed")
    page.goto(run)
    expect(page.get_by_role("status")).to_have_text("failed")
    own = run_of_engineer(stack)
    answer = page.goto(f"http://127.0.0.1:{stack.port('hub')}/services/runs/{own}")
    assert answer is not None
    assert answer.status == 404
    page.goto(f"http://127.0.0.1:{stack.port('hub')}/services/runs/?q=private_shop")
    expect(page.get_by_text("No run matches.")).to_be_visible()


def run_of_engineer(stack: Sandbox) -> str:
    """Returns the path of a run that lies below the engineer's own prefix."""
    path = f"users/engineer/private_shop/{datetime.now(UTC):%Y%m%dT%H%M%SZ}-aaaaaa"
    access, secret = keys_of(stack, "sandbox-root")
    settings = S3Settings(f"http://127.0.0.1:{stack.port('s3')}", "us-east-1", access, secret)
    writer = run_writer(StoredRun(f"s3a://scratch/{path}", settings), {"by": {"user": "engineer"}})
    writer.end("succeeded")
    return path


def at_480_pixels(page: Page, run: str) -> None:
    """All of a run is in view on a phone."""
    page.set_viewport_size({"width": 480, "height": 900})
    for path in (run, f"{run}/features/broken", f"{run}/code"):
        page.goto(path)
        assert page.evaluate("() => document.documentElement.scrollWidth") <= 480, path
    page.set_viewport_size(CONTEXT_OPTIONS["viewport"])  # type: ignore[arg-type]


@pytest.mark.timeout(300)
def test_a_run_is_stopped(engineers: Page, stack: Sandbox, tmp_path: Path) -> None:
    config = write_project(tmp_path / "endless", 600)
    pages = stack("status", "--json").json["links"]["runs"]
    with stack.running("run", config, *DATES, "--team-name", "stoppers", "--checkpoint", "slow", "--json") as process:
        engineers.goto(pages)
        row = engineers.get_by_role("row", name="stoppers/watched").filter(has_text="running").first
        row.get_by_role("link").first.click(timeout=RUN_MS)
        engineers.get_by_role("link", name="Stop").click()
        engineers.get_by_role("button", name="Stop it").click()
        expect(engineers.get_by_role("status")).to_have_text("interrupted", timeout=STOP_MS)
        expect(engineers.locator(".note")).to_contain_text("stopped by engineer, on the page of runs")
        assert process.wait(60) == 130
    assert httpx.get(engineers.url, follow_redirects=False).status_code == 302, "only who is logged in sees it"
