"""S3 in JupyterLab's sidebar: from a bucket to the rows of a checkpoint, by mouse and by keyboard."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, StorageState, expect

from tests.browser.conftest import CONTEXT_OPTIONS, new_page, pictured
from tests.browser.lab import see
from tests.support.sandbox import Sandbox

FIRST_READ_MS = 30_000  # the server starts reading Parquet when it is first asked to
PUT = """async ([path, method, content]) => {
    const settings = JSON.parse(document.getElementById('jupyter-config-data').textContent);
    const token = document.cookie.match(/(?:^|; )_xsrf=([^;]+)/)?.[1] ?? '';
    const body = content === null ? undefined : JSON.stringify({type: 'file', format: 'text', content});
    const answer = await fetch(`${settings.baseUrl}api/contents/${path}`, {
        method, body, headers: {'X-XSRFToken': token, 'Content-Type': 'application/json'},
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
}"""


@pytest.fixture(scope="module")
def module_page(browser: Browser, login: StorageState) -> Iterator[Page]:
    """The one page of these tests, of the engineer."""
    with browser.new_context(**CONTEXT_OPTIONS, storage_state=login) as context:  # type: ignore[arg-type]
        yield new_page(context)


@pytest.fixture
def lab(module_page: Page, stack: Sandbox, screenshots: Path, request: pytest.FixtureRequest) -> Iterator[Page]:
    """JupyterLab as it is after the login, with nothing open; what it showed last is kept as a picture."""
    page = module_page
    page.goto(f"http://127.0.0.1:{stack.port('hub')}/user/engineer/lab?reset")
    expect(page.locator("#jp-main-statusbar")).to_be_visible(timeout=60_000)
    expect(page.locator(".jp-LauncherCard").first).to_be_visible()  # it takes the focus when it comes
    page.wait_for_load_state("networkidle")
    yield from pictured(page, screenshots, request)


def open_s3(page: Page) -> Locator:
    """Returns the S3 browser, opened by its icon in the sidebar."""
    page.locator(".jp-SideBar.jp-mod-left [data-id=sandbox-s3]").click()
    browser = page.locator("#sandbox-s3")
    expect(entry(browser, "scratch")).to_be_visible()
    return browser


def entry(browser: Locator, name: str | re.Pattern[str]) -> Locator:
    """Returns an entry of the listing by its whole name."""
    whole = re.compile(f"^{re.escape(name)}$") if isinstance(name, str) else name
    return browser.locator(".jp-DirListing-item").filter(has=browser.page.get_by_text(whole)).first


def enter(browser: Locator, *names: str | re.Pattern[str]) -> None:
    """Opens folders, one in the other; waits for each to have become the one that is listed."""
    for name in names:
        found = entry(browser, name)
        expect(found).to_be_visible()
        text = found.locator(".jp-DirListing-itemText").inner_text()
        found.dblclick()
        expect(browser.locator(".jp-BreadCrumbs")).to_contain_text(text)


def rows(page: Page) -> Locator:
    """Returns the view of rows in the tab that is shown."""
    return page.locator(".sandbox-Rows:visible")


@contextmanager
def file_in_the_home(page: Page, name: str, content: str) -> Iterator[None]:
    page.evaluate(PUT, [name, "PUT", content])
    try:
        yield
    finally:
        page.evaluate(PUT, [name, "DELETE", None])


def test_the_three_buckets_are_there_at_once(lab: Page) -> None:
    browser = open_s3(lab)

    expect(browser.locator(".jp-DirListing-itemText")).to_have_text(["events", "published", "scratch"])


def test_a_step_into_a_checkpoint_shows_its_rows(lab: Page, stack: Sandbox, screenshots: Path) -> None:
    sample = json.loads((stack.state / "up.json").read_text())["run"]
    browser = open_s3(lab)
    enter(browser, "scratch", "sandbox", "revenue", sample)
    enter(browser, "orders_clean")

    view = rows(lab)
    expect(view.get_by_role("heading")).to_contain_text("orders_clean", timeout=FIRST_READ_MS)
    expect(view.get_by_role("heading")).to_contain_text(re.compile(r"checkpoint of run \d{8}T\d{6}Z-[0-9a-f]{6}"))
    expect(view.locator("pre")).to_contain_text(re.compile(r'runs\["\d{8}T\d{6}Z-\w{6}"\]\["orders_clean"\]\.head\(\)'))
    expect(view.get_by_role("columnheader", name=re.compile("^order_id"))).to_be_visible()
    expect(view.get_by_role("rowheader").first).to_have_text("1")
    expect(view.locator(".sandbox-Rows-range")).to_have_text(re.compile(r"^Rows 1–100 of [\d,]+$"))
    see(lab, screenshots / "s3-browser.png")

    view.get_by_role("button", name="Next page").click()
    expect(view.locator(".sandbox-Rows-range")).to_have_text(re.compile(r"^Rows 101–\d+ of [\d,]+$"))
    expect(view.get_by_role("rowheader").first).to_have_text("101")
    expect(view.get_by_role("button", name="Previous page")).to_be_enabled()


def test_a_published_parquet_file_is_opened_by_the_keyboard(lab: Page) -> None:
    browser = open_s3(lab)
    enter(browser, "published", "revenue", "by_plan")

    file = entry(browser, re.compile(r"^part-.*\.parquet$"))
    browser.locator(".jp-DirListing-itemText").first.focus()
    for _ in range(browser.locator(".jp-DirListing-item").count()):
        lab.keyboard.press("ArrowDown")
        if "jp-mod-selected" in (file.get_attribute("class") or ""):
            break
    expect(file).to_have_class(re.compile("jp-mod-selected"))
    expect(file.locator(".jp-DirListing-itemText")).to_be_focused()
    lab.keyboard.press("Enter")

    view = rows(lab)
    expect(view.get_by_role("heading")).to_contain_text("Parquet file", timeout=FIRST_READ_MS)
    expect(view.locator("tbody tr").first).to_be_visible()
    view.get_by_role("region", name="Rows").focus()
    expect(view.get_by_role("region", name="Rows")).to_be_focused()


def test_the_menu_shows_the_rows_of_a_folder_and_offers_no_change(lab: Page) -> None:
    browser = open_s3(lab)
    enter(browser, "published", "revenue")

    entry(browser, "by_plan").click(button="right")
    menu = lab.locator(".lm-Menu")
    expect(menu.locator(".lm-Menu-itemLabel")).to_have_text(["Open", "Show Rows", "Copy S3 Path"])
    menu.get_by_text("Show Rows").click()

    expect(rows(lab).get_by_role("heading")).to_contain_text("folder of Parquet files", timeout=FIRST_READ_MS)


def test_a_key_that_deletes_in_the_home_deletes_nothing_from_here(lab: Page) -> None:
    browser = open_s3(lab)
    enter(browser, "scratch")

    entry(browser, "sandbox").locator(".jp-DirListing-itemText").focus()
    lab.keyboard.press("Delete")
    lab.keyboard.press("Backspace")

    expect(entry(browser, "published")).to_be_visible()  # Backspace went up
    expect(lab.locator(".jp-Dialog")).to_have_count(0)


def test_a_damaged_file_in_the_home_tells_the_cause_in_its_tab(lab: Page) -> None:
    with file_in_the_home(lab, "broken.parquet", "no Parquet at all"):
        home = lab.locator("#filebrowser")
        home.get_by_role("button", name=re.compile("^Refresh")).first.click()
        entry(home, "broken.parquet").dblclick()

        alert = rows(lab).get_by_role("alert")
        expect(alert).to_contain_text("broken.parquet can't be read as Parquet", timeout=FIRST_READ_MS)
        expect(alert.get_by_role("button", name="Try again")).to_be_enabled()


DROP = """(list, [name, content]) => {
    const event = new Event('drop', {bubbles: true, cancelable: true});
    Object.defineProperty(event, 'dataTransfer', {value: {files: [new File([content], name)]}});
    list.dispatchEvent(event);
}"""


def drop(browser: Locator, name: str, content: str) -> None:
    """Drops a file on the listing; scripts can't make the entries of a file system that a real drop has."""
    browser.locator(".jp-DirListing-content").evaluate(DROP, [name, content])


def test_a_file_that_is_dropped_in_ones_own_place_is_there(lab: Page, stack: Sandbox, screenshots: Path) -> None:
    browser = open_s3(lab)
    enter(browser, "scratch", "users", "engineer")
    expect(entry(browser, "README.md")).to_be_visible()  # from the first login
    expect(browser.get_by_role("status")).to_contain_text("Yours: drop files here")

    try:
        drop(browser, "dropped.csv", "id,amount\n1,2.50\n")
        expect(entry(browser, "dropped.csv")).to_be_visible()
        see(lab, screenshots / "s3-upload.png")
        assert stack("data", "head", "dropped.csv", "--user", "engineer").out == "id,amount\n1,2.50\n"
    finally:
        stack("data", "rm", "dropped.csv", "--user", "engineer", "--yes")


def test_the_upload_button_takes_a_large_file_in_chunks(lab: Page, stack: Sandbox, tmp_path: Path) -> None:
    large = tmp_path / "large.bin"
    large.write_bytes(bytes(range(256)) * 12_000)  # three chunks
    browser = open_s3(lab)
    enter(browser, "scratch", "users", "engineer")

    with lab.expect_file_chooser() as chooser:
        browser.get_by_role("button", name="Upload Files").click()
    try:
        chooser.value.set_files(large)
        expect(entry(browser, "large.bin")).to_be_visible(timeout=15_000)
        stack("data", "get", "large.bin", str(tmp_path / "back.bin"), "--user", "engineer")
        assert (tmp_path / "back.bin").read_bytes() == large.read_bytes()
    finally:
        stack("data", "rm", "large.bin", "--user", "engineer", "--yes")


def test_elsewhere_a_drop_says_where_ones_own_place_is_and_leads_there(lab: Page) -> None:
    browser = open_s3(lab)
    enter(browser, "published")

    drop(browser, "dropped.csv", "id\n1\n")
    message = lab.locator(".Toastify__toast", has_text="dropped.csv is not uploaded")
    expect(message).to_contain_text("Nothing can be uploaded to published.")
    expect(message).to_contain_text("scratch/users/engineer/")
    message.get_by_role("button", name="Show my place").click()
    expect(entry(browser, "README.md")).to_be_visible()


def test_what_the_server_takes_is_shown_beside_what_it_may(lab: Page) -> None:
    memory = re.compile(r"Mem:\s+[\d.]+ / [\d.]+ [MG]B")
    expect(lab.locator("#jp-main-statusbar")).to_contain_text(memory, timeout=30_000)
