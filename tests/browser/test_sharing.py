"""The third step of the workflow: ada's analysis, re-opened by bob with a link, and it stays when ada has gone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import CONTEXT_OPTIONS, new_page
from tests.browser.lab import (
    SPAWN_MS,
    log_in_as,
    open_notebook,
    outputs,
    run_all,
    see,
)
from tests.support.sandbox import Sandbox

NOTEBOOK = "02_reading_a_checkpoint"
SHARE_MS = 180_000


@pytest.fixture(scope="module")
def people(stack: Sandbox) -> Iterator[dict[str, str]]:
    """Ada and bob, with their passwords."""
    names = ("ada", "bob")
    for name in names:
        stack("users", "add", name, "--generate")
    yield {name: stack("users", "show", name).out.strip() for name in names}
    known = {account["name"] for account in stack("users", "list", "--json").json}
    for name in known & set(names):
        stack("users", "remove", name, "--home", "--yes")


@pytest.fixture
def pages(browser: Browser, people: dict[str, str], stack: Sandbox) -> Iterator[dict[str, Page]]:
    """A browser for each of them, logged in."""
    contexts = {name: browser.new_context(**CONTEXT_OPTIONS) for name in people}  # type: ignore[arg-type]
    pages = {}
    for name, context in contexts.items():
        pages[name] = new_page(context)
        log_in_as(pages[name], stack, name, people[name])
    yield pages
    for context in contexts.values():
        context.close()


@pytest.mark.disrupts
@pytest.mark.timeout(1200)
def test_a_colleague_reopens_the_analysis(pages: dict[str, Page], stack: Sandbox, screenshots: Path) -> None:
    ada, bob = pages["ada"], pages["bob"]
    open_notebook(ada, stack, "ada", f"notebooks/{NOTEBOOK}.ipynb")
    run_all(ada)
    hers = outputs(ada)
    link = share(ada, screenshots)

    shelf = f"http://127.0.0.1:{stack.port('hub')}/services/shelf/"
    bob.goto(shelf)
    see(bob, screenshots / "shelf.png")
    bob.get_by_label("Title, author, run, feature or verdict").fill("ada reading not pinned")
    bob.get_by_role("button", name="Search").click()
    expect(bob.get_by_role("row")).to_have_count(2)
    bob.get_by_role("link", name="Reading a checkpoint").click()
    assert bob.url == link
    expect(bob.get_by_role("main")).to_contain_text("its results do not rest on named runs alone")
    expect(bob.get_by_role("cell", name="unchanged").first).to_be_visible()
    the_page_has_the_notebook(bob)
    bob.get_by_role("heading", name="Verdict").scroll_into_view_if_needed()
    see(bob, screenshots / "shelf-notebook.png")

    opened(bob)
    shows(bob, hers)
    run_all(bob)
    shows(bob, hers)
    saves(bob)
    bob.goto(link)
    opened(bob)
    expect(bob.locator(".Toastify__toast", has_text="You have changed or run it since")).to_be_visible()

    stack("users", "remove", "ada", "--home", "--yes")
    stack("down")
    stack("up", "--no-sample", "--no-smoke-test")
    bob.goto(link)
    expect(bob.get_by_role("main")).to_contain_text("runs, not pinned")
    opened(bob)
    shows(bob, hers)


def shows(page: Page, wanted: list[str]) -> None:
    """Waits until the open notebook shows what is wanted; JupyterLab draws it bit by bit."""
    for _ in range(100):
        if outputs(page) == wanted:
            return
        page.wait_for_timeout(200)
    assert outputs(page) == wanted


def share(page: Page, screenshots: Path) -> str:
    """Presses the button, waits for the verdict, and returns the link."""
    page.get_by_role("button", name="Share with the team").click()
    asked = page.locator(".jp-Dialog", has_text="everybody with an account on this hub")
    for expected in (
        "ada/02_reading_a_checkpoint, version",
        "code cells have some",
        "discounted_orders of ",
        'To pin it, write runs["',
    ):
        expect(asked).to_contain_text(expected)
    asked.get_by_role("button", name="Share with the team").click()
    toast = page.locator(".Toastify__toast", has_text=f"{NOTEBOOK}.ipynb, version")
    expect(toast).to_be_visible(timeout=SHARE_MS)
    see(page, screenshots / "share.png")
    expect(toast).to_contain_text(re.compile(r"version \d+: runs, not pinned"))
    with page.context.expect_page() as shown:
        toast.get_by_role("button", name="Show").click()
    url = shown.value.url
    shown.value.close()
    assert re.search(rf"/services/shelf/ada/{NOTEBOOK}$", url)
    return url


def the_page_has_the_notebook(page: Page) -> None:
    """Looks at the frame: cells, tables, pictures, and nothing that runs."""
    cells = page.frame_locator("iframe")
    expect(cells.get_by_role("heading", name="Which run?")).to_be_visible()
    assert cells.locator("table").count() > 1
    assert cells.locator("img[src^='data:image/png']").count() > 0


def opened(page: Page) -> None:
    """Follows the link of a notebook's page into one's own server, where a copy is opened."""
    page.get_by_role("link", name="Open in my server").click()
    page.wait_for_url(f"**/user/bob/lab/tree/notebooks/shared/{NOTEBOOK}_from_ada_v*", timeout=SPAWN_MS)
    expect(page.locator(".jp-Notebook .jp-CodeCell").first).to_be_visible(timeout=90_000)


def saves(page: Page) -> None:
    """Changes the copy, which is bob's own, and saves it."""
    page.locator(".jp-Notebook .jp-Cell").last.click()
    page.keyboard.press("Escape")
    page.keyboard.press("b")
    page.keyboard.press("Control+s")
    expect(page.locator(".lm-DockPanel .lm-TabBar-tab.jp-mod-dirty")).to_have_count(0)
    expect(page.locator(".jp-Dialog")).to_have_count(0)
