"""JupyterLab as a person uses it: log in, open a notebook, run it, look at what it shows."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.support.sandbox import Sandbox

SPAWN_MS = 90_000
CELLS_MS = 240_000
SHOWN = ".jp-NotebookPanel:not(.lm-mod-hidden)"  # other notebooks may be open behind it


def log_in_as(page: Page, stack: Sandbox, user: str, password: str) -> None:
    """Logs in, and waits until JupyterLab is there and asks for nothing more."""
    page.goto(f"http://127.0.0.1:{stack.port('hub')}/")
    fill_in_login(page, user, password)
    page.wait_for_url(f"**/user/{user}/lab**", timeout=SPAWN_MS)
    page.wait_for_load_state("networkidle")


def fill_in_login(page: Page, user: str, password: str) -> None:
    """Fills in the login form that is shown, and sends it."""
    page.get_by_label("Username").fill(user)
    page.locator("input[type=password]").first.fill(password)
    page.get_by_role("button", name="Sign in").click()


def open_notebook(page: Page, stack: Sandbox, user: str, path: str) -> None:
    """Opens a notebook, and waits for its kernel."""
    page.goto(f"http://127.0.0.1:{stack.port('hub')}/user/{user}/lab/tree/{path}?reset")
    expect(page.locator(".jp-Notebook .jp-CodeCell").first).to_be_visible(timeout=60_000)
    wait_for_kernel(page)


def wait_for_kernel(page: Page) -> None:
    """Waits until the open notebook has its kernel; the indicator beside its name says idle before it has any."""
    expect(page.locator("#jp-main-statusbar")).to_contain_text("Python 3 (ipykernel) | Idle", timeout=90_000)


def run_all(page: Page) -> None:
    """Restarts the kernel and runs all cells, to their end."""
    wait_for_kernel(page)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Restart Kernel and Run All Cells…", exact=True).click()
    page.locator(".jp-Dialog button.jp-mod-accept").click()
    page.wait_for_function(f"() => document.querySelectorAll('{SHOWN} .jp-OutputArea-output').length === 0")
    wait_for_all_cells(page)


def wait_for_all_cells(page: Page) -> None:
    """Waits until every cell with code in it has run; a traceback ends the wait as a failure."""
    finished = """shown => {
        const prompts = [...document.querySelectorAll(`${shown} .jp-CodeCell`)]
            .filter(cell => cell.querySelector('.cm-content')?.textContent.trim())
            .map(cell => cell.querySelector('.jp-InputPrompt')?.textContent ?? '');
        const failed = document.querySelector(`${shown} .jp-RenderedText[data-mime-type*="error"]`);
        return failed ? 'failed' : prompts.length > 0 && prompts.every(text => /\\[\\d+\\]/.test(text)) && 'done';
    }"""
    ended = page.wait_for_function(finished, arg=SHOWN, timeout=CELLS_MS).json_value()
    error = page.locator(f"{SHOWN} .jp-RenderedText[data-mime-type*=error]")
    assert ended == "done", error.first.inner_text()


def outputs(page: Page) -> list[str]:
    """Returns what the open notebook shows below its cells: words, and what tells a picture from another.

    Without styles: JupyterLab leaves them out of what somebody else has run, and blanks mean nothing in HTML.
    """
    return [
        " ".join(str(text).split())
        for text in page.evaluate(
            """() => [...document.querySelectorAll('.jp-Notebook .jp-OutputArea-output')].map(output => {
                const copy = output.cloneNode(true);
                copy.querySelectorAll('style').forEach(style => style.remove());
                return copy.textContent + [...copy.querySelectorAll('img')].map(image => image.src).join(' ');
            })"""
        )
    ]


def take_picture(page: Page, shown: Locator, path: Path) -> None:
    """Takes a picture of the page with something in view."""
    scroll_to(shown)
    see(page, path)


def scroll_to(shown: Locator, attempts: int = 20) -> None:
    """Scrolls to something; JupyterLab may scroll elsewhere meanwhile, as it draws cells when they come into view."""
    for _ in range(attempts):
        shown.scroll_into_view_if_needed()
        try:
            expect(shown).to_be_in_viewport(timeout=1_000)
        except AssertionError:
            continue
        return
    expect(shown).to_be_in_viewport()


def see(page: Page, path: Path) -> None:
    """Takes a picture; JupyterLab draws what it was told a moment later."""
    page.evaluate("() => new Promise(done => requestIdleCallback(() => requestAnimationFrame(done)))")
    page.screenshot(path=path)
