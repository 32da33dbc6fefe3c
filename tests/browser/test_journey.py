"""What a newcomer does with the one link: log in, open the first notebook, run all cells, see the checkpoint."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.lab import log_in_as, open_notebook, take_picture, wait_for_all_cells
from tests.support.sandbox import Sandbox

NOTEBOOK = "notebooks/01_*.ipynb"


def first_notebook() -> str:
    return next((Path(__file__).resolve().parents[2]).glob(NOTEBOOK)).name


def test_login_notebook_run_all_cells(page: Page, stack: Sandbox, screenshots: Path) -> None:
    page.goto(f"http://127.0.0.1:{stack.port('hub')}/")
    expect(page.get_by_text("users show engineer")).to_be_visible()
    page.screenshot(path=screenshots / "login.png")
    log_in_as(page, stack, "engineer", stack.password("engineer"))

    open_notebook(page, stack, "engineer", f"notebooks/{first_notebook()}")
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()

    wait_for_all_cells(page)
    expect(page.get_by_title("Extension Manager")).to_have_count(0)
    expect(page.locator(".jp-OutputArea-output[data-mime-type*=stderr]")).to_have_count(0)
    graph = page.locator(".jp-OutputArea-output img").first
    expect(graph).to_be_visible()
    take_picture(page, graph, screenshots / "notebook-run.png")
    rows = page.locator(".jp-OutputArea-output table.dataframe").first
    expect(rows.locator("tbody tr").first).to_be_visible()
    take_picture(page, rows, screenshots / "notebook-table.png")
    plot = page.locator(".jp-OutputArea-output[data-mime-type='image/png'] img").first
    expect(plot).to_be_visible()
    take_picture(page, plot, screenshots / "notebook-plot.png")


def test_the_links_on_the_home_page_open(engineers: Page, stack: Sandbox, screenshots: Path) -> None:
    page = engineers
    base = f"http://127.0.0.1:{stack.port('hub')}"
    page.goto(f"{base}/hub/home")
    page.screenshot(path=screenshots / "hub-home.png")

    for name, path, text in (
        ("spark-master", "/services/ui/spark/", "2 Alive"),
        ("history", "/services/ui/history/", "History Server"),
        ("mail", "/services/ui/mail/", "MailDev"),
    ):
        page.goto(base + path)
        page.wait_for_load_state("networkidle")
        expect(page.locator("body")).to_contain_text(text)
        back = page.get_by_label("Sandbox").get_by_role("link", name="Home")
        assert back.get_attribute("href") == "/hub/home"
        assert page.get_by_text("localhost:1025").count() == 0
        page.screenshot(path=screenshots / f"{name}.png")


def test_the_s3_console_opens_signed_in_as_the_user(engineers: Page, stack: Sandbox, screenshots: Path) -> None:
    page = engineers
    page.goto(f"http://127.0.0.1:{stack.port('hub')}/services/ui/s3/browser/scratch")
    page.get_by_role("button", name="Acknowledge").click()  # MinIO's licence, shown to each browser once
    page.get_by_text("sandbox", exact=True).click()
    page.get_by_text("revenue", exact=True).click()

    expect(page.locator("body")).to_contain_text("Z-")  # the runs' ids
    page.screenshot(path=screenshots / "s3-console.png")
