"""A real browser: Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, StorageState, expect, sync_playwright

from tests.browser.lab import log_in_as
from tests.support import chromium
from tests.support.sandbox import ROOT, Sandbox

CONTEXT_OPTIONS = {"viewport": {"width": 1440, "height": 900}, "locale": "en-GB", "timezone_id": "UTC"}


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium without a window."""
    expect.set_options(timeout=30_000)
    executable = chromium.find() or chromium.install()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=chromium.flags())
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, screenshots: Path, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page of a browser nobody used before; what it showed last is kept as a picture."""
    with browser.new_context(**CONTEXT_OPTIONS) as context:  # type: ignore[arg-type]
        yield from pictured(new_page(context), screenshots, request)


def pictured(page: Page, screenshots: Path, request: pytest.FixtureRequest) -> Iterator[Page]:
    """Gives the page to a test, and then takes a picture of what it shows last."""
    yield page
    page.screenshot(path=screenshots / f"{request.node.name}-last.png")


def new_page(context: BrowserContext) -> Page:
    page = context.new_page()
    page.set_default_timeout(60_000)
    return page


@pytest.fixture(scope="module")
def login(browser: Browser, stack: Sandbox) -> StorageState:
    """What a browser has kept of the engineer's login; nothing of it holds after the stack was changed."""
    with browser.new_context(**CONTEXT_OPTIONS) as context:  # type: ignore[arg-type]
        log_in_as(new_page(context), stack, "engineer", stack.password("engineer"))
        return context.storage_state()


@pytest.fixture
def engineers(
    browser: Browser, login: StorageState, screenshots: Path, request: pytest.FixtureRequest
) -> Iterator[Page]:
    """A page of a browser in which the engineer is logged in."""
    with browser.new_context(**CONTEXT_OPTIONS, storage_state=login) as context:  # type: ignore[arg-type]
        yield from pictured(new_page(context), screenshots, request)


@pytest.fixture(scope="session")
def screenshots() -> Path:
    """Where pictures go: build/screenshots, or docs/images when SANDBOX_DOCS_IMAGES=1 renews those of the README."""
    renew = os.environ.get("SANDBOX_DOCS_IMAGES") == "1"
    folder = ROOT / ("docs/images" if renew else "build/screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
