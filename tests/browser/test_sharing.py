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
    bob.get_by_label("Title, author, run, feature or verdict").fill("ada reproduces")
    bob.get_by_role("button", name="Search").click()
    expect(bob.get_by_role("row")).to_have_count(2)
    bob.get_by_role("link", name="Reading a checkpoint").click()
    assert bob.url == link
    expect(bob.get_by_role("main")).to_contain_text("each of its outputs came out the same")
    expect(bob.get_by_role("cell", name="unchanged").first).to_be_visible()
    see(bob, screenshots / "shelf-notebook.png")

    opened(bob)
    shows(bob, hers)
    run_all(bob)
    shows(bob, hers)
    can_not_save(bob)

    stack("users", "remove", "ada", "--home", "--yes")
    stack("down")
    stack("up", "--no-sample", "--no-smoke-test")
    bob.goto(link)
    expect(bob.get_by_role("main")).to_contain_text("reproduces")
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
    toast = page.locator(".Toastify__toast", has_text=f"{NOTEBOOK}.ipynb, version")
    expect(toast).to_be_visible(timeout=SHARE_MS)
    see(page, screenshots / "share.png")
    expect(toast).to_contain_text(re.compile(r"version \d+: reproduces"))
    with page.context.expect_page() as shown:
        toast.get_by_role("button", name="Show").click()
    url = shown.value.url
    shown.value.close()
    assert re.search(rf"/services/shelf/ada/{NOTEBOOK}$", url)
    return url


def opened(page: Page) -> None:
    """Follows the link of a notebook's page into one's own server."""
    page.get_by_role("link", name="Open in my server").click()
    page.wait_for_url("**/user/bob/lab/tree/team/published/**", timeout=SPAWN_MS)
    expect(page.locator(".jp-Notebook .jp-CodeCell").first).to_be_visible(timeout=90_000)


def can_not_save(page: Page) -> None:
    """Tries to save over the shared notebook; the server refuses."""
    refused = page.evaluate(
        """async () => {
            const config = JSON.parse(document.getElementById('jupyter-config-data').textContent);
            const path = decodeURIComponent(location.pathname.split('/lab/tree/')[1]);
            const url = config.baseUrl + 'api/contents/' + path;
            const xsrf = document.cookie.match(/_xsrf=([^;]*)/)?.[1] ?? '';
            const headers = {'X-XSRFToken': xsrf, 'Content-Type': 'application/json'};
            const body = JSON.stringify({type: 'file', format: 'text', content: 'forged'});
            return (await fetch(url, {method: 'PUT', headers, body})).status;
        }"""
    )
    assert refused in {403, 500}, refused
