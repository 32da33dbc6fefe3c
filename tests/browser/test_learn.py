"""Lesson 1 as a new hire does it: from the hub's first page, by clicks and typing, to a fix that is proven."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.axe import violations
from tests.browser.conftest import CONTEXT_OPTIONS, new_page
from tests.browser.lab import SHOWN, SPAWN_MS, fill_in_login, run_all, see, take_picture, wait_for_kernel
from tests.browser.test_debug import cell, output, type_into
from tests.support.sandbox import Sandbox

NEW_HIRE = "newhire"
START_MS, CHECK_MS = 240_000, 240_000
FEATURE = "priced_orders"
ROWS = "order_id in (select order_id from this group by order_id having count(*) > 1)"
ON_ITS_DAY = '.where((orders["ordered_on"] >= F.col("valid_from")) & (orders["ordered_on"] < F.col("valid_to")))'


@pytest.fixture
def new_hire(browser: Browser, stack: Sandbox) -> Iterator[Page]:
    """A page of somebody who has an account, and has never had a server."""
    stack("users", "add", NEW_HIRE, "--generate")
    password = stack("users", "show", NEW_HIRE).out.strip()
    with browser.new_context(**CONTEXT_OPTIONS) as context:  # type: ignore[arg-type]
        page = new_page(context)
        page.goto(f"http://127.0.0.1:{stack.port('hub')}/hub/login?next=/hub/home")
        fill_in_login(page, NEW_HIRE, password)
        page.wait_for_url("**/hub/home")
        yield page
    stack("users", "remove", NEW_HIRE, "--home", "--yes")


@pytest.mark.timeout(1200)
def test_lesson_1_by_clicking_and_typing(new_hire: Page, stack: Sandbox, screenshots: Path) -> None:
    page = new_hire
    page.get_by_role("link", name="Learn", exact=True).click()
    page.wait_for_url(f"**/user/{NEW_HIRE}/sandbox/learn", timeout=SPAWN_MS)
    lessons = page.url
    expect(page.get_by_role("heading", name="Lessons")).to_be_visible()
    assert not violations(page)

    page.get_by_role("button", name="Start lesson 1").click()
    said = page.get_by_role("status")
    expect(said).to_contain_text("Ticket: revenue of February is too high", timeout=START_MS)
    see(page, screenshots / "learn.png")
    assert not violations(page)

    page.get_by_label("Feature whose code is wrong").fill("revenue_by_day")
    page.get_by_role("button", name="Check lesson 1").click()
    expect(said).to_contain_text("what it reads is wrong already: priced_orders", timeout=CHECK_MS)
    expect(said).to_contain_text("No fix is looked at without them")
    page.get_by_role("button", name="Hint for lesson 1").click()
    expect(said).to_contain_text("hint 1 of 4", timeout=60_000)
    expect(page.get_by_label("Feature whose code is wrong")).to_have_value("revenue_by_day")

    page.get_by_role("link", name="Open the notebook of lesson 1").click()
    page.wait_for_url("**/lab/tree/learn/1/lesson.ipynb**", timeout=SPAWN_MS)
    expect(page.locator(f"{SHOWN} .jp-CodeCell").first).to_be_visible(timeout=90_000)
    wait_for_kernel(page)
    notebook = page.url
    type_into(cell(page, 'learn.feature("")'), '""', f'"{FEATURE}"')
    type_into(cell(page, 'learn.rows("")'), '""', f'"{ROWS}"')
    run_all(page)
    verdict = output(page, "learn.check()")
    expect(verdict).to_contain_text("rows: right", timeout=CHECK_MS)
    expect(verdict).to_contain_text("the project is as it came")
    save(page)

    page.goto(notebook.replace("lesson.ipynb", "features/pricing.py"))
    line = page.locator(".jp-FileEditor .cm-line", has_text="orders.join(")
    line.click(timeout=60_000)
    page.keyboard.press("End")
    page.keyboard.insert_text(ON_ITS_DAY)
    expect(line).to_contain_text("valid_from")
    save(page)

    page.goto(notebook)
    expect(page.locator(f"{SHOWN} .jp-CodeCell").first).to_be_visible(timeout=60_000)
    wait_for_kernel(page)
    run_all(page)
    expect(verdict).to_contain_text("solved", timeout=CHECK_MS)
    expect(verdict).to_contain_text("never returns")
    take_picture(page, cell(page, "learn.check()"), screenshots / "learn-notebook.png")

    page.goto(lessons)
    expect(page.get_by_role("region", name="1. Revenue that is too high")).to_contain_text("solved")
    (row, *_) = stack("learn", "list", "--user", NEW_HIRE, "--json").json["lessons"]
    assert (row["state"], row["hints"]) == ("solved", 1)


def save(page: Page) -> None:
    """Saves what is open, and waits until it is on disk."""
    page.keyboard.press("Control+s")
    expect(page.locator(".lm-DockPanel .lm-TabBar-tab.lm-mod-current.jp-mod-dirty")).to_have_count(0)
