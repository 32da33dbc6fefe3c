"""From the last line of a failed run to a proven fix, and to the colleague who opens it; and from a wrong number."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import CONTEXT_OPTIONS, new_page
from tests.browser.lab import SHOWN, SPAWN_MS, log_in_as, run_all, take_picture, wait_for_kernel
from tests.integration.conftest import DATES
from tests.support.sandbox import ROOT, Done, Sandbox

SAMPLE = ROOT / "spark" / "pipelines" / "revenue"
COLLEAGUE = "carol"
SHARE_MS = 180_000
KEPT = "exchange_rates, orders_clean, orders_in_usd, discounts, orders_with_contract, discounted_orders"
# Loses the rate of the Japanese yen, and then gives the money of refunds to the customer's debt.
NO_YEN = '.where("usd_per_unit > 0.01")'
PLANTED = {
    '"currency", "_dt", "usd_per_unit")': f'"currency", "_dt", "usd_per_unit"){NO_YEN}',
    '"refund", -1)': '"refund", 1)',
}


@dataclass(frozen=True)
class Shop:
    """The revenue pipeline with two mistakes in one module.

    Attributes:
        folder: The project.
        stack: Where it runs.
    """

    folder: Path
    stack: Sandbox

    def run(self, *more: str, code: int = 0) -> Done:
        """Runs it; nothing is published."""
        line = ["run", str(self.folder / "feature_config.yaml"), *DATES, "--team-name", "shop", "--checkpoint", KEPT]
        line += more
        return self.stack(*line, code=code, timeout=300)

    def apply(self, page: Page) -> Done:
        """Takes the fix of an open notebook home, by the address of its page."""
        page.keyboard.press("Control+s")
        expect(page.locator(".lm-DockPanel .lm-TabBar-tab.lm-mod-current.jp-mod-dirty")).to_have_count(0)
        return self.stack("debug", "--apply", page.url, "--project", str(self.folder), "--yes")

    @property
    def pricing(self) -> str:
        """The module with the mistakes."""
        return (self.folder / "features" / "pricing.py").read_text()


@pytest.fixture
def shop(tmp_path: Path, stack: Sandbox) -> Shop:
    """The sample's code, with mistakes."""
    folder = tmp_path / "shop"
    shutil.copytree(SAMPLE / "features", folder / "features", ignore=shutil.ignore_patterns("__pycache__"))
    config = (SAMPLE / "feature_config.yaml").read_text()
    above, _, _ = config.partition("    net_orders:\n")  # what comes below takes half of a run's time
    (folder / "feature_config.yaml").write_text(above)
    module = folder / "features" / "pricing.py"
    text = module.read_text()
    for right, wrong in PLANTED.items():
        assert text.count(right) == 1
        text = text.replace(right, wrong)
    module.write_text(text)
    return Shop(folder, stack)


@pytest.fixture
def colleague(browser: Browser, stack: Sandbox) -> Iterator[Page]:
    """A page of somebody else, logged in."""
    stack("users", "add", COLLEAGUE, "--generate")
    with browser.new_context(**CONTEXT_OPTIONS) as context:  # type: ignore[arg-type]
        page = new_page(context)
        log_in_as(page, stack, COLLEAGUE, stack("users", "show", COLLEAGUE).out.strip())
        yield page
    stack("users", "remove", COLLEAGUE, "--home", "--yes")


@pytest.mark.timeout(1200)
def test_from_the_last_line_to_the_proven_fix(engineers: Page, colleague: Page, shop: Shop, screenshots: Path) -> None:
    """A failure, and then the wrong number that the failure had hidden."""
    right = (SAMPLE / "features" / "pricing.py").read_text()
    failed = shop.run(code=5)
    (link,) = re.findall(r"http://\S+/sandbox/debug/open\?run=\S+", failed.err)
    first = path_of(failed)
    engineers.goto(link)
    opened(engineers, f"{first}-orders_in_usd")
    expect(engineers.locator(f"{SHOWN} .jp-MarkdownOutput").first).to_contain_text(
        "no exchange rate for JPY on 2024-02-29"
    )
    type_into(cell(engineers, NO_YEN), NO_YEN, "")
    run_all(engineers)
    expect(output(engineers, "debug.replay_and_compare()")).to_contain_text("no longer fails")
    expect(output(engineers, "debug.save_patch()")).to_contain_text("-        rates = F.broadcast(exchange_rates")
    take_picture(engineers, cell(engineers, "rates = F.broadcast"), screenshots / "debug-notebook.png")

    shop.apply(engineers)
    assert NO_YEN not in shop.pricing
    wrong = shop.run("--resume", first)
    found = shop.stack("diff", first, path_of(wrong), "--json", code=1).json
    assert found["first"] == ["orders_in_usd"]
    assert "OrdersInUsd" in str(found["features"]["orders_in_usd"]["causes"])

    link = shop.stack("debug", f"{path_of(wrong)}/discounted_orders").out.strip()
    engineers.goto(link)
    opened(engineers, f"{path_of(wrong)}-discounted_orders")
    type_into(cell(engineers, '"refund", 1)'), '"refund", 1)', '"refund", -1)')
    run_all(engineers)
    verdict = output(engineers, "debug.replay_and_compare()")
    expect(verdict).to_contain_text("other rows")
    shop.apply(engineers)
    assert shop.pricing == right

    page = share(engineers)
    colleague.goto(page)
    colleague.get_by_role("link", name="Open in my server").click()
    colleague.wait_for_url(f"**/user/{COLLEAGUE}/lab/tree/notebooks/shared/**", timeout=SPAWN_MS)
    expect(colleague.locator(".jp-Notebook .jp-CodeCell").first).to_be_visible(timeout=90_000)
    expect(output(colleague, "debug.replay_and_compare()")).to_contain_text("other rows")


def path_of(run: Done) -> str:
    """Returns the id of a run."""
    (found,) = set(re.findall(r"s3a://scratch/shop/revenue/(\d{8}T\d{6}Z-[0-9a-f]{6})$", run.err, re.MULTILINE))
    return str(found)


def opened(page: Page, name: str) -> None:
    """Waits until the notebook that a link leads to is there, with its kernel."""
    page.wait_for_url(f"**/lab/tree/debug/revenue/{name}.ipynb**", timeout=SPAWN_MS)
    expect(page.locator(f"{SHOWN} .jp-CodeCell").first).to_be_visible(timeout=60_000)
    wait_for_kernel(page)


def cell(page: Page, text: str) -> Locator:
    """Returns the code cell with a text."""
    return page.locator(f"{SHOWN} .jp-CodeCell", has=page.locator(".cm-content", has_text=text)).first


def type_into(where: Locator, old: str, new: str) -> None:
    """Replaces a text of a cell, as a person does who writes the cell anew."""
    where.scroll_into_view_if_needed()
    where.locator(".cm-content").click()
    expect(where.locator(".cm-line").first).to_be_visible()  # JupyterLab draws an editor when it is needed
    text = "\n".join(where.locator(".cm-line").all_inner_texts())
    assert old in text
    where.page.keyboard.press("Control+a")
    where.page.keyboard.insert_text(text.replace(old, new))


def output(page: Page, text: str) -> Locator:
    """Returns what the cell with a text shows."""
    return cell(page, text).locator(".jp-Cell-outputArea")


def share(page: Page) -> str:
    """Shares the open notebook, and returns the link of its page."""
    page.get_by_role("button", name="Share with the team").click()
    asked = page.locator(".jp-Dialog", has_text="everybody with an account on this hub")
    asked.get_by_role("button", name="Share with the team").click()
    toast = page.locator(".Toastify__toast", has_text="version 1")
    expect(toast).to_be_visible(timeout=SHARE_MS)
    with page.context.expect_page() as shown:
        toast.get_by_role("button", name="Show").click()
    url = shown.value.url
    shown.value.close()
    return url
