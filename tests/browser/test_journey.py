"""What a newcomer does with the one link: log in, open the first notebook, run all cells, see the checkpoint."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.support.sandbox import Sandbox

NOTEBOOK = "notebooks/01_*.ipynb"
SPAWN_MS = 90_000
CELLS_MS = 240_000


def log_in(page: Page, stack: Sandbox) -> None:
    """Logs in, and waits until JupyterLab is there and asks for nothing more."""
    page.goto(f"http://127.0.0.1:{stack.port('hub')}/")
    page.get_by_label("Username").fill("engineer")
    page.locator("input[type=password]").first.fill(stack.password("engineer"))
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/user/engineer/lab**", timeout=SPAWN_MS)
    page.wait_for_load_state("networkidle")


def first_notebook() -> str:
    return next((Path(__file__).resolve().parents[2]).glob(NOTEBOOK)).name


def test_login_notebook_run_all_cells(page: Page, stack: Sandbox, screenshots: Path) -> None:
    page.goto(f"http://127.0.0.1:{stack.port('hub')}/")
    page.screenshot(path=screenshots / "login.png")
    log_in(page, stack)

    page.goto(f"http://127.0.0.1:{stack.port('hub')}/user/engineer/lab/tree/notebooks/{first_notebook()}?reset")
    cells = page.locator(".jp-Notebook .jp-CodeCell")
    expect(cells.first).to_be_visible(timeout=60_000)
    wait_for_kernel(page)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()

    wait_for_all_cells(page)
    expect(page.locator(".jp-OutputArea-output[data-mime-type*=stderr]")).to_have_count(0)
    table = page.locator(".jp-OutputArea-output table").first
    expect(table.locator("tbody tr").first).to_be_visible()
    take_picture(page, table, screenshots / "notebook-table.png")
    plot = page.locator(".jp-OutputArea-output img, .jp-OutputArea-output svg").first
    expect(plot).to_be_visible()
    take_picture(page, plot, screenshots / "notebook-plot.png")


def take_picture(page: Page, shown: Locator, path: Path) -> None:
    """Takes a picture of the page with something in view; JupyterLab draws what it scrolls to a moment later."""
    shown.scroll_into_view_if_needed()
    expect(shown).to_be_in_viewport()
    page.evaluate("() => new Promise(done => requestIdleCallback(() => requestAnimationFrame(done)))")
    page.screenshot(path=path)


def wait_for_kernel(page: Page) -> None:
    """Waits until the open notebook has its kernel; the indicator beside its name says idle before it has any."""
    expect(page.locator("#jp-main-statusbar")).to_contain_text("Python 3 (ipykernel) | Idle", timeout=90_000)


def wait_for_all_cells(page: Page) -> None:
    """Waits until every cell with code in it has run; a traceback ends the wait as a failure."""
    finished = """() => {
        const prompts = [...document.querySelectorAll('.jp-Notebook .jp-CodeCell')]
            .filter(cell => cell.querySelector('.cm-content')?.textContent.trim())
            .map(cell => cell.querySelector('.jp-InputPrompt')?.textContent ?? '');
        const failed = document.querySelector('.jp-RenderedText[data-mime-type*="error"]');
        return failed ? 'failed' : prompts.length > 0 && prompts.every(text => /\\[\\d+\\]/.test(text)) && 'done';
    }"""
    ended = page.wait_for_function(finished, timeout=CELLS_MS).json_value()
    error = page.locator(".jp-RenderedText[data-mime-type*=error]")
    assert ended == "done", error.first.inner_text()


def test_the_links_on_the_home_page_open(page: Page, stack: Sandbox, screenshots: Path) -> None:
    log_in(page, stack)
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
        page.screenshot(path=screenshots / f"{name}.png")


def test_the_s3_console_opens_signed_in_as_the_user(page: Page, stack: Sandbox, screenshots: Path) -> None:
    log_in(page, stack)

    page.goto(f"http://127.0.0.1:{stack.port('hub')}/services/ui/s3/browser/scratch")
    page.get_by_role("button", name="Acknowledge").click()  # MinIO's licence, shown to each browser once
    page.get_by_text("sandbox", exact=True).click()
    page.get_by_text("revenue", exact=True).click()

    expect(page.locator("body")).to_contain_text("Z-")  # the runs' ids
    page.screenshot(path=screenshots / "s3-console.png")
