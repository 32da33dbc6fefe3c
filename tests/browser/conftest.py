"""A real browser: Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.support import chromium
from tests.support.sandbox import ROOT

VIEWPORT = {"width": 1440, "height": 900}


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
    context = browser.new_context(viewport=VIEWPORT, locale="en-GB", timezone_id="UTC")  # type: ignore[arg-type]
    page = context.new_page()
    page.set_default_timeout(60_000)
    yield page
    page.screenshot(path=screenshots / f"{request.node.name}-last.png")
    context.close()


@pytest.fixture(scope="session")
def screenshots() -> Path:
    """Where pictures go: build/screenshots, or docs/images when SANDBOX_DOCS_IMAGES=1 renews those of the README."""
    renew = os.environ.get("SANDBOX_DOCS_IMAGES") == "1"
    folder = ROOT / ("docs/images" if renew else "build/screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
